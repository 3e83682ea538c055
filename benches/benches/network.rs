//! Calling machines: one call after the other, 64 at once, streams of bytes, lists and watches of many resources, and a
//! thousand machines.
//!
//! - `network OPERATION SECONDS TALOSCONFIG [threads]` measures one operation against a server and prints a line of JSON.
//!   The client is on one thread, or in a task on a runtime of several with `threads`. The server must have a file
//!   `/bench/1073741824` of that size and, for `list` and `watch`, 10,000 AddressStatuses.
//! - `network nodes TALOSCONFIG` asks every member of the cluster for its version, once with nothing connected and then
//!   again, and watches MachineStatus on all of them; prints time and memory.
//! - `network serve TALOSCONFIG WORKERS` is a simulated cluster of three control planes until its input ends. It writes
//!   the file and prints a line when it is ready.
//!
//! `../run.sh` runs them, with Go's client and server beside ours. Without arguments a small round is made in one process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at what fails")]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::future::Future;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt, TryStreamExt};
use talos_benches::{cpu_time, memory_kib, summary};
use talos_sdk::pki::Role;
use talos_sdk::resources::types::network::AddressStatusSpec;
use talos_sdk::resources::{MachineStatus, Member, WatchEvent};
use talos_sdk::{Client, ClientOptions, Node, TalosConfig};
use talos_sim::{ClusterOptions, NodeOptions, SimCluster, Simulation, SimulationOptions};

/// Bytes of the file that is streamed.
const FILE: u64 = 1 << 30;
/// Resources in lists and watches.
const RESOURCES: usize = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // Servers use every core; a client of one connection gains nothing from a second thread, and loses the time to wake it.
    let mut runtime = match arguments[..] {
        ["serve", ..] | [_, _, _, "threads"] | [] => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    runtime.enable_all().build().unwrap().block_on(run(&arguments));
}

async fn run(arguments: &[&str]) {
    match *arguments {
        ["serve", file, workers] => {
            let cluster = simulate(workers.parse().unwrap()).await;
            write(&cluster, Path::new(file));
            println!("ready");
            // The answer is the end of the input; the simulation goes on meanwhile.
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
                .await
                .unwrap()
                .unwrap();
        }
        ["nodes", file] => nodes(&client(Path::new(file))).await,
        [operation, seconds, file] => {
            measure(operation, seconds.parse().unwrap(), &client(Path::new(file))).await
        }
        [operation, seconds, file, "threads"] => {
            let (operation, seconds) = (operation.to_owned(), seconds.parse().unwrap());
            let client = client(Path::new(file));
            // What waits in `main` itself is on no thread of the runtime, so each reply would have to wake it.
            tokio::spawn(async move { measure(&operation, seconds, &client).await }).await.unwrap();
        }
        _ => {
            let cluster = simulate(20).await;
            let client = connect(&cluster);
            measure("unary", 1.0, &client).await;
            measure("unary_64", 1.0, &client).await;
            nodes(&client).await;
        }
    }
}

async fn simulate(workers: usize) -> SimCluster {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    // Zeros take no memory, and every machine has the same.
    let machine = NodeOptions::default().with_file(format!("/bench/{FILE}"), vec![0; FILE as usize]);
    let options =
        ClusterOptions::default().with_control_planes(3).with_workers(workers).with_machine(machine);
    simulation.cluster(options).await.unwrap()
}

fn connect(cluster: &SimCluster) -> Client {
    let config = TalosConfig::from_yaml(cluster.talosconfig(Role::Admin).unwrap().expose()).unwrap();
    Client::connect(&config, options()).unwrap()
}

fn client(file: &Path) -> Client {
    Client::connect(&TalosConfig::load(file).unwrap(), options()).unwrap()
}

/// A thousand calls at once reach their machines only one after the other, so each may take long.
fn options() -> ClientOptions {
    ClientOptions::default().with_call_timeout(Duration::from_secs(120))
}

async fn measure(name: &str, seconds: f64, client: &Client) {
    let node = client.endpoint();
    match name {
        "unary" => repeat(name, 1, seconds, || async { node.version().await.map(drop).unwrap() }).await,
        "unary_64" => repeat(name, 64, seconds, || async { node.version().await.map(drop).unwrap() }).await,
        "stream" => repeat(name, 1, seconds, || read_all(&node)).await,
        "list" => {
            let list = || async {
                let list = node.resources::<AddressStatusSpec>().list().await.unwrap();
                assert_eq!(list.len(), RESOURCES);
            };
            repeat(name, 1, seconds, list).await;
        }
        "watch" => repeat(name, 1, seconds, || watch_contents(&node)).await,
        other => panic!("no operation {other}, only unary, unary_64, stream, list, watch"),
    }
}

async fn read_all(node: &Node) {
    let mut bytes = node.read(format!("/bench/{FILE}"));
    let mut seen = 0;
    while let Some(piece) = bytes.try_next().await.unwrap() {
        seen += piece.len() as u64;
    }
    assert_eq!(seen, FILE);
}

/// Reads what is there from a watch, many resources in a message.
async fn watch_contents(node: &Node) {
    let mut watch = node.resources::<AddressStatusSpec>().watch().await.unwrap();
    let mut seen = 0;
    while let Some(event) = watch.try_next().await.unwrap() {
        match event {
            WatchEvent::Created(_) => seen += 1,
            WatchEvent::Bootstrapped => break,
            _ => panic!("the resources change"),
        }
    }
    assert_eq!(seen, RESOURCES);
}

/// Runs the operation once, and then for the given time, so many at once.
async fn repeat<F: Future<Output = ()>>(name: &str, callers: usize, seconds: f64, operation: impl Fn() -> F) {
    operation().await;
    let (began, cpu) = (Instant::now(), cpu_time());
    let limit = Duration::from_secs_f64(seconds);
    let caller = async || {
        let mut times = Vec::new();
        while times.is_empty() || began.elapsed() < limit {
            let start = Instant::now();
            operation().await;
            times.push(start.elapsed());
        }
        times
    };
    let all: Vec<Vec<Duration>> =
        (0..callers).map(|_| caller()).collect::<FuturesUnordered<_>>().collect().await;
    println!("{}", summary(name, &mut all.concat(), began.elapsed(), cpu_time() - cpu));
}

/// Asks all members of the cluster, through all endpoints.
async fn nodes(client: &Client) {
    let members = client.endpoint().resources::<Member>().list().await.unwrap();
    let names: Vec<String> = members.iter().map(|member| member.spec.addresses[0].to_string()).collect();
    let (_, before) = memory_kib();
    for what in ["version, first time", "version, again"] {
        let began = Instant::now();
        let versions = client.nodes(&names).each(async |node: Node| node.version().await).await;
        assert_eq!(versions.into_result().unwrap().len(), names.len());
        print(what, names.len(), began.elapsed(), before);
    }
    let began = Instant::now();
    let first = async |name: &String| {
        let mut watch = client.node(name).resources::<MachineStatus>().watch().await.unwrap();
        let event = watch.try_next().await.unwrap().unwrap();
        assert!(matches!(event, WatchEvent::Created(_)));
        watch
    };
    let watches: Vec<_> = names.iter().map(first).collect::<FuturesUnordered<_>>().collect().await;
    assert_eq!(watches.len(), names.len());
    print("watch MachineStatus", names.len(), began.elapsed(), before);
}

fn print(what: &str, nodes: usize, time: Duration, before_kib: u64) {
    let (_, now) = memory_kib();
    let each = now.saturating_sub(before_kib) as f64 / nodes as f64;
    println!("| {what} | {nodes} | {:.0} | {each:.1} |", time.as_secs_f64() * 1e3);
}

/// Writes the talosconfig of an administrator where nobody else can read it.
fn write(cluster: &SimCluster, file: &Path) {
    TalosConfig::from_yaml(cluster.talosconfig(Role::Admin).unwrap().expose()).unwrap().save(file).unwrap();
}
