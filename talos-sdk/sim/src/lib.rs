//! Simulated Talos machines on loopback: real gRPC, real mutual TLS, real proxying.
//!
//! It is for testing whatever talks to Talos: clients, controllers, installers, and platforms that bring up whole
//! clusters. Machines listen on addresses of their own in 127.0.0.0/8, on the ports of real ones, so unmodified clients
//! reach them, `talosctl` and `kubectl` included. Nothing leaves the machine that the tests run on.
//!
//! | to do | use |
//! |---|---|
//! | simulate machines | [`Simulation::start`], [`Simulation::add_node`] |
//! | have a whole cluster, with credentials for it | [`Simulation::cluster`], [`ClusterOptions`], [`SimCluster`] |
//! | simulate OpenStack, the Image Factory and a load balancer around them | [`SimulatedCloud::start`] |
//! | let time fly or stand still | [`Pace`], [`Clock`] |
//! | give a machine disks, LVM, RAID, files, a platform | [`NodeOptions`], [`SimDisk`], [`VolumeGroup`], [`RaidArray`] |
//! | make something fail | [`Simulation::faults`], [`FaultRule`], [`SimNode::restart`], [`SimNode::power_off`] |
//! | hold up a drain | a disruption budget, created over the Kubernetes API with [`SimCluster::kubeconfig`] |
//! | show a resource of your own | [`SimNode::put_resource`], [`SimResource`] |
//! | see what was called, and by whom | [`Simulation::calls`] |
//! | see what a machine is doing | [`SimNode::stage`], [`SimNode::wait_until_ready`], [`SimNode::console`] |
//!
//! # A machine in maintenance mode
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use talos_sim::{NodeOptions, Simulation, SimulationOptions, Stage};
//!
//! let simulation = Simulation::start(SimulationOptions::default().with_seed(7))?;
//! let node = simulation.add_node(NodeOptions::default().with_name("cp-1"))?;
//! node.wait_for(Stage::Maintenance).await;
//! // An installer reads the fingerprint where a real one does.
//! let fingerprint = node.fingerprint().ok_or("it listens")?.to_string();
//! assert!(node.console().contains(&fingerprint));
//! # Ok(())
//! # }
//! ```
//!
//! # A cluster that loses its first bootstrap
//!
//! Machines read their configuration from user data, as in a cloud. A worker gets its certificate from a control plane
//! of the same cluster, and etcd forms once somebody calls `Bootstrap`.
//!
//! ```
//! # fn configurations() -> (String, String) { (String::new(), String::new()) }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use talos_sim::{NodeOptions, Simulation, SimulationOptions};
//!
//! let (control_plane, worker) = configurations();
//! let simulation = Simulation::start(SimulationOptions::default())?;
//! for (name, config) in [("cp-1", control_plane), ("worker-1", worker)] {
//!     simulation.add_node(NodeOptions::default().with_name(name).with_user_data(config).with_installed(true))?;
//! }
//! simulation.faults().lose_bootstrap();
//! // … run the installer, and then judge it:
//! let bootstraps = simulation.calls().iter().filter(|call| call.method() == "Bootstrap").count();
//! # assert_eq!(bootstraps, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # How a platform tests itself
//!
//! *Does it survive a machine that dies at the wrong moment?* Give the platform its talosconfig, let a fault strike, and
//! judge what it did by the calls that machines served.
//!
//! ```
//! # async fn upgrade_everything(_: &talos_sim::SecretString) {}
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use talos_sim::{ClusterOptions, Fault, FaultRule, Role, Simulation, SimulationOptions};
//!
//! let simulation = Simulation::start(SimulationOptions::default())?;
//! let cluster = simulation.cluster(ClusterOptions::default().with_control_planes(3)).await?;
//! let second = &cluster.control_planes()[1];
//! simulation.faults().add(FaultRule::new("Upgrade", Fault::Restart).on_node(second.address()));
//! upgrade_everything(&cluster.talosconfig(Role::Admin)?).await;
//! let upgrades = simulation.calls().iter().filter(|call| call.method() == "Upgrade").count();
//! # assert_eq!(upgrades, 0);
//! # Ok(())
//! # }
//! ```
//!
//! *Does it see trouble inside of the cluster?* Make the trouble, and look whether the platform raises its alarm.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use talos_sim::{ClusterOptions, EtcdAlarm, SimResource, Simulation, SimulationOptions};
//!
//! let simulation = Simulation::start(SimulationOptions::default())?;
//! let cluster = simulation.cluster(ClusterOptions::default().with_workers(1)).await?;
//! cluster.control_planes()[0].raise_etcd_alarm(EtcdAlarm::NoSpace);
//! let worker = &cluster.workers()[0];
//! let trouble = SimResource::new("Diagnostics.runtime.talos.dev", "address-overlap");
//! worker.put_resource(trouble.with_yaml("message: pod and host addresses overlap\ndetails: []\n"))?;
//! worker.power_off();
//! // … wait until the platform has noticed all three.
//! # Ok(())
//! # }
//! ```
//!
//! *Does it keep up with a large fleet, of many versions?* A machine costs some hundred KiB, so a thousand fit in a test.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use talos_sim::{ClusterOptions, Pace, Simulation, SimulationOptions};
//!
//! let simulation = Simulation::start(SimulationOptions::default().with_pace(Pace::immediate()))?;
//! for version in ["v1.9.6", "v1.12.11", "v1.14.0-rc.1"] {
//!     let options = ClusterOptions::default()
//!         .with_name(version.replace('.', "-"))
//!         .with_talos_version(version.parse()?)
//!         .with_workers(5);
//!     simulation.cluster(options).await?;
//! }
//! assert_eq!(simulation.nodes().len(), 18);
//! # Ok(())
//! # }
//! ```
//!
//! # A whole cloud
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use talos_sim::{CloudOptions, SimulatedCloud};
//!
//! let cloud = SimulatedCloud::start(CloudOptions::default()).await?;
//! // Any client of OpenStack can use it, also from a process of its own.
//! assert!(cloud.clouds_yaml().contains("clouds:"));
//! assert!(cloud.openstack().servers().is_empty() && cloud.simulation().nodes().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # What is simulated, and what is not
//!
//! Every method of the machine API is served, in the versions that have it, 1.9 to 1.14, to the roles that may call it.
//! Answers follow what was done before: an image that was pulled is listed, an upgrade boots another version, a wiped
//! disk is empty, a value of META is there after a reboot.
//!
//! | part | as on a real machine | not |
//! |---|---|---|
//! | connections | TLS with certificates made from the applied configuration, roles, forwarding, status codes, cut and refused connections | firewalls, latency; there is loopback only |
//! | trustd | workers are given their certificates over the network by control planes, for the machine token; faults strike there as well | |
//! | boots | the order in which services come up, events, logs, what a reboot forgets, maintenance mode | nothing runs behind a service |
//! | configuration | is validated, applied in all modes, kept, tried and taken back | most of it has no effect but to be shown |
//! | files | a small tree; [`NodeOptions::with_file`] adds to it | no file system below it |
//! | containers, processes, sockets | those that the services and pods would have; they restart, and have logs | load, memory and traffic are numbers that grow with the time since the boot |
//! | debug containers | `cat`, or a shell with `echo`, `env`, `exit`, `false`, `hostname`, `stty size`, `true` | any other program |
//! | images | can be pulled, listed, removed, imported; the tag of an installer says which version it installs | any image exists in any registry, takes no room, and is well signed; an installer whose tag is no version is a broken one |
//! | disks, LVM, RAID | names, sizes, what a probe would find ([`SimDisk`]); they can be wiped | no data |
//! | network | addresses, host name, time servers that always agree | a packet capture shows only requests for addresses that the machine never sent |
//! | etcd | members, learners, leader, quorum, alarms, snapshots that etcd's own check takes, recovery | no keys but what Kubernetes keeps below |
//! | resources | all types are defined, with the owners of real ones; those of machine, network, cluster, Kubernetes, etcd, disks and secrets are live | lists of those that only controllers inside of Talos use are empty: requests for links, addresses and routes, files below `/etc`, kernel parameters, issued certificates; manifests name their objects and leave out what those say |
//! | Kubernetes | nodes, pods, DaemonSets, Deployments, namespaces and disruption budgets, for administrators by certificate; nodes can be cordoned, drained, labelled, tainted and deleted, pods (of one container) created, evicted and deleted, budgets created and deleted, nodes and pods watched | the scheduler places pods and those of kube-system are made again when they go: no other controller runs; a pod ends at once, and is as ready as its node |
//! | time | everything asks the [`Clock`]; with the same seed, ids and order are the same | keys are random |

mod api;
mod bolt;
mod calls;
mod clock;
mod cloud;
mod cluster;
mod components;
mod config;
mod director;
mod disk;
mod error;
mod etcd;
mod events;
mod faults;
mod files;
mod forward;
mod grpc;
mod hardware;
mod identity;
mod images;
mod kubernetes;
mod local;
mod logs;
mod machine;
mod machines;
mod methods;
mod network;
mod node;
mod options;
mod pods;
mod resource;
mod resources;
mod rfc3339;
mod rootfs;
mod run;
mod sequence;
mod server;
mod services;
mod show;
mod shutdown;
mod sim_cluster;
mod sim_node;
mod simulation;
mod stage;
mod storage;
mod tasks;
mod trustd;
mod version;
mod workload;

pub use calls::Call;
pub use clock::{Clock, TokioClock};
pub use cloud::{CloudOptions, SimulatedCloud};
pub use error::{Error, ErrorKind};
pub use etcd::EtcdAlarm;
pub use faults::{Fault, FaultRule, Faults};
pub use machines::TALOS_VERSION_PROPERTY;
pub use options::{NodeOptions, Pace, SimulationOptions};
pub use resource::SimResource;
pub use sim_cluster::{ClusterOptions, SimCluster};
pub use sim_node::SimNode;
pub use simulation::Simulation;
pub use stage::Stage;
pub use storage::{RaidArray, SimDisk, VolumeGroup};
pub use talos_pki::{Role, RoleSet, SecretString};
pub use tonic::Code;
pub use version::TalosVersion;
