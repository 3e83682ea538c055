//! `gen` and `machineconfig` as their users run them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program).args(arguments).current_dir(&self.0).output().unwrap()
    }

    fn make(&self, arguments: &[&str]) -> Output {
        self.run(env!("CARGO_BIN_EXE_gen"), arguments)
    }

    fn patch(&self, arguments: &[&str]) -> Output {
        self.run(env!("CARGO_BIN_EXE_machineconfig"), &[&["patch"], arguments].concat())
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.0.join(name)).unwrap().permissions().mode() & 0o777
    }

    /// What openssl prints; nothing where it is not installed.
    fn openssl(&self, arguments: &str) -> Option<String> {
        let command = Command::new("openssl").args(arguments.split(' ')).current_dir(&self.0).output();
        let Ok(output) = command else {
            eprintln!("skipped: openssl is not installed");
            return None;
        };
        assert!(output.status.success(), "openssl {arguments}: {}", text(&output.stderr));
        Some(text(&output.stdout))
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Refused with one line that has this in it.
fn refused(output: &Output, hint: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.starts_with("error: ") && error.lines().count() == 1, "one line: {error}");
    assert!(error.contains(hint), "{hint:?} in {error}");
    assert!(output.stdout.is_empty());
}

#[test]
fn configurations_are_made_and_patched() {
    let folder = Folder::new("made");
    assert!(folder.make(&["secrets", "--talos-version", "v1.6"]).status.success());
    refused(&folder.make(&["secrets", "--talos-version", "v1.6"]), "--force");
    let made = folder.make(&[
        "config",
        "c1",
        "https://10.0.0.1:6443",
        "--with-secrets=secrets.yaml",
        "--talos-version=v1.9.4",
        "--kubernetes-version=v1.30.4",
        "--config-patch-worker",
        "machine: {nodeLabels: {a: b}}",
        "-o",
        "out",
    ]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(folder.mode("secrets.yaml"), 0o600);
    for name in ["out/controlplane.yaml", "out/worker.yaml", "out/talosconfig"] {
        assert_eq!(folder.mode(name), 0o644, "{name}");
    }
    assert!(folder.read("out/worker.yaml").contains("        a: b\n"));
    assert!(folder.read("out/controlplane.yaml").contains("kubelet:v1.30.4\n"));

    folder.write("patch.yaml", "machine:\n  type: worker\n  nodeLabels:\n    c: 'yes'\n");
    for patch in ["@patch.yaml", "patch.yaml"] {
        let patched = folder.patch(&["out/worker.yaml", "-p", patch]);
        assert!(patched.status.success(), "{}", text(&patched.stderr));
        assert!(text(&patched.stdout).contains("        a: b\n        c: 'yes'\n"));
    }
    assert!(folder.patch(&["out/worker.yaml", "-o", "same.yaml"]).status.success());
    assert_eq!(folder.read("same.yaml"), folder.read("out/worker.yaml"));
}

#[test]
fn bad_input_is_refused_in_one_line_and_leaves_nothing() {
    let folder = Folder::new("refused");
    folder.write("unknown.yaml", "machine:\n  nonsense: 1\n");
    folder.write("list.yaml", "a: [\n");
    let before = folder.files();
    let endpoint = "https://10.0.0.1:6443";
    for (arguments, hint) in [
        (&["c1", "fqdn_endpoint:6443"] as &[&str], "https://"),
        (&["c1", endpoint, "--config-patch=@nowhere.yaml"], "nowhere.yaml"),
        (&["c1", endpoint, "--config-patch=@list.yaml"], "not YAML"),
        (&["c1", endpoint, "--config-patch=@unknown.yaml"], "nonsense"),
        (&["c1", endpoint, "--config-patch="], "leave it out"),
        (&["c1", endpoint, "--talos-version=v0.1"], "v1.0"),
        (&["c1", endpoint, "--with-docs"], "--with-docs"),
        (&["c1", endpoint, "--registry-mirror=x"], "host=url"),
        (&["c1", endpoint, "--with-secrets=nowhere.yaml"], "nowhere.yaml"),
        (&["c1", endpoint, "--with-secrets=unknown.yaml"], "unknown.yaml"),
        (&["c1", endpoint, "-o", "-"], "--output-types"),
        (&["c1", endpoint, "-t", "init"], "controlplane"),
        (&["c1", endpoint, "--kubernetes-version="], "1.30.4"),
        (&["c1", endpoint, "--version=v1beta1"], "v1alpha1"),
        (&["c1", endpoint, "--output-dir=a", "-o", "b"], "--output"),
        (
            &[
                "c1",
                endpoint,
                "--talos-version=v1.9",
                "--config-patch",
                "{apiVersion: v1alpha1, kind: HostnameConfig, auto: stable}",
            ],
            "v1.12",
        ),
        (&["c1"], "ENDPOINT"),
    ] {
        let output = folder.make(&[&["config"], arguments].concat());
        let error = text(&output.stderr).replacen("generating PKI and tokens\n", "", 1);
        refused(&Output { stderr: error.into_bytes(), ..output }, hint);
    }
    refused(&folder.patch(&["nowhere.yaml", "-p", "a: b"]), "nowhere.yaml");
    assert_eq!(folder.files(), before);
}

#[test]
fn keys_and_certificates_are_those_that_openssl_takes() {
    let folder = Folder::new("pki");
    let make = |arguments: &str| {
        let output = folder.make(&arguments.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "gen {arguments}: {}", text(&output.stderr));
    };
    for (ca, flags, bits) in [("plain", "", "ED25519"), ("rsa", " --rsa", "(4096 bit)")] {
        make(&format!("ca --organization {ca} --hours 48{flags}"));
        make(&format!("key --name {ca}-client"));
        make(&format!("csr --key {ca}-client.key --ip 10.0.0.2 --roles os:reader,os:admin"));
        make(&format!("crt --name {ca}-client --ca {ca} --csr {ca}-client.csr --hours 12"));
        for name in ["ca.crt", "ca.key", "ca.sha256", "ca-client.key", "ca-client.csr", "ca-client.crt"] {
            assert_eq!(folder.mode(&name.replacen("ca", ca, 1)), 0o600, "{ca} {name}");
        }
        let verify = format!("verify -x509_strict -purpose sslclient -CAfile {ca}.crt {ca}-client.crt");
        let Some(_) = folder.openssl(&verify) else { return };
        let shown = folder.openssl(&format!("x509 -noout -text -in {ca}.crt")).unwrap();
        assert!(shown.contains(&format!("Subject: O = {ca}\n")) && shown.contains(bits), "{shown}");
        let shown = folder.openssl(&format!("req -verify -noout -text -in {ca}-client.csr")).unwrap();
        assert!(
            shown.contains("O = os:admin + O = os:reader") && shown.contains("IP Address:10.0.0.2"),
            "{shown}"
        );
        folder.openssl(&format!("x509 -in {ca}.crt -noout -pubkey -out {ca}.pub")).unwrap();
        folder.openssl(&format!("pkey -pubin -in {ca}.pub -outform DER -out {ca}.der")).unwrap();
        let hash = folder.openssl(&format!("dgst -sha256 -r {ca}.der")).unwrap();
        assert_eq!(
            folder.read(&format!("{ca}.sha256")),
            format!("sha256:{}", hash.split(' ').next().unwrap())
        );
    }
    make("keypair --organization own --ip fd00::2");
    let shown = folder.openssl("x509 -noout -text -in own.crt").unwrap();
    assert!(shown.contains("CA:TRUE") && shown.contains("IP Address:FD00:"), "{shown}");

    let before = folder.files();
    for (arguments, hint) in [
        (&["ca", "--organization", "plain"] as &[&str], "--force"),
        (&["ca"], "--organization"),
        (&["ca", "--organization", ""], "empty"),
        (&["keypair", "--organization", "new", "--ip", "10.0.0"], "10.0.0.2"),
        (&["csr", "--key", "nowhere.key", "--ip", "10.0.0.2"], "nowhere.key"),
        (&["csr", "--key", "plain.crt", "--ip", "10.0.0.2"], "plain.crt"),
        (&["csr", "--key", "plain-client.key", "--ip", "10.0.0.2", "--roles", "os:root"], "os:root"),
        (&["crt", "--name", "new", "--ca", "plain-client", "--csr", "plain-client.csr"], "plain-client.crt"),
        (&["crt", "--name", "new", "--ca", "nowhere", "--csr", "plain-client.csr"], "nowhere.crt"),
        (&["crt", "--name", "new", "--ca", "plain", "--csr", "plain.crt"], "CERTIFICATE REQUEST"),
    ] {
        refused(&folder.make(arguments), hint);
    }
    assert_eq!(folder.files(), before);
    assert!(folder.make(&["key", "--name", "plain-client", "--force"]).status.success());
}

#[test]
fn secrets_come_from_configurations_and_from_kubeadm() {
    let folder = Folder::new("import");
    let make = |arguments: &[&str]| {
        let output = folder.make(arguments);
        assert!(output.status.success(), "gen {arguments:?}: {}", text(&output.stderr));
        output
    };
    make(&["secrets", "--talos-version", "v1.6"]);
    make(&["config", "c", "https://c:6443", "--with-secrets=secrets.yaml"]);
    let back = make(&["secrets", "--from-controlplane-config", "controlplane.yaml", "-o", "-"]);
    assert_eq!(text(&back.stdout), folder.read("secrets.yaml"));
    assert!(back.stderr.is_empty());
    let worker = make(&["secrets", "--from-controlplane-config", "worker.yaml", "-o", "-"]);
    assert!(text(&worker.stderr).starts_with("warning: worker.yaml: "));

    fs::create_dir_all(folder.0.join("pki/etcd")).unwrap();
    for name in ["pki/ca", "pki/etcd/ca", "pki/front-proxy-ca"] {
        make(&["ca", "--organization", name]);
    }
    refused(&folder.make(&["secrets", "-p", "pki", "-o", "-"]), "sa.key");
    make(&["key", "--name", "pki/sa"]);
    let token = "abcdef.0123456789abcdef";
    let made = make(&["secrets", "-p", "pki", "-t", token, "--talos-version=v1.2", "-o", "-"]);
    assert!(text(&made.stdout).contains(token) && text(&made.stdout).contains("aescbc"));
    fs::write(folder.0.join("pki/etcd/ca.key"), "x").unwrap();
    refused(&folder.make(&["secrets", "-p", "pki", "-o", "-"]), "etcd/ca.key");
    refused(&folder.make(&["secrets", "-p", "nowhere", "-o", "-"]), "nowhere");
    refused(&folder.make(&["secrets", "-t", token]), "--from-kubernetes-pki");
}
