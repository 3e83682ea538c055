//! What the file tree of a machine has in it.

use std::fmt::Write;

use crate::files::{Tree, mode};
use crate::hardware::{CPUS, INTERFACES, MEMORY, mounts, uptime};
use crate::run::Run;
use crate::storage::PARTITIONS;
use crate::workload;

/// The tree of a machine as it is now.
pub(crate) fn tree(run: &Run) -> Tree {
    let mut tree = Tree::new(run.started);
    for path in [
        "/dev",
        "/etc",
        "/opt",
        "/proc",
        "/run",
        "/sys",
        "/system",
        "/usr/bin",
        "/usr/lib/modules",
        "/usr/share",
        "/var",
    ] {
        tree.directory(path, 0o755);
    }
    for path in ["/tmp", "/var/tmp"] {
        tree.directory(path, mode::STICKY | 0o777);
    }
    for (path, target) in
        [("/bin", "usr/bin"), ("/sbin", "usr/bin"), ("/lib", "usr/lib"), ("/var/run", "/run")]
    {
        tree.link(path, target);
    }
    etc(run, &mut tree);
    proc(run, &mut tree);
    devices(run, &mut tree);
    system(run, &mut tree);
    var(run, &mut tree);
    for (path, data) in &run.node.files {
        tree.file(path, 0o644, data.clone());
    }
    tree
}

fn etc(run: &Run, tree: &mut Tree) {
    let (hostname, version) = (run.node.hostname(), run.version.tag());
    tree.file("/etc/hostname", 0o644, format!("{hostname}\n"));
    tree.file(
        "/etc/hosts",
        0o644,
        format!("127.0.0.1 localhost\n{} {hostname}\n::1 localhost\n", run.address()),
    );
    tree.file("/etc/machine-id", 0o644, format!("{}\n", run.node.id.replace('-', "")));
    tree.file(
        "/etc/os-release",
        0o644,
        format!(
            "NAME=\"Talos\"\nID=talos\nVERSION_ID={version}\nPRETTY_NAME=\"Talos ({version})\"\n\
             HOME_URL=\"https://www.talos.dev/\"\nBUG_REPORT_URL=\"https://github.com/siderolabs/talos/issues\"\n\
             VENDOR_NAME=\"Sidero Labs\"\nVENDOR_URL=\"https://www.siderolabs.com/\"\n"
        ),
    );
    tree.file("/etc/resolv.conf", 0o644, "nameserver 127.0.0.53\n");
    tree.link("/etc/localtime", "/usr/share/zoneinfo/UTC");
    tree.file("/usr/share/zoneinfo/UTC", 0o644, "TZif2");
    tree.directory("/etc/ssl/certs", 0o755);
    tree.file("/etc/ssl/certs/ca-certificates.crt", 0o644, "# no authorities\n");
    tree.file("/etc/nfsmount.conf", 0o644, "");
    tree.directory("/etc/udev/rules.d", 0o755);
    tree.file("/etc/cri/containerd.toml", 0o600, "version = 3\n");
    tree.directory("/etc/cri/conf.d", 0o755);
    if run.services.state("kubelet").is_some() {
        tree.file("/etc/kubernetes/kubelet.yaml", 0o600, "kind: KubeletConfiguration\n");
        tree.directory("/etc/kubernetes/manifests", 0o700);
        for pod in workload::running_pods(run).iter().filter(|pod| pod.is_static) {
            let path = format!("/etc/kubernetes/manifests/talos-{}.yaml", pod.container);
            tree.file(&path, 0o600, format!("kind: Pod\nmetadata:\n    name: {}\n", pod.container));
        }
    }
}

/// What the kernel was started with.
pub(crate) fn cmdline(platform: &str) -> String {
    format!("talos.platform={platform} console=tty0 init_on_alloc=1 slab_nomerge pti=on printk.devkmsg=on")
}

fn proc(run: &Run, tree: &mut Tree) {
    let up = uptime(run).as_secs_f64();
    tree.file("/proc/sys/kernel/random/boot_id", 0o444, format!("{}\n", run.boot_id));
    tree.file("/proc/sys/kernel/hostname", 0o644, format!("{}\n", run.node.hostname()));
    tree.file("/proc/sys/kernel/osrelease", 0o444, "6.18.0-talos\n");
    tree.file("/proc/sys/net/ipv4/ip_forward", 0o644, "1\n");
    tree.file("/proc/uptime", 0o444, format!("{up:.2} {:.2}\n", up * f64::from(CPUS)));
    tree.file("/proc/loadavg", 0o444, "0.10 0.10 0.10 1/100 2000\n");
    tree.file("/proc/version", 0o444, "Linux version 6.18.0-talos (simulated) #1 SMP\n");
    tree.file("/proc/cmdline", 0o444, format!("{}\n", cmdline(&run.node.platform)));
    tree.file(
        "/proc/meminfo",
        0o444,
        format!("MemTotal:       {MEMORY} kB\nMemFree:        {} kB\n", MEMORY / 2),
    );
    let cpus: String = (0..CPUS).fold(String::new(), |mut text, cpu| {
        let _ = writeln!(text, "processor\t: {cpu}\nmodel name\t: Simulated processor @ 2.50GHz\n");
        text
    });
    tree.file("/proc/cpuinfo", 0o444, cpus);
    tree.file("/proc/modules", 0o444, "");
    tree.file("/proc/bus/pci/devices", 0o444, "0008\t1af41001\tb\t0\n");
    let mounted: String = mounts(run).iter().fold(String::new(), |mut text, (device, directory, kind, _)| {
        let _ = writeln!(text, "{device} {directory} {kind} rw 0 0");
        text
    });
    tree.file("/proc/self/mounts", 0o444, mounted);
    tree.link("/proc/mounts", "self/mounts");
    for process in workload::processes(run) {
        let path = format!("/proc/{}", process.pid);
        tree.file(&format!("{path}/comm"), 0o644, format!("{}\n", process.name));
        tree.file(&format!("{path}/cmdline"), 0o444, process.args.replace(' ', "\0"));
    }
}

fn devices(run: &Run, tree: &mut Tree) {
    for name in ["null", "zero", "random", "urandom", "kmsg"] {
        tree.device(&format!("/dev/{name}"));
    }
    let disks = match run.node.in_container() {
        true => Vec::new(),
        false => run.node.disk().storage.disks.clone(),
    };
    let installed = run.node.disk().installed;
    for disk in disks {
        tree.device(&disk.path());
        tree.file(&format!("/sys/block/{}/size", disk.name), 0o444, format!("{}\n", disk.size / 512));
        if disk.system && installed {
            for (number, label, _) in PARTITIONS {
                tree.device(&format!("{}{number}", disk.path()));
                tree.link(
                    &format!("/dev/disk/by-partlabel/{label}"),
                    &format!("../../{}{number}", disk.name),
                );
            }
        }
    }
    for (index, name) in INTERFACES.iter().enumerate() {
        let path = format!("/sys/class/net/{name}");
        tree.file(&format!("{path}/operstate"), 0o444, "up\n");
        tree.file(&format!("{path}/ifindex"), 0o444, format!("{}\n", index + 1));
        tree.file(&format!("{path}/mtu"), 0o644, if *name == "lo" { "65536\n" } else { "1500\n" });
    }
}

fn system(run: &Run, tree: &mut Tree) {
    tree.directory("/system/config", 0o755);
    tree.directory("/system/run/containerd", 0o755);
    tree.directory("/system/secrets", 0o700);
    tree.directory("/system/state", 0o700);
    let config = run.node.disk().config.clone();
    if let Some(config) = config {
        tree.file("/system/state/config.yaml", 0o600, config.text.expose().to_owned());
    }
    tree.directory("/run/containerd", 0o755);
    tree.directory("/run/machined", 0o755);
}

fn var(run: &Run, tree: &mut Tree) {
    if run.maintenance() {
        return;
    }
    for path in
        ["/var/lib/containerd", "/var/lib/kubelet", "/var/lib/cni", "/var/log/audit", "/var/log/containers"]
    {
        tree.directory(path, 0o755);
    }
    for (id, log) in run.logs.of_services() {
        tree.file(&format!("/var/log/{id}.log"), 0o644, log.text());
    }
    if run.node.disk().etcd.is_some() {
        tree.directory("/var/lib/etcd/member/wal", 0o700);
        tree.directory("/var/lib/etcd/member/snap", 0o700);
    }
    for pod in workload::running_pods(run) {
        let directory = format!("/var/log/pods/{}_{}_{}/{}", pod.namespace, pod.name, pod.uid, pod.container);
        let log = run.logs.of_pod(&pod, run.now());
        tree.file(&format!("{directory}/0.log"), 0o640, log.text());
        let link = format!("/var/log/containers/{}_{}_{}.log", pod.name, pod.namespace, pod.container);
        tree.link(&link, &format!("{directory}/0.log"));
        if pod.container == "kube-apiserver" {
            tree.file(
                "/var/log/audit/kube/kube-apiserver.log",
                0o600,
                "{\"kind\":\"Event\",\"level\":\"Metadata\"}\n",
            );
        }
    }
}
