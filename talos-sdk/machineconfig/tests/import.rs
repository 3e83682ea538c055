//! Bundles out of what a cluster has, and what is made from them: from configurations of every release, from the keys of
//! kubeadm, with authorities of one's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use talos_machineconfig::{
    CertificateAndKey, Config, Contract, ErrorKind, GenerateOptions, Key, KubeconfigOptions, KubernetesPki,
    Patch, SecretsBundle, generate,
};
use talos_pki::{
    Algorithm, CaOptions, Certificate, CertificateAuthority, FixedClock, PrivateKey, Role, base64, pem,
};

const OLD: &str = include_str!("data/secrets-v1.2.yaml");
const NEW: &str = include_str!("data/secrets-v1.13.yaml");
const ENDPOINT: &str = "https://10.0.0.1:6443";

fn clock() -> FixedClock {
    FixedClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
}

fn bundle(text: &str) -> SecretsBundle {
    SecretsBundle::from_yaml(text).unwrap()
}

#[test]
fn a_control_plane_gives_its_bundle_back_whatever_its_release() {
    for contract in Contract::ALL.iter().chain([&Contract::CURRENT]) {
        let text = if contract.secretbox_encryption_supported() { NEW } else { OLD };
        let options = GenerateOptions::new("c", ENDPOINT).with_contract(*contract);
        let made = generate(&bundle(text), &options, &clock()).unwrap();
        let back = SecretsBundle::from_config(&made.control_plane).unwrap();
        assert_eq!(back.to_yaml().unwrap().expose(), text, "{contract}");
        let read = Config::from_yaml(made.control_plane.to_yaml().unwrap().expose()).unwrap();
        assert_eq!(SecretsBundle::from_config(&read).unwrap(), back, "{contract}");

        let worker = SecretsBundle::from_config(&made.worker).unwrap();
        assert_eq!((&worker.cluster, &worker.trustdinfo), (&back.cluster, &back.trustdinfo), "{contract}");
        let error = worker.validate().unwrap_err().to_string();
        for part in ["certs.etcd", "certs.k8s", "certs.k8saggregator", "certs.os.key"] {
            assert!(error.contains(part), "{contract}: {part} in {error}");
        }
    }
    // An old key in a new form comes back as what it is there.
    let options = GenerateOptions::new("c", ENDPOINT);
    let made = generate(&bundle(OLD), &options, &clock()).unwrap();
    let back = SecretsBundle::from_config(&made.control_plane).unwrap();
    assert_eq!(back.secrets.secretboxencryptionsecret, bundle(OLD).secrets.aescbcencryptionsecret);
    assert_eq!(back.secrets.aescbcencryptionsecret, None);
}

#[test]
fn of_the_encryption_only_a_first_provider_of_secretbox_counts() {
    let secret = |config: &str| {
        let text = format!(
            "version: v1alpha1\nmachine: {{type: controlplane}}\ncluster: {{}}\n---\napiVersion: v1alpha1\nkind: KubeEtcdEncryptionConfig\nconfig:\n  resources: {config}\n"
        );
        let bundle = SecretsBundle::from_config(&Config::from_yaml(&text).unwrap());
        bundle.map(|bundle| bundle.secrets.secretboxencryptionsecret.map(|secret| secret.expose().to_owned()))
    };
    let one = "{resources: [secrets], providers: [{secretbox: {keys: [{name: a, secret: x}, {name: b, secret: y}]}}]}";
    assert_eq!(secret(&format!("[{one}]")).unwrap().as_deref(), Some("x"));
    let identity = "{resources: [secrets], providers: [{identity: {}}, {secretbox: {keys: [{secret: z}]}}]}";
    assert_eq!(secret(&format!("[{identity}]")).unwrap(), None);
    assert_eq!(secret(&format!("[{identity}, {one}]")).unwrap().as_deref(), Some("x"));
    let other = "{resources: [configmaps], providers: [{secretbox: {keys: [{secret: z}]}}]}";
    assert_eq!(secret(&format!("[{other}, {one}]")).unwrap().as_deref(), Some("x"));
    assert_eq!(secret("[]").unwrap(), None);
    assert_eq!(secret("[{resources: secrets}]").unwrap_err().kind(), ErrorKind::InvalidSecrets);
}

#[test]
fn what_is_not_there_stays_empty() {
    let read = |text: &str| SecretsBundle::from_config(&Config::from_yaml(text).unwrap());
    let token = |text: &str| read(text).unwrap().secrets.bootstraptoken.expose().to_owned();
    assert_eq!(token("machine: {type: worker}\ncluster: {token: a.b.c}\n"), ".");
    assert_eq!(token("machine: {type: worker}\ncluster: {token: a.}\n"), "a.");
    assert_eq!(token("machine: {type: worker}\n"), ".");
    let error = read("apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSecrets);
    assert!(error.to_string().contains("control plane"), "{error}");
}

fn authority(algorithm: Algorithm) -> CertificateAndKey {
    let options = CaOptions::new("mine").with_algorithm(algorithm);
    CertificateAuthority::generate(&options, &clock()).unwrap().into()
}

#[test]
fn keys_of_kubeadm_are_taken_over_and_the_rest_is_made() {
    let service_account = PrivateKey::generate(Algorithm::Rsa2048).unwrap().to_pem();
    let pki = KubernetesPki::new(
        authority(Algorithm::Rsa2048),
        authority(Algorithm::EcdsaP256),
        authority(Algorithm::EcdsaP384),
        Key::new(service_account),
    );
    for (contract, secretbox) in [(Contract::V1_2, false), (Contract::CURRENT, true)] {
        let made = SecretsBundle::from_kubernetes_pki(pki.clone(), contract, &clock()).unwrap();
        made.validate().unwrap();
        assert_eq!(made.certs.k8s.as_ref(), Some(&pki.ca));
        assert_eq!(made.certs.etcd.as_ref(), Some(&pki.etcd));
        assert_eq!(made.certs.k8saggregator.as_ref(), Some(&pki.front_proxy));
        assert_eq!(made.certs.k8sserviceaccount.as_ref(), Some(&pki.service_account));
        assert_eq!(made.secrets.secretboxencryptionsecret.is_some(), secretbox);
        assert_eq!(made.secrets.aescbcencryptionsecret.is_some(), !secretbox);
        assert_eq!(made.secrets.bootstraptoken.expose().len(), 23);
        generate(&made, &GenerateOptions::new("c", ENDPOINT).with_contract(contract), &clock()).unwrap();
    }
    let with_token = pki.clone().with_bootstrap_token("abcdef.0123456789abcdef");
    let made = SecretsBundle::from_kubernetes_pki(with_token, Contract::CURRENT, &clock()).unwrap();
    assert_eq!(made.secrets.bootstraptoken.expose(), "abcdef.0123456789abcdef");

    type Spoil = fn(&mut KubernetesPki);
    let breaks: [(Spoil, &str); 4] = [
        (|pki| pki.ca.crt = "x".into(), "ca.crt: "),
        (|pki| pki.etcd.key = "x".into(), "etcd/ca.key: "),
        (|pki| pki.front_proxy.key = pki.front_proxy.crt.as_str().into(), "front-proxy-ca.key: "),
        (|pki| pki.service_account.key = "".into(), "sa.key: "),
    ];
    for (spoil, place) in breaks {
        let mut bad = pki.clone();
        spoil(&mut bad);
        let error = SecretsBundle::from_kubernetes_pki(bad, Contract::CURRENT, &clock()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSecrets);
        assert!(error.to_string().starts_with(place), "{error}");
    }
}

#[test]
fn an_authority_of_ones_own_signs_the_administrator() {
    for (own, of_admin) in [
        (Algorithm::Ed25519, Algorithm::Ed25519),
        (Algorithm::EcdsaP384, Algorithm::EcdsaP256),
        (Algorithm::EcdsaP521, Algorithm::EcdsaP256),
        (Algorithm::Rsa2048, Algorithm::Rsa4096),
    ] {
        let pair = authority(own);
        let mut secrets = bundle(NEW);
        // In any encoding: here the plain label of openssl where the content is PKCS#8.
        let block = &pem::parse(pair.key.expose())[0];
        let label = if own == Algorithm::Ed25519 { pem::PRIVATE_KEY } else { &block.label };
        let key = pem::encode(label, block.content.expose());
        secrets.certs.os = Some(CertificateAndKey::new(pair.crt.clone(), key.as_str()));
        secrets.validate().unwrap();
        let admin = secrets.admin_certificate(&clock()).unwrap();
        assert_eq!(admin.key.algorithm(), of_admin, "{own}");
        admin.certificate.check_issuer(&Certificate::from_pem(&pair.crt).unwrap()).unwrap();
        assert_eq!(admin.certificate.roles(), Role::Admin.into());
        let made = generate(&secrets, &GenerateOptions::new("c", ENDPOINT), &clock()).unwrap();
        assert_eq!(made.talosconfig.current(None).unwrap().authorities().unwrap().len(), 1);
    }
    let mut mixed = bundle(NEW);
    mixed.certs.os.as_mut().unwrap().key = authority(Algorithm::Ed25519).key;
    mixed.validate().unwrap();
    let error = mixed.os_ca().unwrap_err().to_string();
    assert_eq!(error, "certs.os: the key is that of another certificate: take crt and key from one place");
}

#[test]
fn a_kubeconfig_is_made_without_the_cluster() {
    let options = KubeconfigOptions::new("yes", ENDPOINT).with_validity(Duration::from_secs(3600));
    let text = bundle(NEW).kubeconfig(&options, &clock()).unwrap();
    let node = &talos_yaml::parse_documents(text.expose()).unwrap()[0];
    let of = |list: &str| node.get(list).unwrap().items()[0].clone();
    assert_eq!(node.get("current-context").unwrap().as_str(), Some("admin@yes"));
    assert_eq!(of("contexts").get_path(&["context", "namespace"]).unwrap().as_str(), Some("default"));
    assert_eq!(of("contexts").get_path(&["context", "user"]).unwrap().as_str(), Some("admin@yes"));
    assert_eq!(of("clusters").get("name").unwrap().as_str(), Some("yes"));
    assert_eq!(of("clusters").get_path(&["cluster", "server"]).unwrap().as_str(), Some(ENDPOINT));
    let decoded = |node: &talos_yaml::Node| base64::decode_text(node.as_str().unwrap()).unwrap().to_string();
    let authority = decoded(of("clusters").get_path(&["cluster", "certificate-authority-data"]).unwrap());
    assert_eq!(authority, bundle(NEW).certs.k8s.unwrap().crt);
    let certificate = decoded(of("users").get_path(&["user", "client-certificate-data"]).unwrap());
    let certificate = Certificate::from_pem(&certificate).unwrap();
    certificate.check_issuer(&Certificate::from_pem(&authority).unwrap()).unwrap();
    assert_eq!(
        (certificate.organizations(), certificate.common_name()),
        (&["system:masters".to_owned()][..], Some("admin"))
    );
    let key =
        PrivateKey::from_pem(&decoded(of("users").get_path(&["user", "client-key-data"]).unwrap())).unwrap();
    assert_eq!(key.fingerprint(), certificate.fingerprint());

    let error = bundle(NEW).kubeconfig(&KubeconfigOptions::new("c", "10.0.0.1"), &clock()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
}

#[test]
fn machines_without_kubernetes_need_less() {
    let lean = SecretsBundle::generate_without_kubernetes(Contract::CURRENT, &clock()).unwrap();
    lean.validate_without_kubernetes().unwrap();
    assert!(lean.validate().is_err());
    let text = lean.to_yaml().unwrap();
    assert!(
        text.expose().contains(
            "    etcd: null\n    k8s: null\n    k8saggregator: null\n    k8sserviceaccount: null\n"
        )
    );
    assert_eq!(SecretsBundle::from_yaml(text.expose()).unwrap(), lean);
    let options = GenerateOptions::new("c", ENDPOINT).with_kubernetes(false);
    let made = generate(&lean, &options, &clock()).unwrap();
    let text = made.worker.to_yaml().unwrap();
    assert!(text.expose().contains("\ncluster: {}\n") && !text.expose().contains("kind: Kube"));
    // The older form hangs on the authority of Kubernetes; with it, it can be written.
    let old = options.with_contract(Contract::V1_13);
    let error = generate(&lean, &old, &clock()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.to_string().contains("v1.14"), "{error}");
    let made = generate(&bundle(NEW), &old, &clock()).unwrap();
    let text = made.control_plane.to_yaml().unwrap();
    assert!(!text.expose().contains("    etcd:") && text.expose().contains("    aggregatorCA:"));
}

#[test]
fn a_document_that_the_release_does_not_know_is_refused() {
    let patch = "apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n";
    let options = |contract| {
        let patch = Patch::parse(patch).unwrap();
        GenerateOptions::new("c", ENDPOINT).with_contract(contract).with_patches([patch])
    };
    let make = |options: GenerateOptions| generate(&bundle(NEW), &options, &clock());
    make(options(Contract::V1_12)).unwrap();
    let error = make(options(Contract::V1_11)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.to_string().starts_with("HostnameConfig is known from Talos v1.12 on"), "{error}");
    make(options(Contract::V1_11).with_newer_documents(true)).unwrap();
}

proptest! {
    #[test]
    fn any_bundle_is_written_and_read_again_byte_for_byte(
        texts in prop::collection::vec("\\PC{0,40}|[ -~]{0,80}|(yes|null|1e3|0x1f|~|\\*{6}| a|a: b|# c)", 12),
        present in prop::collection::vec(any::<bool>(), 7),
    ) {
        let mut bundle = SecretsBundle::default();
        let text = |at: usize| texts[at].as_str();
        bundle.cluster.id = text(0).to_owned();
        bundle.cluster.secret = text(1).into();
        bundle.secrets.bootstraptoken = text(2).into();
        bundle.trustdinfo.token = text(3).into();
        let some = |at: usize, on: bool| Some(text(at)).filter(|text| on && !text.is_empty()).map(Into::into);
        bundle.secrets.aescbcencryptionsecret = some(4, present[0]);
        bundle.secrets.secretboxencryptionsecret = some(5, present[1]);
        let pair = |at: usize, on: bool| on.then(|| CertificateAndKey::new(text(at), text(at + 1)));
        bundle.certs.etcd = pair(6, present[2]);
        bundle.certs.k8s = pair(7, present[3]);
        bundle.certs.k8saggregator = pair(8, present[4]);
        bundle.certs.os = pair(9, present[5]);
        bundle.certs.k8sserviceaccount = present[6].then(|| Key::new(text(11)));
        let written = bundle.to_yaml().unwrap();
        let read = SecretsBundle::from_yaml(written.expose()).unwrap();
        let again = read.to_yaml().unwrap();
        prop_assert_eq!(again.expose(), written.expose());
        prop_assert!(read == bundle);
    }
}
