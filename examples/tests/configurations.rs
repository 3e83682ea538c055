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
    for name in ["secrets.yaml", "out/controlplane.yaml", "out/worker.yaml", "out/talosconfig"] {
        let mode = fs::metadata(folder.0.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
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
        (&["c1"], "ENDPOINT"),
    ] {
        let output = folder.make(&[&["config"], arguments].concat());
        let error = text(&output.stderr).replacen("generating PKI and tokens\n", "", 1);
        refused(&Output { stderr: error.into_bytes(), ..output }, hint);
    }
    refused(&folder.patch(&["nowhere.yaml", "-p", "a: b"]), "nowhere.yaml");
    assert_eq!(folder.files(), before);
}
