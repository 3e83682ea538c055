//! Configurations, applied and patched.

use std::time::Duration;

use talos_client::talos_pki::Role;
use talos_client::{ApplyMode, ApplyOptions, ApplyWarning, Configuration, ErrorKind, Node};
use talos_machineconfig::{Patch, patch_text};
use talos_proto::machine;

use crate::lab::{Lab, soon};
use crate::support::{Pki, Server, one};

fn sysctl(text: &str, value: &str) -> Result<String, talos_machineconfig::Error> {
    let patch = Patch::parse(&format!("machine:\n  sysctls:\n    vm.swappiness: {value:?}\n"))?;
    patch_text(text, &[patch]).map(|patched| patched.text.expose().to_owned())
}

async fn active(node: &Node) -> String {
    node.configuration().await.unwrap().text.expose().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_changes_what_it_names() {
    for version in ["v1.9.6", "v1.12.3", "v1.14.0"] {
        let lab = Lab::of_version(version, 1).await;
        let node = lab.node(0);
        let before: Configuration = node.configuration().await.unwrap();
        assert_eq!(before.text.expose(), lab.configs.control_plane.to_yaml().unwrap().expose());
        let applied = node.patch_configuration(|text| sysctl(text, "1"), ApplyOptions::default()).await;
        let applied = applied.unwrap().expect("it is a change");
        assert_eq!(applied.mode, ApplyMode::NoReboot);
        assert!(active(&node).await.contains("vm.swappiness: \"1\""));
        assert!(node.configuration().await.unwrap().version > before.version);
        // The same again is no change, and nothing is sent.
        let applies = lab.calls("ApplyConfiguration");
        let again = node.patch_configuration(|text| sysctl(text, "1"), ApplyOptions::default()).await;
        assert_eq!(again.unwrap(), None);
        assert_eq!(lab.calls("ApplyConfiguration"), applies);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_does_not_undo_what_happens_beside_it() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let node = lab.node(0);
    // Somebody else is faster.
    let error = node
        .patch_configuration(
            |text| {
                let other = sysctl(text, "7").unwrap();
                let node = node.clone();
                tokio::task::block_in_place(|| {
                    tokio::runtime::Handle::current()
                        .block_on(node.apply_configuration(other, ApplyOptions::default()))
                })
                .unwrap();
                sysctl(text, "1")
            },
            ApplyOptions::default(),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
    assert!(error.is_retryable() && active(&node).await.contains("vm.swappiness: \"7\""));

    // A staged configuration is not in use yet, and a patch of the one in use would take its place.
    let staged = sysctl(&active(&node).await, "3").unwrap();
    node.apply_configuration(staged, ApplyOptions::default().with_mode(ApplyMode::Staged)).await.unwrap();
    let error =
        node.patch_configuration(|text| sysctl(text, "1"), ApplyOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
    assert!(node.saved_configuration().await.unwrap().text.expose().contains("vm.swappiness: \"3\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_that_fails_applies_nothing() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let node = lab.node(0);
    let failed = node.patch_configuration(|_| Err("no such thing"), ApplyOptions::default()).await;
    let error = failed.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("no such thing"), "{error}");
    let refused = node
        .patch_configuration(|_| Ok::<_, std::convert::Infallible>("a: b\n".into()), ApplyOptions::default())
        .await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidArgument);
    let operator = lab.node_as(&[Role::Operator], 0);
    let denied = operator.patch_configuration(|text| sysctl(text, "1"), ApplyOptions::default()).await;
    assert!(denied.unwrap_err().is_permission_denied());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_is_taken_back_in_time_and_ended_by_a_dry_run() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let node = lab.node(0);
    let tried = sysctl(&active(&node).await, "1").unwrap();
    let options = ApplyOptions::default().with_try(Duration::from_secs(1));
    assert_eq!(node.apply_configuration(&tried, options).await.unwrap().mode, ApplyMode::Try);
    assert_eq!(active(&node).await, tried);
    soon(async {
        while active(&node).await == tried {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;

    let dry = ApplyOptions::default().with_dry_run();
    let calm = node.apply_configuration(&tried, dry.clone()).await.unwrap();
    assert!(calm.warnings.is_empty() && !calm.details.is_empty());
    assert_ne!(active(&node).await, tried, "a dry run changes nothing");
    node.apply_configuration(&tried, ApplyOptions::default().with_try(Duration::from_secs(600)))
        .await
        .unwrap();
    let warned = node.apply_configuration(&tried, dry.clone()).await.unwrap();
    assert_eq!(warned.warnings, [ApplyWarning::TrialEnded]);
    let harmless = node.apply_configuration(&tried, dry.with_mode(ApplyMode::Try)).await.unwrap();
    assert!(harmless.warnings.is_empty());
}

#[tokio::test]
async fn what_the_machine_says_is_kept_apart() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let context = pki.context([server.endpoint()]);
    let client =
        talos_client::Client::from_context(&context, talos_client::ClientOptions::default()).unwrap();
    let reply = machine::ApplyConfiguration {
        metadata: None,
        warnings: vec!["this is old".into()],
        mode: machine::apply_configuration_request::Mode::Staged.into(),
        mode_details: "Dry run summary:\nStaged (skipped in dry-run).\nConfig diff:\n\n-token: swordfish\n"
            .into(),
    };
    server.answer("ApplyConfiguration", [one(&reply)]);
    let applied = client.node("10.0.0.2").apply_configuration("a: b", ApplyOptions::default()).await.unwrap();
    assert_eq!(applied.mode, ApplyMode::Staged);
    assert_eq!(applied.warnings, [ApplyWarning::Machine("this is old".into())]);
    assert_eq!(applied.diff(), Some("-token: swordfish\n"));
    assert!(!format!("{applied:?}").contains("swordfish"));
}
