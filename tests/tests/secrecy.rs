//! No secret of a cluster is in anything that is printed: logs, events, errors, `Debug`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openstack_sdk::{Cloud, CloudConfig};
use openstack_sim::{Effect, Fault as CloudFault, Service};
use talos_client::{Client, ClientOptions};
use talos_examples::cloud::HttpBalancer;
use talos_machineconfig::{Config, SecretsBundle};
use talos_openstack::{
    Event, FolderStore, ImageSource, PatchText, Spec, StateFile, Step, Store as _, Timeouts, bring_up,
    tear_down,
};
use talos_sim::{CloudOptions, Code, SimulatedCloud};
use talosconfig::TalosConfig;
use tracing_subscriber::fmt::MakeWriter;

/// What everything printed goes to.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn add(&self, text: impl std::fmt::Display) {
        self.0.lock().unwrap().extend_from_slice(format!("{text}\n").as_bytes());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Output {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// An error with all that is behind it, as a program may print it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        write!(text, " {error} {error:?}").unwrap();
        source = error.source();
    }
    text
}

/// Adds a value of a secret in every form that it is printed in, by the name of where it is from.
fn add(secrets: &mut BTreeMap<String, String>, name: &str, value: &str) {
    secrets.insert(name.to_owned(), value.to_owned());
    let Ok(decoded) = STANDARD.decode(value) else { return };
    // The bytes as `Debug` of a slice would print them.
    let bytes: Vec<_> = decoded.iter().take(16).map(u8::to_string).collect();
    secrets.insert(format!("{name} as bytes"), bytes.join(", "));
    if let Ok(pem) = String::from_utf8(decoded) {
        // Every full line of a PEM block tells as much as the block.
        for (number, line) in
            pem.lines().filter(|line| line.len() >= 32 && !line.starts_with("-----")).enumerate()
        {
            secrets.insert(format!("{name} line {number}"), line.to_owned());
        }
    }
}

/// Every private value below `value`: all but certificates.
fn collect(secrets: &mut BTreeMap<String, String>, path: &str, value: &serde_yaml::Value) {
    match value {
        serde_yaml::Value::Mapping(map) => {
            for (key, value) in map {
                let key = key.as_str().unwrap();
                if !["crt", "ca", "id"].contains(&key) {
                    collect(secrets, &format!("{path}.{key}"), value);
                }
            }
        }
        serde_yaml::Value::String(text) => add(secrets, path, text),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_printed_has_a_secret_in_it() {
    let output = Output::default();
    // The level that a person asks for who looks for an error.
    tracing_subscriber::fmt()
        .with_env_filter("debug,h2=info,hyper=info,hyper_util=info")
        .with_ansi(false)
        .with_writer(output.clone())
        .init();

    let simulated = SimulatedCloud::start(CloudOptions::default().with_seed(1)).await.unwrap();
    let config = CloudConfig::from_yaml(&simulated.clouds_yaml(), simulated.cloud_name()).unwrap();
    output.add(format_args!("{config:?}"));
    let cloud = Cloud::connect(config).await.unwrap();
    let address = simulated.load_balancer_address();
    let balancer = HttpBalancer { address: address.into(), config_url: simulated.load_balancer_config_url() };
    let patch_secret = "a-secret-that-only-a-patch-has";
    let spec = Spec::new("secret")
        .with_image(ImageSource::Factory {
            url: simulated.factory_url(),
            schematic: talos_factory::DEFAULT_SCHEMATIC_ID.into(),
        })
        .with_endpoint(format!("https://{address}:6443"))
        .with_talos_endpoints([address.to_string()])
        .with_load_balancer(balancer)
        .with_patch(PatchText::new("patch", format!("machine:\n  env:\n    PASSWORD: {patch_secret}\n")))
        .with_timeouts(Timeouts::all(Duration::from_secs(120)));
    output.add(format_args!("{spec:?} {cloud:?} {simulated:?}"));

    // Failures of every kind on the way, so that errors and retries are printed too.
    simulated.openstack().faults().add(
        CloudFault::new(Effect::QuotaExceeded).on(Service::Compute).method("POST").path("/servers").times(20),
    );
    simulated.simulation().faults().fail("Version", Code::Unavailable, 3);
    simulated.simulation().faults().fail("Bootstrap", Code::FailedPrecondition, 1);

    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::new(folder.path(), "secret");
    let observer = |event: &Event| {
        output.add(format_args!("{event} {event:?}"));
        if matches!(event, Event::StepStarted { step: Step::FirstContact }) {
            simulated.openstack().expire_tokens();
        }
    };
    let error = bring_up(&spec, &cloud, &store, &observer).await.unwrap_err();
    output.add(chain(&error));
    simulated.openstack().faults().clear();
    let report = bring_up(&spec, &cloud, &store, &observer).await.unwrap();
    output.add(format_args!("{report:?}"));

    let read = async |file| store.read(file).await.unwrap().unwrap();
    let secrets_yaml = read(StateFile::Secrets).await;
    let talosconfig_yaml = read(StateFile::Talosconfig).await;
    let kubeconfig_yaml = read(StateFile::Kubeconfig).await;
    let control_plane_yaml = read(StateFile::ControlPlane).await;

    // Everything that a program holds, as `Debug` prints it, and errors about it.
    let bundle = SecretsBundle::from_yaml(secrets_yaml.expose()).unwrap();
    let control_plane = Config::from_yaml(control_plane_yaml.expose()).unwrap();
    let talosconfig = TalosConfig::from_yaml(talosconfig_yaml.expose()).unwrap();
    output.add(format_args!("{secrets_yaml:?} {bundle:?} {:?}", bundle.os_ca().unwrap()));
    output.add(format_args!("{control_plane:?} {control_plane_yaml:?}"));
    output.add(format_args!("{talosconfig:?} {talosconfig_yaml:?} {kubeconfig_yaml:?}"));
    let client = Client::connect(&talosconfig, ClientOptions::default()).unwrap();
    output.add(format_args!("{client:?} {:?}", client.node(report.nodes[0].address.to_string())));
    let error = client.node("127.0.0.2").version().await.unwrap_err();
    output.add(chain(&error));
    let broken = control_plane_yaml.expose().replace("type: controlplane", "typo: controlplane");
    output.add(chain(&Config::from_yaml(&broken).unwrap_err()));
    let broken = control_plane_yaml.expose().replace("    ca:\n", "    ca: [\n");
    output.add(chain(&Config::from_yaml(&broken).unwrap_err()));
    let broken = talosconfig_yaml.expose().replace("key: ", "key: %");
    if let Err(error) = TalosConfig::from_yaml(&broken) {
        output.add(chain(&error));
    }
    let broken = secrets_yaml.expose().replace("key: ", "key: AAAA");
    let broken = SecretsBundle::from_yaml(&broken).and_then(|bundle| bundle.os_ca().map(drop));
    output.add(chain(&broken.unwrap_err()));

    tear_down(&spec, &cloud, &store, &observer).await.unwrap();

    let mut secrets = BTreeMap::new();
    collect(&mut secrets, "secrets", &serde_yaml::from_str(secrets_yaml.expose()).unwrap());
    let context =
        &serde_yaml::from_str::<serde_yaml::Value>(talosconfig_yaml.expose()).unwrap()["contexts"]["secret"];
    add(&mut secrets, "talosconfig key", context["key"].as_str().unwrap());
    let users = &serde_yaml::from_str::<serde_yaml::Value>(kubeconfig_yaml.expose()).unwrap()["users"];
    add(&mut secrets, "kubeconfig key", users[0]["user"]["client-key-data"].as_str().unwrap());
    let clouds: serde_yaml::Value = serde_yaml::from_str(&simulated.clouds_yaml()).unwrap();
    add(&mut secrets, "cloud password", clouds["clouds"]["sim"]["auth"]["password"].as_str().unwrap());
    add(&mut secrets, "patch", patch_secret);
    assert!(secrets.len() > 60, "too few secrets were found to look for: {:?}", secrets.keys());

    let printed = output.text();
    assert!(printed.lines().count() > 200, "too little was printed to mean anything:\n{printed}");
    let found: Vec<_> =
        secrets.iter().filter(|(_, value)| printed.contains(value.as_str())).map(|(name, _)| name).collect();
    assert!(found.is_empty(), "printed: {found:?}");
    let key = printed.lines().find(|line| line.contains("PRIVATE KEY-----"));
    assert_eq!(key, None, "a private key was printed");
}
