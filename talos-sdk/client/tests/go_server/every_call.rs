//! Every call of the client, on a server that records what arrives: the method, the headers, the request. The table of
//! them is in `rows`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use talos_client::talos_pki::{CaOptions, CertificateAuthority, LeafOptions, Role, SystemClock};
use talos_client::talosconfig::Context;
use talos_client::{Client, ClientOptions, Error, ErrorKind, Node};
use talos_proto::cosi::resource as proto;

use crate::rows::{self, Row, Unnamed};
use crate::server::{GoServer, HOSTNAMES};

const NODE: &str = "10.0.0.2";

/// Methods that Go's stubs of v1.13.9 do not have. Their calls arrive, without a type for their requests.
const WITHOUT_STUB: [&str; 7] = [
    "cosi.resource.State/Teardown",
    "cosi.resource.State/TeardownAndDestroy",
    "machine.LVMService/LogicalVolumeRemove",
    "machine.LVMService/PhysicalVolumeRemove",
    "machine.LVMService/VolumeGroupRemove",
    "machine.MDService/Destroy",
    "machine.MachineService/GenerateConfiguration",
];

/// Methods that no machine serves on its API.
const ELSEWHERE: [&str; 4] = [
    "securityapi.SecurityService/Certificate",
    "signerapi.SignerService/GetCertificate",
    "signerapi.SignerService/GetPublicKey",
    "signerapi.SignerService/Sign",
];

/// Functions of `Node` that call nothing, or give what calls.
const NO_CALLS: [&str; 6] =
    ["name", "with_timeout", "raw", "forget_server_version", "resources", "resources_untyped"];
/// The same of `Client`.
const NO_CALLS_OF_CLIENT: [&str; 10] = [
    "connect",
    "from_context",
    "maintenance",
    "node",
    "endpoint",
    "nodes",
    "default_nodes",
    "endpoints",
    "set_identity",
    "certificate",
];
/// The same of `Resources`.
const NO_CALLS_OF_RESOURCES: [&str; 5] = ["in_namespace", "with_labels", "with_ids", "with_owner", "untyped"];

/// Makes the call of a row as a client of one endpoint, and gives the record of the server beside the result.
async fn play(server: &mut GoServer, row: &Row, node: Option<&str>) -> (Result<(), Error>, Vec<Value>) {
    let client = server.client();
    let handle = node.map_or_else(|| client.endpoint(), |name| client.node(name));
    play_as(server, row, client, handle).await
}

async fn play_as(
    server: &mut GoServer,
    row: &Row,
    client: Client,
    handle: Node,
) -> (Result<(), Error>, Vec<Value>) {
    server.tell(json!({"cmd": "clear"}));
    for (method, replies) in &row.answers {
        server.tell(json!({"cmd": "reply", "method": method, "replies": replies}));
    }
    for method in &row.lacks {
        server.tell(
            json!({"cmd": "reply", "method": method, "code": "UNIMPLEMENTED", "text": "no such method"}),
        );
    }
    let result = (row.work)(client, handle).await;
    let calls = server.tell(json!({"cmd": "calls"}));
    (result, calls.as_array().cloned().unwrap_or_default())
}

fn method(call: &Value) -> &str {
    call["method"].as_str().unwrap().trim_start_matches('/')
}

fn check_headers(calls: &[Value], node: Option<&str>) {
    for call in calls {
        let metadata = &call["metadata"];
        assert_eq!(metadata["runtime"], json!(["Talos"]), "{call}");
        assert_eq!(metadata["node"], node.map_or(Value::Null, |name| json!([name])), "{call}");
        assert_eq!(metadata["nodes"], Value::Null, "{call}");
        assert_eq!(metadata["proxyfrom"], Value::Null, "{call}");
    }
}

/// That what was asked is what was meant.
fn check_request(row: &Row, calls: &[Value]) {
    // A stream that was dropped is recorded when the server notices.
    let Some(call) = calls.iter().rfind(|call| method(call) == row.methods[0]) else {
        assert!(row.methods[0].ends_with("/Watch"), "{}: {} did not arrive", row.name, row.methods[0]);
        return;
    };
    if WITHOUT_STUB.contains(&row.methods[0]) {
        use base64::Engine;
        let unknown = call["unknown"].as_str().unwrap();
        let unknown = base64::engine::general_purpose::STANDARD.decode(unknown).unwrap();
        texts(&row.asks, &mut |text| {
            assert!(
                unknown.windows(text.len()).any(|part| part == text.as_bytes()),
                "{}: no {text}",
                row.name
            );
        });
        return;
    }
    assert_eq!(call["unknown"], Value::Null, "{}: fields that Go does not know", row.name);
    match row.asks_more {
        true => assert!(
            holds(&call["request"], &row.asks),
            "{}: {} lacks of {}",
            row.name,
            call["request"],
            row.asks
        ),
        false => assert_eq!(call["request"], row.asks, "{}", row.name),
    }
    if let Some(sends) = &row.sends {
        assert_eq!(&call["messages"], sends, "{}", row.name);
    }
}

fn texts(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, each)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, each)),
        _ => {}
    }
}

/// Whether all of `part` is in `whole`.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|found| holds(found, value)))
        }
        _ => whole == part,
    }
}

#[tokio::test]
async fn every_call_arrives_as_it_was_meant() {
    let Some(mut server) = GoServer::start(&["-cosi-writes"]) else { return };
    for row in rows::all() {
        for node in [Some(NODE), None] {
            eprintln!("{} {node:?}", row.name);
            let (result, calls) = play(&mut server, &row, node).await;
            if node.is_none() && row.unnamed == Unnamed::Refuses {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidTarget, "{}", row.name);
                assert!(calls.is_empty(), "{}: {calls:?}", row.name);
                continue;
            }
            match result {
                Err(error) if row.unknown => assert!(error.is_unimplemented(), "{}: {error}", row.name),
                result => result.unwrap_or_else(|error| panic!("{}: {error}", row.name)),
            }
            check_headers(&calls, node.filter(|_| row.unnamed != Unnamed::Client));
            let called: BTreeSet<&str> = calls.iter().map(method).collect();
            let meant: BTreeSet<&str> = row.methods.iter().copied().collect();
            let missing: Vec<_> =
                meant.difference(&called).filter(|name| !name.ends_with("/Watch")).collect();
            assert!(missing.is_empty(), "{}: no {missing:?}", row.name);
            let others = called.difference(&meant).filter(|name| !row.looks.contains(name));
            assert_eq!(others.collect::<Vec<_>>(), Vec::<&&str>::new(), "{}", row.name);
            check_request(&row, &calls);
        }
    }
}

/// What changes a machine, or must find the same one again: with several endpoints it needs a name.
const FOR_ONE_MACHINE: [&str; 32] = [
    "Node::apply_configuration",
    "Node::bootstrap",
    "Node::debug_container",
    "Node::delete_meta",
    "Node::destroy_array",
    "Node::etcd_defragment",
    "Node::etcd_forfeit_leadership",
    "Node::etcd_leave",
    "Node::etcd_recover",
    "Node::etcd_recover_from",
    "Node::etcd_remove_member",
    "Node::import_image",
    "Node::import_image_stream",
    "Node::patch_configuration",
    "Node::pull_image",
    "Node::reboot",
    "Node::remove_image",
    "Node::remove_logical_volume",
    "Node::remove_physical_volume",
    "Node::remove_volume_group",
    "Node::reset",
    "Node::restart_container",
    "Node::restart_service",
    "Node::rollback",
    "Node::run_install",
    "Node::run_upgrade",
    "Node::shutdown",
    "Node::start_service",
    "Node::stop_service",
    "Node::upgrade",
    "Node::wipe_block_devices",
    "Node::write_meta",
];

#[tokio::test]
async fn what_changes_a_machine_is_not_sent_to_any_of_several() {
    let listeners = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let endpoints = listeners.each_ref().map(|listener| {
        listener.set_nonblocking(true).unwrap();
        listener.local_addr().unwrap().to_string()
    });
    let ca = CertificateAuthority::generate(&CaOptions::new("talos"), &SystemClock).unwrap();
    let identity = ca.issue(&LeafOptions::client([Role::Admin]), &SystemClock).unwrap();
    let context = Context::new(endpoints).with_identity(&ca.certificate, &identity);
    let mut refused = BTreeSet::new();
    for row in rows::all().iter().filter(|row| FOR_ONE_MACHINE.contains(&row.name.as_str())) {
        let client = Client::from_context(&context, ClientOptions::default()).unwrap();
        let node = client.endpoint();
        let error = (row.work)(client, node).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidTarget, "{}: {error}", row.name);
        assert!(error.to_string().contains("client.node("), "{}: {error}", row.name);
        refused.insert(row.name.clone());
    }
    assert_eq!(refused.len(), FOR_ONE_MACHINE.len());
    for listener in listeners {
        assert!(listener.accept().is_err(), "somebody called");
    }
}

/// The functions in the `impl` blocks that begin so.
fn functions(beginning: &str) -> BTreeSet<String> {
    fn sources(folder: &Path, texts: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => sources(&path, texts),
                false => texts.push(std::fs::read_to_string(path).unwrap()),
            }
        }
    }
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let mut names = BTreeSet::new();
    for text in &all {
        let mut inside = false;
        for line in text.lines() {
            inside = match line {
                "}" => false,
                _ => inside || (line.starts_with("impl") && line.ends_with(beginning)),
            };
            let function = line.strip_prefix("    pub async fn ").or(line.strip_prefix("    pub fn "));
            if let Some(name) = function.filter(|_| inside).and_then(|rest| rest.split(['(', '<']).next()) {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_function_and_every_method_is_in_the_table() {
    let rows = rows::all();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let node = functions("impl Node {").into_iter().filter(|name| !NO_CALLS.contains(&name.as_str()));
    let resources = functions(" Resources<S> {")
        .into_iter()
        .filter(|name| !NO_CALLS_OF_RESOURCES.contains(&name.as_str()));
    let client =
        functions("impl Client {").into_iter().filter(|name| !NO_CALLS_OF_CLIENT.contains(&name.as_str()));
    let functions: BTreeSet<String> = node
        .map(|name| format!("Node::{name}"))
        .chain(resources.map(|name| format!("Resources::{name}")))
        .chain(client.map(|name| format!("Client::{name}")))
        .collect();
    assert!(functions.len() > 100, "{}", functions.len());
    let functions: BTreeSet<&str> = functions.iter().map(String::as_str).collect();
    assert_eq!(functions.symmetric_difference(&names).collect::<Vec<_>>(), Vec::<&&str>::new());

    let called: BTreeSet<&str> =
        rows.iter().flat_map(|row| row.methods.iter().copied()).chain(ELSEWHERE).collect();
    let facts = talos_methods();
    let known: BTreeSet<&str> = facts.keys().map(String::as_str).collect();
    assert_eq!(known.symmetric_difference(&called).collect::<Vec<_>>(), Vec::<&&str>::new());
}

/// All methods, and whether a reader may call each.
fn talos_methods() -> BTreeMap<String, bool> {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/facts/methods.tsv");
    let table = std::fs::read_to_string(table).unwrap();
    table
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (
                fields[0].trim_start_matches('/').to_owned(),
                fields[7].split(',').any(|role| role == "os:reader"),
            )
        })
        .collect()
}

/// What readers may call in maintenance mode only.
const IN_MAINTENANCE: [&str; 2] =
    ["machine.MachineService/ApplyConfiguration", "storage.StorageService/BlockDeviceWipe"];

#[tokio::test]
async fn a_reader_is_refused_what_readers_may_not_call() {
    let Some(mut server) = GoServer::start(&["-cosi-writes", "-roles", "os:reader"]) else { return };
    let facts = talos_methods();
    let mut refusals = 0;
    for row in rows::all().iter().filter(|row| !row.unknown) {
        let may = |method: &&str| {
            let stub = !WITHOUT_STUB.contains(method);
            stub && facts[*method] && !IN_MAINTENANCE.contains(method)
        };
        // Which boot it is, actions read from a file that readers may not see, or from a resource.
        let allowed = row.methods.iter().all(may);
        let (result, calls) = play(&mut server, row, Some(NODE)).await;
        check_headers(&calls, (row.unnamed != Unnamed::Client).then_some(NODE));
        if allowed {
            result.unwrap_or_else(|error| panic!("{}: {error}", row.name));
            continue;
        }
        refusals += 1;
        let refused = result.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "{}: {refused}", row.name);
        assert!(refused.to_string().contains("os:reader"), "{}: {refused}", row.name);
    }
    assert!(refusals > 30, "{refusals}");
}

#[tokio::test]
async fn the_error_of_a_node_inside_a_reply_is_the_error_of_the_call() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let failure = json!({
        "hostname": NODE, "error": "rpc error: code = Unavailable desc = it is down",
        "status": {"code": 14, "message": "it is down"},
    });
    let mut seen = 0;
    for mut row in rows::all() {
        let Some((method, replies)) = row.answers.first_mut() else { continue };
        let method = method.rsplit('/').next().unwrap().to_owned();
        // Newer calls are for one node only, and have no place for it.
        if replies.iter().any(|reply| reply.get("messages").is_none()) {
            continue;
        }
        *replies = vec![json!({"messages": [{"metadata": failure}]})];
        let (result, _) = play(&mut server, &row, Some(NODE)).await;
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.node()),
            (ErrorKind::Unavailable, Some(NODE)),
            "{}: {error}",
            row.name
        );
        assert_eq!(error.method(), Some(method.as_str()), "{}", row.name);
        assert!(error.to_string().contains("it is down"), "{}: {error}", row.name);
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

#[tokio::test]
async fn in_maintenance_mode_anyone_may_what_a_reader_may_and_a_little_more() {
    let Some(mut server) = GoServer::start(&["-cosi-writes", "-maintenance"]) else { return };
    let facts = talos_methods();
    let fingerprint = server.fingerprint.parse().unwrap();
    let (mut answers, mut refusals) = (0, 0);
    for row in rows::all().iter().filter(|row| !row.unknown && row.unnamed != Unnamed::Client) {
        let client = Client::maintenance(&server.address, &[fingerprint], ClientOptions::default()).unwrap();
        let node = client.endpoint();
        let (result, calls) = play_as(&mut server, row, client, node).await;
        check_headers(&calls, None);
        if row.methods.iter().all(|method| !WITHOUT_STUB.contains(method) && facts[*method]) {
            result.unwrap_or_else(|error| panic!("{}: {error}", row.name));
            answers += 1;
        } else {
            let refused = result.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "{}: {refused}", row.name);
            refusals += 1;
        }
    }
    assert!(answers > 40 && refusals > 30, "{answers} and {refusals}");
}

#[tokio::test]
async fn a_request_that_breaks_its_handler_is_an_error_and_the_server_lives() {
    let Some(server) = GoServer::start(&["-cosi-writes"]) else { return };
    let node = server.node();
    // Go's state takes for granted that there are options.
    let mut state = node.raw().state();
    let request = proto::GetRequest {
        namespace: "network".to_owned(),
        r#type: HOSTNAMES.to_owned(),
        id: "hostname".to_owned(),
        options: None,
    };
    let new_resource = state.get(request).await.unwrap().into_inner().resource;
    let without_options = proto::UpdateRequest { new_resource, options: None };
    let broken = state.update(without_options).await.unwrap_err();
    assert_eq!(broken.code(), tonic::Code::Internal, "{broken}");
    node.version().await.unwrap();
}
