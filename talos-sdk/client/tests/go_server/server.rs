//! The Go server as a child of the test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use talos_client::{Client, ClientOptions, Node};
use talosconfig::TalosConfig;

pub(crate) const HOSTNAMES: &str = "HostnameStatuses.net.talos.dev";

pub(crate) struct GoServer {
    pub(crate) child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    pub(crate) address: String,
    pub(crate) fingerprint: String,
    pub(crate) config: TalosConfig,
}

impl GoServer {
    /// `None`, and a word about it, where the program is not there.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        let Some(program) = std::env::var_os("TALOS_INTEROP") else {
            eprintln!("skipped: TALOS_INTEROP is not set");
            return None;
        };
        let mut child = Command::new(program)
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Go server starts");
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let hello = read(&mut stdout);
        let text = |key: &str| hello[key].as_str().unwrap().to_owned();
        Some(Self {
            child,
            stdin,
            stdout,
            address: text("address"),
            fingerprint: text("fingerprint"),
            config: TalosConfig::from_yaml(&text("talosconfig")).unwrap(),
        })
    }

    pub(crate) fn tell(&mut self, command: Value) -> Value {
        writeln!(self.stdin, "{command}").unwrap();
        let answer = read(&mut self.stdout);
        assert_eq!(answer["error"].as_str(), Some(""), "{command}");
        answer["answer"].clone()
    }

    pub(crate) fn put(&mut self, id: &str, spec: &str, labels: Value) {
        self.tell(json!({
            "cmd": "put", "type": HOSTNAMES, "namespace": "network", "id": id, "spec": spec, "labels": labels,
        }));
    }

    pub(crate) fn delete(&mut self, id: &str) {
        self.tell(json!({"cmd": "delete", "type": HOSTNAMES, "namespace": "network", "id": id}));
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.config, ClientOptions::default()).unwrap()
    }

    pub(crate) fn node(&self) -> Node {
        self.client().node("10.0.0.2")
    }
}

impl Drop for GoServer {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn read(stdout: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
}
