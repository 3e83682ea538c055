//! `cluster_up` killed with SIGKILL wherever it may be, and run again on the same state.
//!
//! The cloud outlives it, as a real one would: it is served by the test's own process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use openstack_sim::{Effect, Fault, Service};
use talos_sdk::openstack::Step;
use talos_sim::{CloudOptions, FaultRule, SimulatedCloud};

/// Seeds of the pauses between the moment that a test waits for and the kill.
const SEEDS: [u64; 3] = [1, 7, 42];
/// Longer than anything takes on a busy machine; reached only where something hangs.
const PATIENCE: Duration = Duration::from_secs(180);

struct Bench {
    /// Serves the cloud.
    _runtime: tokio::runtime::Runtime,
    cloud: SimulatedCloud,
    folder: tempfile::TempDir,
    random: fastrand::Rng,
}

impl Bench {
    fn new(seed: u64) -> Self {
        eprintln!("seed {seed}");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let cloud = runtime.block_on(SimulatedCloud::start(CloudOptions::default().with_seed(seed))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        cloud.write_clouds_yaml(folder.path()).unwrap();
        Self { _runtime: runtime, cloud, folder, random: fastrand::Rng::with_seed(seed) }
    }

    fn start(&self) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cluster_up"))
            .args(["--cloud", "sim", "--state"])
            .arg(self.folder.path().join("state"))
            .env("OS_CLIENT_CONFIG_FILE", self.folder.path().join("clouds.yaml"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = follow(child.stderr.take().unwrap());
        Run { child, lines, seen: Vec::new() }
    }

    /// Starts a run, kills it a moment after `line` was printed.
    fn kill_after(&mut self, line: &str) {
        let mut run = self.start();
        run.wait_for(line);
        self.pause();
        run.kill();
    }

    /// Starts a run, kills it a moment after `reached` became true.
    fn kill_when(&mut self, what: &str, reached: impl Fn(&SimulatedCloud) -> bool) {
        let mut run = self.start();
        run.wait_until(what, || reached(&self.cloud));
        self.pause();
        run.kill();
    }

    /// At most a few milliseconds: enough to be somewhere else each time.
    fn pause(&mut self) {
        std::thread::sleep(Duration::from_micros(self.random.u64(0..8_000)));
    }

    /// Runs to the end, then asserts that everything is there once.
    fn complete(&self) {
        let run = self.start();
        let (status, table, lines) = run.finish();
        assert!(status.success(), "{}", lines.join("\n"));
        assert_eq!(table.lines().filter(|line| line.contains("Ready")).count(), 5, "{table}");

        let images = self.cloud.openstack().images();
        assert_eq!(images.iter().map(|image| image.status.as_str()).collect::<Vec<_>>(), ["active"]);
        let servers = self.cloud.openstack().servers();
        assert_eq!(servers.len(), 5, "{servers:#?}");
        assert!(servers.iter().all(|server| server.status == "ACTIVE"));
        assert_eq!(self.cloud.openstack().ports().len(), 5);
        assert!(self.cloud.simulation().nodes().iter().all(|node| node.is_ready()));
    }

    fn bootstrap_calls(&self) -> usize {
        self.cloud.simulation().calls().iter().filter(|call| call.method() == "Bootstrap").count()
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state/talos")
    }
}

struct Run {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Run {
    fn wait_for(&mut self, wanted: &str) {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    let found = line.contains(wanted);
                    self.seen.push(line);
                    if found {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    panic!("{wanted:?} was never printed:\n{}", self.seen.join("\n"));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before {wanted:?} was printed:\n{}", self.seen.join("\n"))
                }
            }
        }
    }

    fn wait_until(&mut self, what: &str, reached: impl Fn() -> bool) {
        let began = std::time::Instant::now();
        while !reached() {
            self.seen.extend(self.lines.try_iter());
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() || began.elapsed() > PATIENCE {
                self.kill();
                panic!("{what}: not reached; {ended:?}\n{}", self.seen.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// SIGKILL: nothing in the process gets to run.
    fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    fn finish(mut self) -> (std::process::ExitStatus, String, Vec<String>) {
        let mut table = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut table).unwrap();
        let status = self.child.wait().unwrap();
        self.seen.extend(self.lines.iter());
        (status, table, std::mem::take(&mut self.seen))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(stderr: ChildStderr) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn assert_only_the_owner_may_read(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(
        std::fs::metadata(folder).unwrap().permissions().mode() & 0o777,
        0o700,
        "{}",
        folder.display()
    );
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(mode, 0o600, "{name}");
        names.push(name);
    }
    for name in [
        "controlplane.yaml",
        "haproxy.cfg",
        "kubeconfig",
        "secrets.yaml",
        "state.json",
        "talosconfig",
        "worker.yaml",
    ] {
        assert!(names.iter().any(|there| there == name), "{name} is missing: {names:?}");
    }
}

#[test]
fn killed_at_every_step_it_goes_on() {
    for seed in SEEDS {
        let mut bench = Bench::new(seed);
        for step in Step::ALL {
            // Waiting for what is already there is done at once, so a killed run may have been done with it.
            for moment in ["started", "done"] {
                bench.kill_after(&format!("{step}: {moment}"));
            }
        }
        bench.complete();
        assert_eq!(bench.bootstrap_calls(), 1);
        assert_only_the_owner_may_read(&bench.state());
    }
}

#[test]
fn killed_inside_the_upload_it_uploads_again() {
    for seed in SEEDS {
        let mut bench = Bench::new(seed);
        bench.cloud.openstack().faults().add(
            Fault::new(Effect::delay(Duration::from_secs(2))).on(Service::Image).method("PUT").path("/file"),
        );
        bench.kill_when("the image is made", |cloud| !cloud.openstack().images().is_empty());
        bench.kill_when("bytes flow", |cloud| {
            cloud
                .openstack()
                .images()
                .iter()
                .any(|image| image.status == "saving" || image.status == "active")
        });
        bench.complete();
    }
}

#[test]
fn killed_while_servers_are_made_it_makes_the_rest() {
    for seed in SEEDS {
        let mut bench = Bench::new(seed);
        for count in [1, 3, 5] {
            bench.kill_when("servers are there", |cloud| cloud.openstack().servers().len() >= count);
        }
        bench.complete();
        assert_eq!(bench.bootstrap_calls(), 1);
    }
}

#[test]
fn killed_right_after_the_bootstrap_call_it_does_not_call_again() {
    for seed in SEEDS {
        let mut bench = Bench::new(seed);
        // The call is carried out, and nobody is there any more to hear of it.
        bench
            .cloud
            .simulation()
            .faults()
            .add(FaultRule::new("Bootstrap", talos_sim::Fault::DropConnectionAfter));
        bench.kill_when("the call is served", |cloud| {
            cloud.simulation().calls().iter().any(|call| call.method() == "Bootstrap")
        });
        bench.complete();
        assert_eq!(bench.bootstrap_calls(), 1);
    }
}

#[test]
fn killed_before_the_bootstrap_call_takes_effect_it_makes_one_cluster() {
    for seed in SEEDS {
        let mut bench = Bench::new(seed);
        // The call waits at the machine, and its caller dies meanwhile: nothing is bootstrapped.
        bench.cloud.simulation().faults().delay("Bootstrap", Duration::from_secs(600), 1);
        bench.kill_when("the call has come", |cloud| cloud.simulation().faults().pending() == 0);
        bench.complete();
    }
}
