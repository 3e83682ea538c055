//! Input of any kind is answered, never with a panic, and what was written is read again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use proptest::prelude::*;
use talos_machineconfig::types::{Duration, Url, VolumeSize};
use talos_machineconfig::{Config, Contract, Patch};

/// Pieces that together look like a configuration, or nearly so.
fn fragment() -> impl Strategy<Value = String> {
    let pieces = [
        "machine:",
        "cluster:",
        "  type: worker",
        "  token: a",
        "  kubelet:",
        "    extraArgs:",
        "      a: [b, c]",
        "    image: x",
        "  network:",
        "    interfaces:",
        "      - interface: eth0",
        "        $patch: delete",
        "    $patch: delete",
        "  sysctls: {a: b}",
        "---",
        "apiVersion: v1alpha1",
        "kind: HostnameConfig",
        "hostname: h",
        "kind: LinkConfig",
        "name: eth0",
        "$patch: delete",
        "  disks: [null, {}]",
        "- a",
        "{}",
        "null",
        "  registries: {mirrors: {x: null}}",
        "&a",
        "*a",
        "\t",
        "  controlPlane: {endpoint: 'https://[::1]:6443'}",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12)
        .prop_map(|lines| lines.join("\n") + "\n")
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,80}") {
        let _ = (Config::from_yaml(&text).is_ok(), Patch::parse(&text).is_ok());
        let _ = (Contract::parse(&text).is_ok(), text.parse::<Url>().is_ok(), text.parse::<Duration>().is_ok());
        let _ = text.parse::<VolumeSize>().is_ok();
    }

    #[test]
    fn what_was_written_is_read_again(base in fragment(), patch in fragment()) {
        let (Ok(config), Ok(patch)) = (Config::from_yaml(&base), Patch::parse(&patch)) else { return Ok(()) };
        let Ok(patched) = config.patch(&[patch]) else { return Ok(()) };
        let text = patched.config.encode().unwrap();
        if text.expose().is_empty() {
            return Ok(());
        }
        let again = Config::from_yaml(text.expose()).unwrap();
        prop_assert_eq!(again.encode().unwrap(), text);
    }

    #[test]
    fn durations_come_back(nanoseconds in any::<i64>()) {
        let text = Duration::from_nanos(nanoseconds).to_string();
        prop_assert_eq!(text.parse::<Duration>().unwrap().as_nanos(), nanoseconds, "{}", text);
    }

    #[test]
    fn urls_come_back(text in "https?://[a-zA-Z0-9.-]{1,12}(:[0-9]{1,5})?(/[a-z %?#]{0,8})?") {
        if let Ok(url) = text.parse::<Url>() {
            let written = url.to_string();
            prop_assert_eq!(&written.parse::<Url>().unwrap(), &url, "{}", written);
        }
    }
}
