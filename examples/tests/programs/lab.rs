//! A simulated cluster, and programs run against it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use talos_sim::{ClusterOptions, Role, SimCluster, Simulation, SimulationOptions};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

pub(crate) const MACHINE: &str = env!("CARGO_BIN_EXE_machine");
pub(crate) const APPLY: &str = env!("CARGO_BIN_EXE_apply");
pub(crate) const HEALTH: &str = env!("CARGO_BIN_EXE_health");
pub(crate) const RESOURCES: &str = env!("CARGO_BIN_EXE_resources");
pub(crate) const ETCD: &str = env!("CARGO_BIN_EXE_etcd");
pub(crate) const POWER: &str = env!("CARGO_BIN_EXE_power");

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Lab {
    pub(crate) cluster: SimCluster,
    folder: TempDir,
}

/// What a program did.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A program that goes on.
pub(crate) struct Running {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Running {
    /// Reads on until a line has this text in it, and gives all lines up to there.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let reading = async {
            let mut all = String::new();
            while let Some(line) = self.lines.next_line().await.unwrap() {
                all.push_str(&line);
                all.push('\n');
                if line.contains(text) {
                    return all;
                }
            }
            panic!("it ended without {text:?}: {all}")
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap()
    }
}

impl Lab {
    /// A running cluster, and a talosconfig of its administrator.
    pub(crate) async fn new(control_planes: usize, workers: usize) -> Self {
        Self::of(ClusterOptions::default().with_control_planes(control_planes).with_workers(workers)).await
    }

    pub(crate) async fn of(options: ClusterOptions) -> Self {
        let simulation = Simulation::start(SimulationOptions::default()).unwrap();
        let cluster = tokio::time::timeout(PATIENCE, simulation.cluster(options)).await.unwrap().unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("talosconfig"), cluster.talosconfig(Role::Admin).unwrap().expose())
            .unwrap();
        Self { cluster, folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of the machine of this number, control planes first.
    pub(crate) fn address(&self, number: usize) -> String {
        self.cluster.nodes()[number].address().to_string()
    }

    /// The addresses of all machines, as `-n` takes them.
    pub(crate) fn addresses(&self) -> String {
        let all: Vec<String> = self.cluster.nodes().iter().map(|node| node.address().to_string()).collect();
        all.join(",")
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.folder())
            .env("HOME", self.folder())
            .env("TALOSCONFIG", self.folder().join("talosconfig"))
            .env_remove("KUBECONFIG")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a program to its end, in a folder of its own.
    pub(crate) async fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        let output = self.command(program, arguments).output();
        let output = tokio::time::timeout(PATIENCE, output).await.unwrap().unwrap();
        Ran {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts a program that goes on. It ends when it is dropped.
    pub(crate) async fn start(&self, program: &str, nodes: &str, arguments: &[&str]) -> Running {
        let mut command = self.command(program, &[&["-n", nodes][..], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { lines, _child: child }
    }

    /// Runs a program on these machines that must succeed, and gives what it prints.
    pub(crate) async fn ok(&self, program: &str, nodes: &str, arguments: &[&str]) -> String {
        let ran = self.run(program, &[&["-n", nodes][..], arguments].concat()).await;
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
        ran.stdout
    }

    /// As [`ok`](Self::ok), with `--output json`.
    pub(crate) async fn json(&self, program: &str, nodes: &str, arguments: &[&str]) -> Value {
        let text = self.ok(program, nodes, &[arguments, &["--output", "json"]].concat()).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    /// Runs a program on these machines that must fail: with status 1, and lines that each say why.
    pub(crate) async fn fails(&self, program: &str, nodes: &str, arguments: &[&str]) -> Ran {
        let ran = self.run(program, &[&["-n", nodes][..], arguments].concat()).await;
        assert_eq!(ran.status, 1, "{arguments:?}: {}", ran.stdout);
        assert!(ran.stderr.lines().any(|line| line.starts_with("error: ")), "{}", ran.stderr);
        ran
    }
}

/// The mode of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// All files in a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
