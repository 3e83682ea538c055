//! What the handlers of a real Talos answered, and the simulator's answers to the same calls.
//!
//! The recording lies beside the project and is no part of it; without it there is nothing to compare with.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use serde_json::Value;
use talos_proto::common::{ContainerDriver, ContainerdInstance, ContainerdNamespace};
use talos_proto::cosi::resource as cosi;
use talos_proto::{cluster, machine, storage};
use talos_sim::{Fault, FaultRule, NodeOptions, Role, SimNode, Simulation, SimulationOptions, Stage};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::harness::{authenticated, bootstrap, configs, eventually, insecure_channel, soon};

/// The version that was recorded.
const VERSION: &str = "v1.14.0-rc.1";

/// Calls whose number of results is that of the recorded machine: what counts is whether there are any.
const COUNTS: [(&str, &str); 4] = [
    ("list /etc", "the files of the machine that recorded"),
    ("copy /etc", "the files of the machine that recorded"),
    (
        "cosi-list runtime Services.v1alpha1.talos.dev",
        "a handful of services ran there, and in maintenance none",
    ),
    ("cosi-list cluster Members.cluster.talos.dev", "each recorded machine knew only itself"),
];

/// Calls that are answered in another way, for a reason.
const OTHERWISE: [(&str, &str, Code, &str); 2] = [
    (
        "call machine.MachineService/EtcdMemberList {}",
        "Unknown",
        Code::Ok,
        "no etcd ran there, and here one does",
    ),
    (
        "call storage.StorageService/BlockDeviceWipe {\"devices\":[{\"device\":\"nosuch\",\"method\":\"FAST\"}]}",
        "AUTHORIZED",
        Code::PermissionDenied,
        "it was held back before the handler, which refuses readers outside of maintenance mode",
    ),
];

#[tokio::test]
async fn every_recorded_call_has_the_same_code_for_every_caller() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/recorded-handlers.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: there is no recording at {}", path.display());
        return;
    };
    let machines = Machines::start().await;
    let mut wrong = Vec::new();
    let mut judged = 0;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (caller, call) = (line["caller"].as_str().unwrap(), line["call"].as_str().unwrap());
        let (code, results) = (line["code"].as_str().unwrap(), line["results"].as_u64().unwrap());
        let got = soon(machines.replay(caller, call)).await;
        let got_code = format!("{:?}", got.code);
        let excused = OTHERWISE
            .iter()
            .any(|(of, recorded, instead, _)| *of == call && *recorded == code && *instead == got.code);
        let code_agrees = match code {
            "AUTHORIZED" => got.code != Code::PermissionDenied && got.code != Code::Unimplemented,
            "OK" => got.code == Code::Ok,
            code => code == got_code,
        };
        let counted = COUNTS.iter().any(|(of, _)| call.starts_with(of));
        let results_agree = match code {
            "AUTHORIZED" => true,
            "OK" if counted => results == 0 || got.results > 0,
            _ => results == got.results,
        };
        judged += 1;
        if !(excused || code_agrees && results_agree) {
            let message = got.message;
            wrong.push(format!(
                "{caller}: {call}: {code} {results}, here {got_code} {} {message}",
                got.results
            ));
        }
        if let Some(difference) = shape(&line["first"], got.first.as_ref()).filter(|_| !excused) {
            wrong.push(format!("{caller}: {call}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(judged > 300, "{judged} calls");
}

/// What the first result of both has to have in common.
fn shape(recorded: &Value, here: Option<&cosi::Resource>) -> Option<String> {
    let (Some(recorded), Some(here)) = (recorded.as_object(), here) else { return None };
    let metadata = here.metadata.as_ref()?;
    let pairs = [("namespace", &metadata.namespace), ("type", &metadata.r#type), ("phase", &metadata.phase)];
    let differs =
        |(name, value): &(&str, &String)| recorded.get(*name).and_then(Value::as_str) != Some(value.as_str());
    let keys = |yaml: &str| -> Vec<String> {
        let tops = yaml.lines().filter(|line| !line.starts_with([' ', '-']));
        tops.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
    };
    if let Some((name, value)) = pairs.iter().find(|pair| differs(pair)) {
        return Some(format!("{name} is {value}, not {}", recorded.get(*name)?));
    }
    // A resource that is gone has no spec.
    let spec = recorded.get("spec")?.as_str()?;
    let here = here.spec.as_ref()?.yaml_spec.as_str();
    // What the recorded machine had nothing to say about is left out there.
    let missing: Vec<_> = keys(spec).into_iter().filter(|key| !keys(here).contains(key)).collect();
    (!missing.is_empty()).then(|| format!("the spec has no {missing:?}"))
}

/// What a call came to.
struct Outcome {
    code: Code,
    message: String,
    results: u64,
    first: Option<cosi::Resource>,
}

/// The machines that play those of the recording.
struct Machines {
    simulation: Simulation,
    control_planes: Vec<SimNode>,
    worker: SimNode,
    maintenance: SimNode,
}

impl Machines {
    async fn start() -> Self {
        let options = SimulationOptions::default().with_talos_version(VERSION.parse().unwrap());
        let simulation = Simulation::start(options).unwrap();
        let (control_plane, worker) = configs(simulation.reserved_address(2), &[]);
        let add = |config: Option<&str>| {
            // The recorded machines were containers.
            let options = NodeOptions::default().with_platform("container").with_installed(true);
            simulation
                .add_node(match config {
                    Some(config) => options.with_user_data(config.to_owned()),
                    None => options,
                })
                .unwrap()
        };
        let control_planes = vec![add(Some(&control_plane)), add(Some(&control_plane))];
        let (worker, maintenance) = (add(Some(&worker)), add(None));
        bootstrap(control_planes[0].address()).await;
        for node in control_planes.iter().chain([&worker]) {
            soon(node.wait_until_ready()).await;
        }
        soon(maintenance.wait_for(Stage::Maintenance)).await;
        Self { simulation, control_planes, worker, maintenance }
    }

    /// Where a caller calls, with which role if any, and which machine it names.
    fn caller(&self, name: &str) -> (Ipv4Addr, Option<Role>, Option<String>) {
        let first = self.control_planes[0].address();
        match name {
            "admin, control plane as endpoint" => (first, Some(Role::Admin), None),
            "admin, control plane, node header to another" => {
                (first, Some(Role::Admin), Some(self.control_planes[1].address().to_string()))
            }
            "reader" => (first, Some(Role::Reader), None),
            "operator" => (first, Some(Role::Operator), None),
            "admin, worker as endpoint" => (self.worker.address(), Some(Role::Admin), None),
            "maintenance, no certificate" => (self.maintenance.address(), None, None),
            other => panic!("nobody is called {other:?}"),
        }
    }

    async fn replay(&self, caller: &str, call: &str) -> Outcome {
        let (address, role, node) = self.caller(caller);
        let words: Vec<&str> = call.splitn(3, ' ').collect();
        if call.starts_with("call machine.MachineService/Bootstrap") && role == Some(Role::Admin) {
            // The recorded cluster had not been bootstrapped yet.
            return fresh(address == self.worker.address(), node.is_some()).await;
        }
        if call.contains("MachineService/Reset") {
            // The machine is needed for more.
            self.simulation.faults().add(FaultRule::new("Reset", Fault::Lose));
        }
        let channel = match role {
            Some(role) => authenticated(address, &[role]).await,
            None => insecure_channel(address).await,
        };
        let outcome = Caller { channel, node }.run(&words).await;
        self.simulation.faults().clear();
        outcome
    }
}

/// A bootstrap of a cluster that waits for it.
async fn fresh(worker: bool, through_another: bool) -> Outcome {
    let options = SimulationOptions::default().with_talos_version(VERSION.parse().unwrap());
    let cluster = crate::harness::TestCluster::new(options, 2, 1);
    let [first, second] = &cluster.control_planes[..] else { panic!("two were made") };
    let endpoint = if worker { &cluster.workers[0] } else { first };
    let node = through_another.then(|| second.address().to_string());
    eventually(|| async {
        let channel = authenticated(endpoint.address(), &[Role::Admin]).await;
        let caller = Caller { channel, node: node.clone() };
        let words = ["call", "machine.MachineService/Bootstrap", "{}"];
        // Machines take a moment until they can be bootstrapped.
        Some(caller.run(&words).await)
            .filter(|outcome| !matches!(outcome.code, Code::FailedPrecondition | Code::Unavailable))
    })
    .await
}

struct Caller {
    channel: Channel,
    node: Option<String>,
}

impl Caller {
    async fn run(&self, words: &[&str]) -> Outcome {
        let rest = words.get(1..).unwrap_or_default().join(" ");
        let rest: Vec<&str> = rest.split(' ').collect();
        let machine = |method: &str| format!("/machine.MachineService/{method}");
        let state = |method: &str| format!("/cosi.resource.State/{method}");
        match words[0] {
            "version" => self.unary(&machine("Version"), Vec::new()).await,
            "services" => self.unary(&machine("ServiceList"), Vec::new()).await,
            "service" => {
                let (status, messages) = self.call(&machine("ServiceList"), Vec::new(), 1).await;
                let lists =
                    messages.iter().map(|bytes| machine::ServiceListResponse::decode(&bytes[..]).unwrap());
                let services = lists.flat_map(|list| list.messages).flat_map(|list| list.services);
                outcome(status, services.filter(|service| service.id == rest[0]).count())
            }
            "events" => {
                let (status, _) = self.call(&machine("Events"), Vec::new(), 1).await;
                outcome(status, 0)
            }
            "dmesg" => self.bytes(&machine("Dmesg"), Vec::new()).await,
            "snapshot" => self.bytes(&machine("EtcdSnapshot"), Vec::new()).await,
            "read" => {
                let request = machine::ReadRequest { path: rest[0].to_owned() };
                self.bytes(&machine("Read"), request.encode_to_vec()).await
            }
            "logs" => {
                let request = machine::LogsRequest {
                    namespace: "system".to_owned(),
                    id: rest[0].to_owned(),
                    tail_lines: flag(&rest, "-tail").unwrap_or("-1").parse().unwrap(),
                    ..Default::default()
                };
                self.bytes(&machine("Logs"), request.encode_to_vec()).await
            }
            "list" => {
                let request =
                    machine::ListRequest { root: rest[0].to_owned(), recurse: true, ..Default::default() };
                let (status, messages) =
                    self.call(&machine("List"), request.encode_to_vec(), usize::MAX).await;
                outcome(status, messages.len())
            }
            "copy" => {
                let request = machine::CopyRequest { root_path: rest[0].to_owned() };
                let (status, messages) =
                    self.call(&machine("Copy"), request.encode_to_vec(), usize::MAX).await;
                let pieces =
                    messages.iter().map(|bytes| talos_proto::common::Data::decode(&bytes[..]).unwrap());
                let packed: Vec<u8> = pieces.flat_map(|piece| piece.bytes.to_vec()).collect();
                let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
                let entries = if packed.is_empty() { 0 } else { archive.entries().unwrap().count() };
                outcome(status, entries)
            }
            "kubeconfig" => {
                let (status, messages) = self.call(&machine("Kubeconfig"), Vec::new(), usize::MAX).await;
                outcome(status, messages.len().min(1))
            }
            "cosi-get" => {
                let request = cosi::GetRequest {
                    namespace: rest[0].to_owned(),
                    r#type: rest[1].to_owned(),
                    id: rest[2].to_owned(),
                    ..Default::default()
                };
                let (status, messages) = self.call(&state("Get"), request.encode_to_vec(), 1).await;
                let found = messages.first().map(|bytes| cosi::GetResponse::decode(&bytes[..]).unwrap());
                Outcome { first: found.and_then(|found| found.resource), ..outcome(status, messages.len()) }
            }
            "cosi-list" => {
                let id_query = flag(&rest, "-id").map(|regexp| cosi::IdQuery { regexp: regexp.to_owned() });
                let request = cosi::ListRequest {
                    namespace: rest[0].to_owned(),
                    r#type: rest[1].to_owned(),
                    options: Some(cosi::ListOptions { id_query, ..Default::default() }),
                };
                let (status, messages) = self.call(&state("List"), request.encode_to_vec(), usize::MAX).await;
                let found = messages.first().map(|bytes| cosi::ListResponse::decode(&bytes[..]).unwrap());
                Outcome { first: found.and_then(|found| found.resource), ..outcome(status, messages.len()) }
            }
            "cosi-watch" => self.watch(&rest).await,
            "resolve" => {
                let request = cosi::ListRequest {
                    namespace: "meta".to_owned(),
                    r#type: "ResourceDefinitions.meta.cosi.dev".to_owned(),
                    ..Default::default()
                };
                let (status, messages) = self.call(&state("List"), request.encode_to_vec(), usize::MAX).await;
                let found = messages.iter().filter(|bytes| {
                    let resource = cosi::ListResponse::decode(&bytes[..]).unwrap().resource.unwrap();
                    let aliases = resource.spec.unwrap().yaml_spec;
                    aliases.lines().any(|line| line.trim() == format!("- {}", rest[0]))
                });
                match found.count() {
                    0 => outcome(Err(Status::not_found("no definition has this alias")), 0),
                    count => outcome(status, count),
                }
            }
            "call" => {
                let request = request(rest[0], &serde_json::from_str(&rest[1..].join(" ")).unwrap());
                let path = format!("/{}", rest[0]);
                match rest[0] {
                    "machine.MachineService/DiskUsage" | "machine.ImageService/List" => {
                        let (status, messages) = self.call(&path, request, usize::MAX).await;
                        outcome(status, messages.len())
                    }
                    _ => self.unary(&path, request).await,
                }
            }
            other => panic!("there is no command {other:?}"),
        }
    }

    async fn watch(&self, rest: &[&str]) -> Outcome {
        let count: usize = flag(rest, "-count").unwrap().parse().unwrap();
        let request = cosi::WatchRequest {
            namespace: rest[0].to_owned(),
            r#type: rest[1].to_owned(),
            id: rest.get(2).filter(|id| !id.starts_with('-')).map(|id| (*id).to_owned()),
            options: Some(cosi::WatchOptions {
                bootstrap_contents: rest.contains(&"-bootstrap"),
                ..Default::default()
            }),
            api_version: 1,
        };
        // The first message has no event.
        let (status, messages) =
            self.call("/cosi.resource.State/Watch", request.encode_to_vec(), count + 1).await;
        let responses = messages.iter().map(|bytes| cosi::WatchResponse::decode(&bytes[..]).unwrap());
        let events: Vec<_> = responses.flat_map(|response| response.event).collect();
        outcome(status, events.len())
    }

    async fn unary(&self, path: &str, request: Vec<u8>) -> Outcome {
        let (status, messages) = self.call(path, request, 1).await;
        outcome(status, messages.len())
    }

    /// A stream of bytes: the recording counts it as one result, unless the caller could not begin.
    async fn bytes(&self, path: &str, request: Vec<u8>) -> Outcome {
        let (status, _) = self.call(path, request, usize::MAX).await;
        outcome(status, 1)
    }

    /// Calls a method with an encoded message and takes up to `limit` messages.
    async fn call(&self, path: &str, request: Vec<u8>, limit: usize) -> (Result<(), Status>, Vec<Bytes>) {
        let mut messages = Vec::new();
        let status = self.receive(path, request, limit, &mut messages).await;
        (status, messages)
    }

    async fn receive(
        &self,
        path: &str,
        message: Vec<u8>,
        limit: usize,
        messages: &mut Vec<Bytes>,
    ) -> Result<(), Status> {
        let mut client = tonic::client::Grpc::new(self.channel.clone()).max_decoding_message_size(32 << 20);
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut request = Request::new(Bytes::from(message));
        request.set_timeout(Duration::from_secs(30));
        if let Some(node) = &self.node {
            request.metadata_mut().insert("node", MetadataValue::try_from(node).unwrap());
        }
        let path = path.parse().unwrap();
        let mut stream = client.server_streaming(request, path, Raw).await?.into_inner();
        while messages.len() < limit {
            match stream.message().await? {
                Some(message) => messages.push(message),
                None => break,
            }
        }
        Ok(())
    }
}

fn outcome(status: Result<(), Status>, results: usize) -> Outcome {
    let (code, message) = match status {
        Ok(()) => (Code::Ok, String::new()),
        Err(status) => (status.code(), status.message().to_owned()),
    };
    Outcome { code, message, results: results as u64, first: None }
}

fn flag<'a>(rest: &[&'a str], name: &str) -> Option<&'a str> {
    let at = rest.iter().position(|word| *word == name)?;
    rest.get(at + 1).copied()
}

/// The message that a recorded JSON text stands for.
fn request(method: &str, json: &Value) -> Vec<u8> {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    match method {
        "machine.MachineService/ServiceRestart" => {
            machine::ServiceRestartRequest { id: text("id") }.encode_to_vec()
        }
        "machine.MachineService/ServiceStart" => {
            machine::ServiceStartRequest { id: text("id") }.encode_to_vec()
        }
        "machine.MachineService/ServiceStop" => {
            machine::ServiceStopRequest { id: text("id") }.encode_to_vec()
        }
        "machine.MachineService/Upgrade" => {
            machine::UpgradeRequest { image: text("image"), ..Default::default() }.encode_to_vec()
        }
        "machine.MachineService/GenerateClientConfiguration" => machine::GenerateClientConfigurationRequest {
            roles: vec![json["roles"][0].as_str().unwrap().to_owned()],
            crt_ttl: json["crtTtl"].as_str().map(seconds),
        }
        .encode_to_vec(),
        "machine.MachineService/MetaWrite" => {
            machine::MetaWriteRequest { key: 12, value: "hi".into() }.encode_to_vec()
        }
        "machine.MachineService/MetaDelete" => machine::MetaDeleteRequest { key: 12 }.encode_to_vec(),
        "machine.MachineService/Netstat" => machine::NetstatRequest {
            filter: machine::netstat_request::Filter::Listening.into(),
            l4proto: Some(machine::netstat_request::L4proto { tcp: true, ..Default::default() }),
            netns: Some(machine::netstat_request::NetNs { hostnetwork: true, ..Default::default() }),
            feature: None,
        }
        .encode_to_vec(),
        "machine.MachineService/DiskUsage" => machine::DiskUsageRequest {
            paths: vec![json["paths"][0].as_str().unwrap().to_owned()],
            ..Default::default()
        }
        .encode_to_vec(),
        "machine.ImageService/List" => {
            let namespace = ContainerdNamespace::NsCri;
            let containerd = instance(ContainerDriver::Containerd, namespace);
            machine::ImageServiceListRequest { containerd }.encode_to_vec()
        }
        "machine.LifecycleService/Upgrade" => machine::LifecycleServiceUpgradeRequest {
            containerd: instance(ContainerDriver::Cri, ContainerdNamespace::NsSystem),
            source: Some(machine::InstallArtifactsSource {
                image_name: json["source"]["imageName"].as_str().unwrap().to_owned(),
            }),
        }
        .encode_to_vec(),
        "storage.StorageService/BlockDeviceWipe" => storage::BlockDeviceWipeRequest {
            devices: vec![storage::BlockDeviceWipeDescriptor {
                device: "nosuch".to_owned(),
                ..Default::default()
            }],
        }
        .encode_to_vec(),
        "cluster.ClusterService/HealthCheck" => {
            let wait_timeout = json["waitTimeout"].as_str().map(seconds);
            cluster::HealthCheckRequest { wait_timeout, cluster_info: None }.encode_to_vec()
        }
        other => {
            let fields: BTreeMap<String, Value> = serde_json::from_value(json.clone()).unwrap();
            // What is false or empty is not on the wire.
            assert!(fields.values().all(|value| *value == Value::Bool(false)), "{other} {json}");
            Vec::new()
        }
    }
}

fn instance(driver: ContainerDriver, namespace: ContainerdNamespace) -> Option<ContainerdInstance> {
    Some(ContainerdInstance { driver: driver.into(), namespace: namespace.into() })
}

fn seconds(text: &str) -> prost_types::Duration {
    prost_types::Duration { seconds: text.trim_end_matches('s').parse().unwrap(), nanos: 0 }
}

/// Messages as they are on the wire.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
