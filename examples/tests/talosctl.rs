//! What `talosctl` did with a list of commands, and what our programs do with the same: `tests/talosctl` has the
//! recording.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

/// One command, and what it did.
#[derive(Deserialize)]
struct Recorded {
    words: Vec<String>,
    exit: i32,
    stdout: String,
    files: BTreeMap<PathBuf, File>,
}

/// A file that a command made or changed.
#[derive(Clone, Debug, Deserialize, PartialEq)]
struct File {
    mode: String,
    text: String,
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests")
}

#[test]
fn programs_do_what_talosctl_does() {
    compare("own.jsonl", &tests().join("interop/patches"));
}

#[test]
fn programs_do_what_talosctl_does_with_the_owners_patches() {
    let seed = tests().join("../../shared/seed");
    if !seed.is_dir() {
        eprintln!("skipped: there is no {}", seed.display());
        return;
    }
    compare("owner.jsonl", &seed);
}

/// Runs the commands of a recording in a folder of its own, with the patches there.
fn compare(recording: &str, patches: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("patch")).unwrap();
    let mut sources: Vec<_> = fs::read_dir(patches).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    sources.sort();
    for (name, patch) in ["all.yaml", "control-plane.yaml", "worker.yaml"].iter().zip(sources) {
        fs::copy(patch, folder.join("patch").join(name)).unwrap();
    }
    fs::copy(tests().join("talosctl/secrets.yaml"), folder.join("secrets.yaml")).unwrap();

    let recording = fs::read_to_string(tests().join("talosctl").join(recording)).unwrap();
    let mut before = snapshot(folder);
    let mut differences = Vec::new();
    for line in recording.lines() {
        let recorded: Recorded = serde_json::from_str(line).unwrap();
        let (program, words) = ours(&recorded.words);
        let output = Command::new(program)
            .args(words)
            .current_dir(folder)
            .env("HOME", folder)
            .env_remove("TALOSCONFIG")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let after = snapshot(folder);
        let mut files = after.clone();
        files.retain(|path, file| before.get(path) != Some(file));
        let files: BTreeMap<_, _> =
            files.into_iter().map(|(path, file)| (path.clone(), steady(&path, file))).collect();
        let mut say = |what: &str| {
            let error = String::from_utf8_lossy(&output.stderr);
            differences.push(format!("{}: {what} {}", recorded.words.join(" "), error.trim()));
        };
        if output.status.code() != Some(recorded.exit) {
            say(&format!("exit status {:?}, not {}:", output.status.code(), recorded.exit));
        } else if columns(&String::from_utf8_lossy(&output.stdout)) != columns(&recorded.stdout) {
            say(&format!("prints {}", String::from_utf8_lossy(&output.stdout)));
        } else if !same_files(&files, &recorded.files) {
            say(&format!("leaves {files:#?}, not {:#?}", recorded.files));
        }
        before = after;
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The program of ours that stands for a command of talosctl.
fn ours(words: &[String]) -> (&'static str, Vec<&str>) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[1] {
        "gen" => (env!("CARGO_BIN_EXE_gen"), words[2..].to_vec()),
        "config" => (env!("CARGO_BIN_EXE_talosconfig"), words[2..].to_vec()),
        "machineconfig" => (env!("CARGO_BIN_EXE_machineconfig"), words[2..].to_vec()),
        "validate" => (env!("CARGO_BIN_EXE_machineconfig"), words[1..].to_vec()),
        other => panic!("no program stands for {other}"),
    }
}

/// A table without the blanks at the ends of its lines.
fn columns(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).collect()
}

/// The same files with the same text and mode. A talosconfig that is changed becomes private here; talosctl leaves
/// its mode alone.
fn same_files(ours: &BTreeMap<PathBuf, File>, recorded: &BTreeMap<PathBuf, File>) -> bool {
    ours.len() == recorded.len()
        && ours.iter().zip(recorded).all(|((path, ours), (recorded_path, recorded))| {
            let private = path.ends_with("talosconfig") && ours.mode == "600";
            path == recorded_path && ours.text == recorded.text && (ours.mode == recorded.mode || private)
        })
}

fn snapshot(folder: &Path) -> BTreeMap<PathBuf, File> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mode = format!("{:o}", fs::metadata(&path).unwrap().permissions().mode() & 0o777);
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path.strip_prefix(folder).unwrap().to_owned(), File { mode, text });
        }
    }
    found
}

/// The file without what differs from run to run, as `record.py` leaves it out.
fn steady(path: &Path, mut file: File) -> File {
    let line = |line: &str| {
        let Some((key, value)) = line.split_once(": ") else { return line.to_owned() };
        let credential = matches!(key.trim(), "ca" | "crt" | "key") && value.len() >= 100;
        let random = if path.ends_with("talosconfig") { credential } else { path.ends_with("other.yaml") };
        if random { format!("{key}: [random]") } else { line.to_owned() }
    };
    file.text = file.text.split('\n').map(line).collect::<Vec<_>>().join("\n");
    while let Some(start) = file.text.find("-----BEGIN ") {
        let end_mark = file.text[start..].find("-----END ").unwrap() + start;
        let label = file.text[end_mark + "-----END ".len()..].split("-----").next().unwrap().to_owned();
        let end = end_mark + "-----END ".len() + label.len() + "-----".len();
        file.text.replace_range(start..end, &format!("[{label}]"));
    }
    if file.text.starts_with("sha256:") && file.text.len() == "sha256:".len() + 64 {
        file.text = "sha256:[random]".to_owned();
    }
    file
}
