//! Bad input: one line that says what to do, exit status 1, and nothing created or lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use talos_sdk::machineconfig::{Contract, GenerateOptions, SecretsBundle, generate};
use talos_sdk::pki::{FixedClock, SystemClock};
use talos_sim::{CloudOptions, NodeOptions, SimNode, SimulatedCloud, Simulation, SimulationOptions};

/// Made once: an RSA key takes its time.
static SECRETS: LazyLock<SecretsBundle> =
    LazyLock::new(|| SecretsBundle::generate(Contract::CURRENT, &SystemClock).unwrap());

const DAY: Duration = Duration::from_secs(24 * 3600);

fn program(path: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("TALOSCONFIG")
        .env_remove("RUST_LOG");
    command
}

fn run(path: &str, folder: &Path, arguments: &[&str]) -> Output {
    program(path, folder, arguments).output().unwrap()
}

/// The program failed with one line that has these words in it.
fn assert_refused(output: &Output, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let errors: Vec<_> = text.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{text}");
    assert!(text.ends_with(&format!("{}\n", errors[0])), "the error is the last line: {text}");
    for word in words {
        assert!(errors[0].contains(word), "{word:?} is not in {:?}", errors[0]);
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

mod generation {
    use super::*;

    const GEN: &str = env!("CARGO_BIN_EXE_gen");

    fn assert_gen_refuses(arguments: &[&str], words: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = ["config"].iter().chain(arguments).copied().collect();
        assert_refused(&run(GEN, folder.path(), &arguments), words);
        assert_eq!(files(folder.path()), 0, "nothing is written");
    }

    #[test]
    fn an_endpoint_without_a_scheme() {
        assert_gen_refuses(&["name-of-cluster", "fqdn_endpoint:6443"], &["https://fqdn_endpoint:6443"]);
        assert_gen_refuses(&["name-of-cluster", "example.org"], &["https://example.org:6443"]);
        assert_gen_refuses(&["name-of-cluster", "http://example.org:6443"], &["https://example.org:6443"]);
    }

    #[test]
    fn a_patch_file_that_is_not_there() {
        assert_gen_refuses(&["c", "https://c:6443", "--config-patch", "@absent.yaml"], &["absent.yaml"]);
    }

    #[test]
    fn a_patch_that_is_no_yaml() {
        assert_gen_refuses(&["c", "https://c:6443", "--config-patch", "machine: [\n"], &["patch", "line"]);
    }

    #[test]
    fn a_patch_for_an_unknown_key() {
        let patch = "machine:\n  kubelett:\n    image: x\n";
        assert_gen_refuses(&["c", "https://c:6443", "--config-patch", patch], &["kubelett", "kubelet"]);
    }

    #[test]
    fn a_contract_that_never_was() {
        assert_gen_refuses(&["c", "https://c:6443", "--talos-version", "v0.1"], &["v0.1", "v1.15"]);
    }

    #[test]
    fn files_that_are_there_are_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("worker.yaml"), "mine").unwrap();
        let output = run(GEN, folder.path(), &["config", "c", "https://c:6443"]);
        assert_refused(&output, &["worker.yaml", "--force"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("worker.yaml")).unwrap(), "mine");
        assert_eq!(files(folder.path()), 1);
    }
}

mod connections {
    use super::*;

    const MACHINE: &str = env!("CARGO_BIN_EXE_machine");

    /// A cluster of one machine, and a folder for talosconfigs.
    struct Cluster {
        _runtime: tokio::runtime::Runtime,
        _simulation: Simulation,
        node: SimNode,
        folder: tempfile::TempDir,
    }

    impl Cluster {
        fn new() -> Self {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let options = GenerateOptions::new("bad", "https://127.0.0.1:6443");
            let generated = generate(&SECRETS, &options, &SystemClock).unwrap();
            let data = generated.control_plane.to_yaml().unwrap().expose().to_owned();
            let (simulation, node) = runtime.block_on(async {
                let simulation = Simulation::start(SimulationOptions::default()).unwrap();
                let node = simulation
                    .add_node(NodeOptions::default().with_installed(true).with_user_data(data))
                    .unwrap();
                node.wait_for(talos_sim::Stage::Booting).await;
                (simulation, node)
            });
            Self { _runtime: runtime, _simulation: simulation, node, folder: tempfile::tempdir().unwrap() }
        }

        fn address(&self) -> String {
            self.node.address().to_string()
        }

        /// Asks for the version with this talosconfig.
        fn version(&self, talosconfig: &str, node: &str) -> Output {
            std::fs::write(self.folder.path().join("talosconfig"), talosconfig).unwrap();
            let address = self.address();
            run(
                MACHINE,
                self.folder.path(),
                &["version", "--talosconfig", "talosconfig", "-e", &address, "-n", node],
            )
        }
    }

    fn talosconfig(bundle: &SecretsBundle, clock: &FixedClock) -> String {
        let talosconfig = bundle.talosconfig("bad", ["127.0.0.1"], clock).unwrap();
        talosconfig.to_yaml().unwrap().expose().to_owned()
    }

    #[test]
    fn what_may_be_wrong_with_a_talosconfig() {
        let cluster = Cluster::new();
        let address = cluster.address();
        let now = FixedClock::new(SystemTime::now());
        let good = talosconfig(&SECRETS, &now);
        // The machine is booting: its API is not there at once.
        let mut output = cluster.version(&good, &address);
        for _ in 0..100 {
            if output.status.success() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
            output = cluster.version(&good, &address);
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

        let empty = "context: \"\"\ncontexts: {}\n";
        assert_refused(&cluster.version(empty, &address), &["context"]);

        let other = SecretsBundle::generate(Contract::CURRENT, &SystemClock).unwrap();
        assert_refused(&cluster.version(&talosconfig(&other, &now), &address), &["certificate"]);

        let past = FixedClock::new(SystemTime::now() - 400 * DAY);
        assert_refused(&cluster.version(&talosconfig(&SECRETS, &past), &address), &["expired"]);

        let stranger = cluster.version(&good, "127.255.255.250");
        assert_refused(&stranger, &["127.255.255.250"]);

        let missing =
            run(MACHINE, cluster.folder.path(), &["version", "--talosconfig", "absent", "-n", &address]);
        assert_refused(&missing, &["absent"]);
        assert!(!cluster.folder.path().join("absent").exists(), "reading makes no file");
    }
}

mod bring_up {
    use super::*;

    const CLUSTER_UP: &str = env!("CARGO_BIN_EXE_cluster_up");

    struct Cloud {
        _runtime: tokio::runtime::Runtime,
        simulated: SimulatedCloud,
        folder: tempfile::TempDir,
    }

    impl Cloud {
        fn new() -> Self {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let simulated = runtime.block_on(SimulatedCloud::start(CloudOptions::default())).unwrap();
            let folder = tempfile::tempdir().unwrap();
            simulated.write_clouds_yaml(folder.path()).unwrap();
            Self { _runtime: runtime, simulated, folder }
        }

        fn cluster_up(&self, arguments: &[&str]) -> Command {
            let mut command = program(CLUSTER_UP, self.folder.path(), &["--cloud", "sim"]);
            command.args(arguments).env("OS_CLIENT_CONFIG_FILE", self.folder.path().join("clouds.yaml"));
            command
        }

        fn assert_empty(&self) {
            assert_eq!(self.simulated.openstack().images().len(), 0);
            assert_eq!(self.simulated.openstack().ports().len(), 0);
            assert_eq!(self.simulated.openstack().servers().len(), 0);
        }

        fn assert_refused(&self, arguments: &[&str], words: &[&str]) {
            assert_refused(&self.cluster_up(arguments).output().unwrap(), words);
            self.assert_empty();
        }
    }

    #[test]
    fn what_is_wrong_is_found_before_anything_is_made() {
        let cloud = Cloud::new();
        let large = format!("machine:\n  env:\n    A: {}\n", random_text(80_000));
        std::fs::write(cloud.folder.path().join("large.yaml"), large).unwrap();
        std::fs::write(cloud.folder.path().join("file"), "").unwrap();

        cloud.assert_refused(&["--endpoint", "fqdn_endpoint:6443"], &["https://fqdn_endpoint:6443"]);
        cloud.assert_refused(&["--config-patch", "@absent.yaml"], &["absent.yaml"]);
        cloud.assert_refused(&["--config-patch", "machine: [\n"], &["patch"]);
        cloud.assert_refused(
            &["--config-patch-worker", "machine:\n  kubelett: {}\n"],
            &["kubelett", "kubelet"],
        );
        cloud.assert_refused(&["--talos-version", "v0.1"], &["v0.1"]);
        cloud.assert_refused(&["--flavor-worker", "m1.absent"], &["m1.absent"]);
        cloud.assert_refused(&["--config-patch", "@large.yaml"], &["65535"]);
        // A file where the folder should be: not even root can write there.
        cloud.assert_refused(&["--state", "file"], &["file"]);
        cloud.assert_refused(&["--cloud", "absent"], &[]);
    }

    /// Text that gzip can't make much smaller.
    fn random_text(length: usize) -> String {
        let mut random = fastrand::Rng::with_seed(1);
        (0..length).map(|_| random.alphanumeric()).collect()
    }

    #[test]
    fn a_second_runner_is_turned_away_and_ctrl_c_leaves_a_state_to_go_on_from() {
        use std::io::{BufRead as _, BufReader};

        let cloud = Cloud::new();
        for step in talos_sdk::openstack::Step::ALL {
            let mut first =
                cloud.cluster_up(&[]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            let mut lines = BufReader::new(first.stderr.take().unwrap()).lines().map_while(Result::ok);
            let started = format!("{step}: started");
            assert!(lines.by_ref().any(|line| line == started), "{started}");
            if step == talos_sdk::openstack::Step::Secrets {
                assert_refused(&cloud.cluster_up(&[]).output().unwrap(), &["another"]);
            }
            let interrupt = Command::new("kill").args(["-INT", &first.id().to_string()]).status().unwrap();
            assert!(interrupt.success());
            let rest: Vec<_> = lines.collect();
            let status = first.wait().unwrap();
            // A run may be done before the signal comes.
            if !status.success() {
                let last = rest.last().unwrap();
                assert_eq!(status.code(), Some(1), "{last}");
                assert!(last.contains("interrupted") && last.contains("again"), "{last}");
            }
        }
        let last = cloud.cluster_up(&[]).output().unwrap();
        assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
        assert_eq!(cloud.simulated.openstack().servers().len(), 5);
        assert_eq!(cloud.simulated.openstack().images().len(), 1);
    }
}
