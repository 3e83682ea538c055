//! What runs on a machine: services, containers and processes, which agree with each other.

use std::sync::Arc;

use tonic::Status;

use crate::logs::{Log, pod_line};
use crate::pods::{Pod, SANDBOX_IMAGE, container_id, static_pods};
use crate::run::Run;
use crate::services::ServiceState;
use talos_proto::common::ContainerDriver;

/// containerd's namespaces.
pub(crate) const SYSTEM: &str = "system";
pub(crate) const KUBERNETES: &str = "k8s.io";

/// A container, or the sandbox of a pod.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    /// What a person calls it, and what a client names it by.
    pub(crate) id: String,
    pub(crate) internal_id: String,
    pub(crate) uid: String,
    pub(crate) pod_id: String,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) pid: u32,
    pub(crate) status: &'static str,
    pub(crate) network_namespace: String,
    /// Whether it is only the sandbox around a container.
    pub(crate) sandbox: bool,
}

/// A process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) name: String,
    pub(crate) executable: String,
    pub(crate) args: String,
    pub(crate) threads: i32,
    /// Bytes.
    pub(crate) resident: u64,
}

/// A service that is a process, in the order of their pids: its program and its arguments.
const SERVICES: [(&str, &str, &str); 9] = [
    ("udevd", "/usr/bin/systemd-udevd", "--resolve-names=never"),
    ("containerd", "/usr/bin/containerd", "--address /system/run/containerd/containerd.sock"),
    ("syslogd", "", ""),
    ("apid", "/sbin/init", "apid"),
    (
        "cri",
        "/usr/bin/containerd",
        "--address /run/containerd/containerd.sock --config /etc/cri/containerd.toml",
    ),
    ("trustd", "/sbin/init", "trustd"),
    ("etcd", "/usr/local/bin/etcd", "--name"),
    ("kubelet", "/usr/local/bin/kubelet", "--config=/etc/kubernetes/kubelet.yaml"),
    ("dashboard", "/sbin/init", "dashboard"),
];
const FIRST_PID: u32 = 1200;
/// Room for so many restarts between the pids of two processes.
const PID_STEP: u32 = 50;

fn pid(run: &Run, place: usize, key: &str) -> u32 {
    let place = u32::try_from(place).unwrap_or_default();
    FIRST_PID + place * PID_STEP + run.restarts(key) % PID_STEP
}

/// The pid of a service that runs as a process.
fn service_pid(run: &Run, id: &str) -> Option<u32> {
    let place = SERVICES.iter().position(|(service, ..)| *service == id)?;
    let runs = run.services.state(id) == Some(ServiceState::Running);
    (runs && !SERVICES[place].1.is_empty()).then(|| pid(run, place, id))
}

/// The pods of a machine, once its kubelet is healthy: static ones, and those that Kubernetes gives it.
pub(crate) fn running_pods(run: &Run) -> Vec<Pod> {
    let Some(config) = run.config().filter(|_| run.services.healthy("kubelet")) else { return Vec::new() };
    let hostname = run.node.hostname();
    let mut pods = static_pods(&hostname, &config);
    pods.extend(run.cluster().into_iter().flat_map(|cluster| cluster.kubernetes.pods_of(&hostname)));
    pods
}

/// The containers that a caller asks for by namespace and driver.
pub(crate) fn containers(run: &Run, namespace: &str, driver: i32) -> Result<Vec<Container>, Status> {
    if namespace.is_empty() {
        return Err(Status::invalid_argument("a namespace is missing"));
    }
    let cri = match ContainerDriver::try_from(driver) {
        Ok(ContainerDriver::Cri) => true,
        Ok(ContainerDriver::Containerd) => false,
        Err(_) => return Err(Status::invalid_argument(format!("there is no driver number {driver}"))),
    };
    match (namespace, cri) {
        (KUBERNETES, true) if !run.services.healthy("cri") => {
            Err(Status::unavailable("the CRI does not run yet"))
        }
        (KUBERNETES, _) => Ok(kubernetes(run)),
        (_, true) => Err(Status::unknown("the CRI has only the namespace k8s.io")),
        (SYSTEM, false) => Ok(system(run)),
        (_, false) => Ok(Vec::new()),
    }
}

fn system(run: &Run) -> Vec<Container> {
    let container = |id: &str| {
        let pid = service_pid(run, id)?;
        Some(Container {
            id: id.to_owned(),
            internal_id: id.to_owned(),
            uid: String::new(),
            pod_id: id.to_owned(),
            name: id.to_owned(),
            image: String::new(),
            pid,
            status: "RUNNING",
            network_namespace: String::new(),
            sandbox: false,
        })
    };
    ["apid", "trustd"].into_iter().filter_map(container).collect()
}

fn kubernetes(run: &Run) -> Vec<Container> {
    let mut containers = Vec::new();
    for (index, pod) in running_pods(run).into_iter().enumerate() {
        let place = SERVICES.len() + index * 2;
        let key = format!("{}/{}", pod.id(), pod.container);
        let network_namespace = match pod.container.as_str() {
            "coredns" => format!("cni-{}", pod.uid),
            _ => String::new(),
        };
        containers.push(Container {
            id: pod.id(),
            internal_id: container_id(&pod.uid),
            uid: pod.uid.clone(),
            pod_id: pod.id(),
            name: pod.id(),
            image: SANDBOX_IMAGE.to_owned(),
            pid: pid(run, place, ""),
            status: "SANDBOX_READY",
            network_namespace: network_namespace.clone(),
            sandbox: true,
        });
        let internal_id = container_id(&format!("{key} {}", run.restarts(&key)));
        containers.push(Container {
            id: format!("{}:{}:{}", pod.id(), pod.container, &internal_id[..12]),
            internal_id,
            uid: pod.uid.clone(),
            pod_id: pod.id(),
            name: pod.container,
            image: pod.image,
            pid: pid(run, place + 1, &key),
            status: "CONTAINER_RUNNING",
            network_namespace,
            sandbox: false,
        });
    }
    containers
}

/// Everything that runs.
pub(crate) fn processes(run: &Run) -> Vec<Process> {
    let process = |pid, parent, executable: &str, args: String| Process {
        pid,
        parent,
        name: executable.rsplit('/').next().unwrap_or_default().to_owned(),
        executable: executable.to_owned(),
        args,
        threads: if executable.is_empty() { 1 } else { 8 },
        resident: if executable.is_empty() { 0 } else { 16 << 20 },
    };
    let mut processes = vec![process(1, 0, "/sbin/init", "/sbin/init".to_owned())];
    for (pid, parent, name) in [(2, 0, "kthreadd"), (3, 2, "rcu_preempt"), (4, 2, "kworker/0:0")] {
        processes.push(Process { name: name.to_owned(), ..process(pid, parent, "", String::new()) });
    }
    for (id, executable, args) in SERVICES {
        if let Some(pid) = service_pid(run, id) {
            let args = match id {
                "etcd" => format!("{executable} {args}={}", run.node.hostname()),
                _ => format!("{executable} {args}"),
            };
            processes.push(process(pid, 1, executable, args));
        }
    }
    for container in kubernetes(run) {
        let executable = if container.sandbox {
            "/pause".to_owned()
        } else {
            format!("/usr/local/bin/{}", container.name)
        };
        processes.push(process(container.pid, 1, &executable, executable.clone()));
    }
    processes
}

/// Restarts the process of a container. Says whether there is one with this id.
pub(crate) fn restart(run: &Run, namespace: &str, driver: i32, id: &str) -> Result<bool, Status> {
    let found = containers(run, namespace, driver)?.into_iter().find(|container| container.id == id);
    let Some(container) = found else { return Ok(false) };
    match running_pods(run).iter().find(|pod| pod.id() == container.pod_id) {
        Some(pod) => {
            run.count_restart(&format!("{}/{}", pod.id(), pod.container));
            run.logs.of_pod(pod, run.now()).write(&pod_line(run.now(), "restarted"));
        }
        None => run.count_restart(&container.id),
    }
    Ok(true)
}

/// The log of a container of Kubernetes.
pub(crate) fn log(run: &Run, namespace: &str, driver: i32, id: &str) -> Result<Arc<Log>, Status> {
    let found = containers(run, namespace, driver)?.into_iter().find(|container| container.id == id);
    let pods = running_pods(run);
    let pod = found.and_then(|container| pods.into_iter().find(|pod| pod.id() == container.pod_id));
    let pod = pod.ok_or_else(|| Status::unknown(format!("there is no container {id:?}")))?;
    Ok(run.logs.of_pod(&pod, run.now()))
}
