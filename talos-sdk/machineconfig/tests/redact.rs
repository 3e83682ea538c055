//! Redaction: what goes, what stays, and that the result is a configuration still.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use talos_machineconfig::{Config, Contract, GenerateOptions, SecretsBundle, generate};
use talos_pki::SystemClock;

fn redacted(text: &str) -> String {
    let config = Config::from_yaml(text).unwrap().redacted().unwrap();
    let written = config.to_yaml().unwrap();
    let again = Config::from_yaml(written.expose()).unwrap();
    assert_eq!(again.encode().unwrap().expose(), written.expose());
    written.expose().to_owned()
}

#[test]
fn generated_configurations_lose_every_secret() {
    for contract in [Contract::V1_2, Contract::V1_6, Contract::CURRENT] {
        let secrets = SecretsBundle::generate(contract, &SystemClock).unwrap();
        let options = GenerateOptions::new("lab", "https://10.0.0.1:6443").with_contract(contract);
        let generated = generate(&secrets, &options, &SystemClock).unwrap();
        let bundle = secrets.to_yaml().unwrap();
        // Every word of the bundle that is long enough to be a secret and no certificate.
        let words = bundle.expose().lines().filter(|line| !line.trim_start().starts_with("crt:"));
        let words: Vec<_> =
            words.filter_map(|line| line.split(": ").nth(1)).filter(|w| w.len() > 15).collect();
        assert!(words.len() > 6, "{words:?}");
        for config in [generated.control_plane, generated.worker] {
            let text = redacted(config.to_yaml().unwrap().expose());
            for word in &words {
                // The identity of the cluster is no secret, its secret is.
                let kept = bundle.expose().contains(&format!("id: {word}\n"));
                assert_eq!(text.contains(word), kept && config.cluster_id().is_some(), "{contract}: {word}");
            }
            assert!(!text.contains("PRIVATE KEY"), "{contract}");
            assert!(text.contains("token: '******'"), "{contract}");
        }
    }
}

#[test]
fn what_is_secret_in_other_documents_goes_too() {
    let text = redacted(
        "apiVersion: v1alpha1\nkind: SideroLinkConfig\napiUrl: https://h/?jointoken=secret-1&a=b\nuniqueToken: secret-2\n\
         ---\napiVersion: v1alpha1\nkind: WireguardConfig\nname: wg0\nprivateKey: secret-3\npeers:\n    - publicKey: open\n\
         \u{20}     presharedKey: secret-4\n\
         ---\napiVersion: v1alpha1\nkind: KubeEtcdEncryptionConfig\nconfig:\n    resources:\n        - providers:\n\
         \u{20}             - aescbc:\n                    keys:\n                        - name: key1\n\
         \u{20}                         secret: secret-5\n\
         ---\napiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: docker.io\nusername: open\npassword: secret-6\n\
         ---\napiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nencryption:\n    provider: luks2\n    keys:\n\
         \u{20}       - slot: 0\n          static:\n              passphrase: secret-7\n\
         ---\napiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: docker.io\nclientIdentity:\n    cert: open\n    key: secret-8\n",
    );
    assert!(!text.contains("secret-"), "{text}");
    assert_eq!(text.matches("'******'").count(), 7, "{text}");
    assert!(text.contains("https://h/?a=b&jointoken=%2A%2A%2A%2A%2A%2A"), "{text}");
    assert_eq!(text.matches("open").count(), 3, "{text}");
}

#[test]
fn what_goes_is_what_go_redacts() {
    let cases: Vec<serde_json::Value> =
        include_str!("data/redact.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let text = |key: &str| case[key].as_str().unwrap();
        assert_eq!(redacted(text("config")), text("text"), "{}", text("name"));
    }
}

#[test]
fn what_is_empty_stays_empty() {
    let text = "machine:\n  type: worker\n  token: ''\n  ca:\n    crt: YQ==\n    key: ''\n";
    let config = Config::from_yaml(text).unwrap();
    assert_eq!(config.redacted().unwrap().encode().unwrap().expose(), config.encode().unwrap().expose());
}
