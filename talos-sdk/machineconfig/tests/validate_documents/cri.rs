//! The container runtime, image registries, and which images may run.

use crate::{beside, of_kind};

#[test]
fn registries() {
    of_kind(
        "RegistryMirrorConfig",
        &[
            ("name: docker.io\nendpoints: [{url: https://a}, {url: http://b:5000/v2}]\n", &[]),
            (
                "name: ''\nendpoints: [{url: https://a}, {url: ftp://b}, {}]\n",
                &["name", "endpoints[1].url", "endpoints[2].url"],
            ),
        ],
    );
    of_kind(
        "RegistryAuthConfig",
        &[
            ("name: docker.io\nusername: a\npassword: b\n", &[]),
            ("name: docker.io\nauth: a\npassword: b\n", &[]),
            ("name: ''\n", &["name"]),
            ("name: docker.io\nusername: a\nidentityToken: b\n", &["identityToken"]),
            ("name: docker.io\nusername: a\nauth: b\nidentityToken: c\n", &["auth"]),
        ],
    );
}

#[test]
fn registry_certificates() {
    let certificate = include_str!("../../../pki/tests/data/os.crt").replace('\n', "\n    ");
    let key = include_str!("../../../pki/tests/data/os.key").replace('\n', "\n    ");
    of_kind(
        "RegistryTLSConfig",
        &[
            (&format!("name: a\nca: |\n    {certificate}\n"), &[]),
            (
                &format!(
                    "name: a\nca: |\n    {}\n",
                    certificate.replacen("-----\n", "-----\n    A: b\n\n", 1)
                ),
                &["ca"],
            ),
            ("name: ''\nca: a\n", &["name", "ca"]),
            (&format!("name: a\nca: |\n    {key}\n"), &["ca"]),
            (&format!("name: a\nclientIdentity:\n  cert: |\n    {certificate}\n  key: |\n    {key}\n"), &[]),
            ("name: a\nclientIdentity: {}\n", &["clientIdentity.cert", "clientIdentity.key"]),
            (
                &format!("name: a\nclientIdentity:\n  cert: |\n    {key}\n  key: a\n"),
                &["clientIdentity.cert", "clientIdentity.key"],
            ),
        ],
    );
}

#[test]
fn no_finding_shows_a_secret() {
    use talos_machineconfig::{Config, Mode, ValidateOptions};
    let texts = [
        "kind: RegistryAuthConfig\nname: ''\nusername: a\npassword: hidden\nauth: hidden\nidentityToken: hidden\n",
        "kind: RegistryTLSConfig\nname: a\nclientIdentity: {cert: a, key: hidden}\n",
        "kind: DiscoveryIdentityConfig\nclusterID: a\nclusterSecret: hidden\n",
        "kind: SideroLinkConfig\napiUrl: http://a/b?jointoken=hidden\nuniqueToken: hidden\n",
        "kind: RawVolumeConfig\nname: a\nencryption: {provider: luks2, keys: [{slot: 0, static: {passphrase: hidden}}, \
         {slot: 0, static: {passphrase: hidden}}]}\n",
    ];
    for text in texts {
        let config = Config::from_yaml(&format!("apiVersion: v1alpha1\n{text}")).unwrap();
        let report = config.validate(&ValidateOptions::new(Mode::Metal));
        assert!(!report.is_valid(), "{text}");
        assert!(!format!("{report:?}").contains("hidden"), "{text}");
    }
}

#[test]
fn customization() {
    of_kind(
        "CRICustomizationConfig",
        &[
            ("name: enable-metrics\ncontent: ''\n", &[]),
            ("name: customization\ncontent: ''\n", &["name"]),
            ("name: a/b/c\ncontent: ''\n", &["name"]),
        ],
    );
    of_kind("ImageCacheConfig", &[("local: {enabled: true}\n", &[])]);
    beside(
        "machine:\n  features: {imageCache: {}}\n---\n",
        "ImageCacheConfig",
        &[("local: {enabled: true}\n", &[""])],
    );
}

#[test]
fn runtime_specification() {
    of_kind(
        "CRIBaseRuntimeSpecConfig",
        &[
            ("", &[]),
            (
                "overrides: {process: {rlimits: [{type: RLIMIT_NOFILE, hard: 1024, soft: 1024.0}]}, x: [{y: 1}]}\n",
                &[],
            ),
            ("overrides: {PROCESS: {cwd: 1}}\n", &["overrides.PROCESS.cwd"]),
            ("overrides: {process: null, linux: {resources: {cpu: {quota: -1}}}}\n", &[]),
            (
                "overrides: {process: {user: {uid: -1, additionalGids: [1, a, 1.5]}, args: a, terminal: 1}}\n",
                &[
                    "overrides.process.user.uid",
                    "overrides.process.user.additionalGids[1]",
                    "overrides.process.user.additionalGids[2]",
                    "overrides.process.args",
                    "overrides.process.terminal",
                ],
            ),
            (
                "overrides: {linux: {sysctl: {a: 1}, seccomp: [a]}}\n",
                &["overrides.linux.sysctl.a", "overrides.linux.seccomp"],
            ),
            ("overrides: {x: {1: a}, y: .nan}\n", &["overrides.x", "overrides.y"]),
        ],
    );
    beside(
        "machine:\n  baseRuntimeSpecOverrides: {hostname: a}\n---\n",
        "CRIBaseRuntimeSpecConfig",
        &[("overrides: {hostname: a}\n", &[""])],
    );
}

#[test]
fn image_verification() {
    of_kind(
        "ImageVerificationConfig",
        &[
            (
                "rules: [{image: '*', skip: true}, {image: a:5000/b/*, keyless: {issuer: a, subjectRegex: b}}]\n",
                &[],
            ),
            ("rules: [{image: nginx, deny: true}]\n", &["? rules[0].image"]),
            (
                "rules: [{image: 'a/b:1@c', publicKey: {certificate: a}}]\n",
                &["? rules[0].image", "? rules[0].image"],
            ),
            ("rules: [{}]\n", &["rules[0].image", "rules[0]"]),
            ("rules: [{image: a/b, skip: true, deny: true}]\n", &["rules[0].deny"]),
            (
                "rules: [{image: a/b, skip: true, keyless: {}, publicKey: {}}]\n",
                &[
                    "rules[0]",
                    "rules[0].publicKey",
                    "rules[0].keyless.issuer",
                    "rules[0].keyless.subject",
                    "rules[0].publicKey.certificate",
                ],
            ),
        ],
    );
    of_kind("TrustedRootsConfig", &[("name: ''\ncertificates: ''\n", &[])]);
}
