//! How to do what people do with machines, one example a task.
//!
//! Each example is run against simulated machines when this library is tested. `client` is connected to a cluster as
//! its administrator; `control_plane` and `worker` are the addresses of two machines, `control_planes` those of three.
//!
//! # Connect to a cluster
//!
//! With the file that talosctl uses: [`TalosConfig::find`](talosconfig::TalosConfig::find) finds it. Nothing is
//! sent before the first call.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let (path, worker) = (lab.folder.path().join("config"), &lab.worker);
//! # std::fs::write(&path, &lab.talosconfig)?;
//! use talos_client::talosconfig::TalosConfig;
//! use talos_client::{Client, ClientOptions};
//!
//! let client = Client::connect(&TalosConfig::load(&path)?, ClientOptions::default())?;
//! println!("{}", client.node(worker).version().await?.tag);
//! # Ok(()) }) }
//! ```
//!
//! # Call one machine
//!
//! By its address, through any endpoint: [`Client::node`](crate::Client::node).
//! [`Client::endpoint`](crate::Client::endpoint) is the machine that answers itself.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! let node = client.node(worker);
//! for service in node.services().await? {
//!     println!("{} is {}", service.id, service.state);
//! }
//! let memory = node.memory().await?;
//! println!("{} of {} bytes are in use", memory.used(), memory.total);
//! # Ok(()) }) }
//! ```
//!
//! # Call several machines
//!
//! One result for each, in the order asked: [`Nodes::each`](crate::Nodes::each), [`PerNode`](crate::PerNode).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let control_plane = &lab.control_plane;
//! # let worker = &lab.worker;
//! let nodes = client.nodes([control_plane, worker]);
//! for (node, version) in nodes.each(async |node| node.version().await).await {
//!     match version {
//!         Ok(version) => println!("{node} runs Talos {}", version.tag),
//!         Err(error) => println!("{node}: {error}"),
//!     }
//! }
//! // Or all or nothing, with an error that names each node that failed.
//! let versions = nodes.each(async |node| node.version().await).await.into_result()?;
//! assert_eq!(versions.len(), 2);
//! # Ok(()) }) }
//! ```
//!
//! # Reach a machine that has no configuration yet
//!
//! It is trusted by the fingerprint that its console shows: [`Client::maintenance`](crate::Client::maintenance).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # use talos_sim::{NodeOptions, Stage};
//! # let machine = lab.cluster.simulation().add_node(NodeOptions::default())?;
//! # machine.wait_for(Stage::Maintenance).await;
//! # let address = machine.address().to_string();
//! # let fingerprint = machine.fingerprint().ok_or("it listens")?;
//! use talos_client::{Client, ClientOptions};
//!
//! let client = Client::maintenance(&address, &[fingerprint], ClientOptions::default())?;
//! for disk in client.endpoint().disks().await? {
//!     println!("{} has {} bytes", disk.device_name, disk.size);
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Give a machine its configuration
//!
//! The mode says when it takes effect, and is always set: [`ApplyMode`](crate::ApplyMode).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! # let configuration = lab.cluster.worker_config().expose();
//! use talos_client::{ApplyMode, ApplyOptions};
//!
//! let options = ApplyOptions::default().with_mode(ApplyMode::NoReboot);
//! let applied = client.node(worker).apply_configuration(configuration, options).await?;
//! for warning in &applied.warnings {
//!     println!("questionable: {warning}");
//! }
//! # Ok(()) }) }
//! ```
//!
//! # See what a configuration would change, or try it out
//!
//! A trial takes itself back unless another configuration is applied in time:
//! [`ApplyOptions::with_try`](crate::ApplyOptions::with_try).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! # let configuration = lab.cluster.worker_config().expose().replace("machine:\n", "machine:\n    sysctls: {vm.swappiness: \"1\"}\n");
//! use std::time::Duration;
//! use talos_client::ApplyOptions;
//!
//! let node = client.node(worker);
//! let checked = node.apply_configuration(&configuration, ApplyOptions::default().with_dry_run()).await?;
//! println!("{}", checked.diff().unwrap_or("nothing would change"));
//!
//! let for_a_minute = ApplyOptions::default().with_try(Duration::from_secs(60));
//! node.apply_configuration(&configuration, for_a_minute).await?;
//! # Ok(()) }) }
//! ```
//!
//! # Patch a configuration
//!
//! Refused where that would undo a trial or the change of somebody else:
//! [`Node::patch_configuration`](crate::Node::patch_configuration). `talos-machineconfig` makes the patches.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! use talos_client::ApplyOptions;
//! use talos_machineconfig::{Patch, patch_text};
//!
//! let patch = Patch::parse("machine:\n  sysctls:\n    vm.swappiness: \"1\"\n")?;
//! let change = |text: &str| patch_text(text, &[patch]).map(|patched| patched.text.expose().to_owned());
//! let applied = client.node(worker).patch_configuration(change, ApplyOptions::default()).await?;
//! assert!(applied.is_some(), "something changed");
//! # Ok(()) }) }
//! ```
//!
//! # Bootstrap etcd
//!
//! Once in the life of a cluster, on one control plane node: [`Node::bootstrap`](crate::Node::bootstrap).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let control_plane = &lab.control_plane;
//! match client.node(control_plane).bootstrap().await {
//!     Ok(()) => println!("etcd begins"),
//!     Err(error) if error.is_already_exists() => println!("it was bootstrapped before"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Get access to Kubernetes
//!
//! Merged into the kubeconfig of a user, for whom nothing is lost:
//! [`KubeconfigFile::merge`](crate::KubeconfigFile::merge). [`KubeconfigFile::find`](crate::KubeconfigFile::find)
//! finds the file that kubectl uses.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let control_plane = &lab.control_plane;
//! # let path = lab.folder.path().join("kubeconfig");
//! use talos_client::{KubeconfigFile, KubeconfigMerge};
//!
//! let kubeconfig = client.node(control_plane).kubeconfig().await?;
//! let merged = KubeconfigFile::at(&path).merge(&kubeconfig, &KubeconfigMerge::default()).await?;
//! println!("the context is {}", merged.context);
//! # Ok(()) }) }
//! ```
//!
//! # Reboot a machine and know how it ends
//!
//! The answer to the call proves nothing; the [`Action`](crate::Action) is followed until the machine is ready
//! again.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! use std::time::Duration;
//! use futures_util::TryStreamExt;
//! use talos_client::RebootOptions;
//!
//! let reboot = client.node(worker).reboot(RebootOptions::default()).await?;
//! let mut progress = reboot.progress(Duration::from_secs(600));
//! while let Some(step) = progress.try_next().await? {
//!     println!("{step}");
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Upgrade Talos
//!
//! By the calls that the version on the machine has: [`Node::upgrade`](crate::Node::upgrade).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! use std::time::Duration;
//! use talos_client::{Outcome, UpgradeOptions};
//!
//! let options = UpgradeOptions::new("ghcr.io/siderolabs/installer:v1.14.0");
//! let outcome = client.node(worker).upgrade(options).await?.finished(Duration::from_secs(1800)).await?;
//! assert_eq!(outcome, Outcome::Up);
//! # Ok(()) }) }
//! ```
//!
//! # Save etcd
//!
//! The file is there only if the snapshot is whole, which its hash proves:
//! [`Node::etcd_snapshot_to`](crate::Node::etcd_snapshot_to).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let control_plane = &lab.control_plane;
//! # let path = lab.folder.path().join("etcd.snapshot");
//! let saved = client.node(control_plane).etcd_snapshot_to(&path).await?;
//! println!("{} bytes", saved.size);
//! # Ok(()) }) }
//! ```
//!
//! # Take a member out of etcd
//!
//! For one whose machine is gone; a machine that lives leaves by itself
//! ([`Node::etcd_leave`](crate::Node::etcd_leave)).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(3, async |client, lab| {
//! # let (control_plane, lost) = (&lab.control_planes[0], "sim-cp-3");
//! let node = client.node(control_plane);
//! let members = node.etcd_members().await?;
//! let member = members.iter().find(|member| member.hostname == lost).ok_or("no such member")?;
//! node.etcd_remove_member(member.id).await?;
//! # Ok(()) }) }
//! ```
//!
//! # Follow logs
//!
//! Of a service, from its last lines on; dropping the stream ends the call: [`Node::logs`](crate::Node::logs).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let control_plane = &lab.control_plane;
//! use futures_util::TryStreamExt;
//! use talos_client::LogOptions;
//!
//! let mut lines = client.node(control_plane).logs(LogOptions::service("etcd").with_tail(10).with_follow());
//! if let Some(piece) = lines.try_next().await? {
//!     print!("{}", String::from_utf8_lossy(&piece));
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Follow events
//!
//! Typed, of all machines at once; a machine that fails ends only its own part:
//! [`Nodes::merge`](crate::Nodes::merge).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let control_plane = &lab.control_plane;
//! # let worker = &lab.worker;
//! use futures_util::StreamExt;
//! use talos_client::{EventOptions, EventPayload, EventTail};
//!
//! let past = EventOptions::default().with_tail(EventTail::All);
//! let nodes = client.nodes([control_plane, worker]);
//! let mut events = nodes.merge(move |node| {
//!     let past = past.clone();
//!     async move { node.events(past).await }
//! })?;
//! while let Some((node, event)) = events.next().await {
//!     if let EventPayload::MachineStatus { ready: true, .. } = event?.payload {
//!         println!("{node} is ready");
//!         break;
//!     }
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Look at files, and take them home
//!
//! An archive is unpacked without trusting the machine: nothing is written outside of the folder
//! ([`Archive::extract`](crate::Archive::extract)).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! # let folder = lab.folder.path().join("etc");
//! use futures_util::TryStreamExt;
//! use talos_client::{ExtractOptions, ListOptions};
//!
//! let node = client.node(worker);
//! let entries: Vec<_> = node.list(ListOptions::new("/etc")).try_collect().await?;
//! println!("{} entries", entries.len());
//!
//! let extracted = node.copy("/etc").extract(&folder, ExtractOptions::default()).await?;
//! println!("{} files", extracted.files);
//! for file in &extracted.skipped {
//!     println!("{} is missing: {}", file.path.display(), file.reason);
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Read resources
//!
//! What the machine knows, typed: [`resources`](crate::resources) has all types of Talos.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! use talos_client::resources::types::network::LinkStatusSpec;
//! use talos_client::resources::{MachineStatus, Member};
//!
//! let node = client.node(worker);
//! println!("{:?}", node.resources::<MachineStatus>().get_single().await?.spec.stage);
//! for member in node.resources::<Member>().list().await? {
//!     println!("{} is {:?}", member.metadata.id, member.spec.addresses);
//! }
//! for link in node.resources::<LinkStatusSpec>().list().await? {
//!     println!("{} has MTU {}", link.metadata.id, link.spec.mtu);
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Wait for resources, or hear of every change
//!
//! Through restarts and broken connections, nothing lost and nothing twice:
//! [`Resources::changes`](crate::Resources::changes).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! use std::time::Duration;
//! use futures_util::TryStreamExt;
//! use talos_client::resources::{Change, MachineStatus};
//!
//! let statuses = client.node(worker).resources::<MachineStatus>();
//! let ten_minutes = Duration::from_secs(600);
//! statuses.wait_until(|all| all.iter().all(|status| status.spec.ready), ten_minutes).await?;
//!
//! let mut changes = statuses.changes();
//! while let Some(change) = changes.try_next().await? {
//!     match change {
//!         Change::Created(status) | Change::Updated { new: status, .. } => println!("{:?}", status.spec.stage),
//!         Change::Destroyed(_) => println!("it has no status"),
//!         // All that was there has been told.
//!         _ => break,
//!     }
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Keep resources in memory
//!
//! For many tasks to read; a task of its own keeps them up to date: [`Cache`](crate::resources::Cache).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let control_plane = &lab.control_plane;
//! use talos_client::resources::Member;
//!
//! let members = client.node(control_plane).resources::<Member>().cache();
//! members.ready().await?;
//! println!("{} machines", members.snapshot().len());
//! # Ok(()) }) }
//! ```
//!
//! # Check the health of a cluster
//!
//! By a control plane node, check by check: [`Node::cluster_health`](crate::Node::cluster_health).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let control_plane = &lab.control_plane;
//! use std::time::Duration;
//! use futures_util::TryStreamExt;
//! use talos_client::HealthOptions;
//!
//! let mut checks = client.node(control_plane).cluster_health(HealthOptions::new(Duration::from_secs(300)));
//! while let Some(progress) = checks.try_next().await? {
//!     println!("{progress:?}");
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Capture packets
//!
//! As a file for Wireshark or packet by packet, with a filter of `tcpdump -dd`:
//! [`Node::capture_packets`](crate::Node::capture_packets).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! use std::time::Duration;
//! use futures_util::TryStreamExt;
//! use talos_client::PcapOptions;
//!
//! let options = PcapOptions::new("eth0").with_snap_len(128).with_duration(Duration::from_secs(10));
//! let mut packets = client.node(worker).capture_packets(options).packets();
//! if let Some(packet) = packets.try_next().await? {
//!     println!("{} bytes at {:?}", packet.length, packet.time);
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Renew the certificate
//!
//! Before it expires, while the client is in use: [`Client::keep_certificate`](crate::Client::keep_certificate), or
//! once:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let path = lab.folder.path().join("config");
//! use std::time::Duration;
//!
//! let talosconfig = client.renew_certificate(Some(Duration::from_secs(24 * 3600))).await?;
//! talosconfig.save(&path)?;
//! # Ok(()) }) }
//! ```
//!
//! # Act on errors
//!
//! By their kind; the text is for people, and says what to do: [`ErrorKind`](crate::ErrorKind).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! use std::time::Duration;
//! use talos_client::ErrorKind;
//!
//! let node = client.node(worker);
//! let version = loop {
//!     match node.version().await {
//!         Ok(version) => break version,
//!         // It boots, restarts or is out of reach: the same call can succeed later.
//!         Err(error) if error.is_retryable() => tokio::time::sleep(Duration::from_secs(1)).await,
//!         Err(error) => return Err(error.into()),
//!     }
//! };
//! assert!(node.service("no-such-service").await.is_err_and(|error| error.kind() == ErrorKind::NotFound));
//! println!("{}", version.tag);
//! # Ok(()) }) }
//! ```
//!
//! # Set time limits, and cancel
//!
//! For the client ([`ClientOptions::call_timeout`](crate::ClientOptions::call_timeout)) or a node; dropping a
//! future or a stream ends the call on the machine too.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! use std::time::Duration;
//!
//! let patient = client.node(worker).with_timeout(Duration::from_secs(5));
//! match patient.hostname().await {
//!     Ok(name) => println!("{name}"),
//!     Err(error) if error.is_timeout() => println!("it takes too long"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(()) }) }
//! ```
//!
//! # Make a call that has no method here
//!
//! With the generated stubs, which keep target, deadline, failover and errors: [`Node::raw`](crate::Node::raw).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |client, lab| {
//! # let worker = &lab.worker;
//! use talos_client::Error;
//!
//! let reply = client.node(worker).raw().machine().version(()).await.map_err(Error::from)?;
//! assert_eq!(reply.into_inner().messages.len(), 1);
//! # Ok(()) }) }
//! ```
