//! What a machine is and how busy it is.

use std::time::Duration;

use serde_json::{Map, Value, json};
use talos_client::{DependencyKind, NetstatOptions, ProcessState, SocketFilter, SocketProtocol, SocketState};

use super::{Row, at, row};

/// An object of the fields, numbered from 1.
fn numbered(fields: &[&str]) -> Value {
    Value::Object(
        fields
            .iter()
            .zip(1..)
            .map(|(name, number)| ((*name).to_owned(), json!(number)))
            .collect::<Map<_, _>>(),
    )
}

/// The numbers in the debug text of a reply, in order.
fn numbers(reply: &impl std::fmt::Debug) -> Vec<u64> {
    let text = format!("{reply:?}");
    let values = text.split(": ").skip(1);
    values.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect()
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = identity();
    rows.extend(load());
    rows.extend(counters());
    rows.extend(network());
    rows
}

fn identity() -> Vec<Row> {
    vec![
        row("version", "machine.MachineService/Version", |node| async move {
            let version = node.version().await?;
            assert_eq!(
                (version.tag.as_str(), version.arch.as_str(), version.rbac),
                ("v1.13.9", "amd64", true)
            );
            Ok(())
        }),
        row("server_version", "machine.MachineService/Version", |node| async move {
            assert_eq!(node.server_version().await?.to_string(), "v1.13.9");
            Ok(())
        }),
        row("has_method", "machine.MachineService/Version", |node| async move {
            assert!(node.has_method("/machine.ImageService/List").await?);
            Ok(())
        }),
        row("hostname", "machine.MachineService/Hostname", |node| async move {
            assert_eq!(node.hostname().await?, "interop");
            Ok(())
        }),
        row("cpus", "machine.MachineService/CPUInfo", |node| async move {
            let cpus = node.cpus().await?;
            assert_eq!(cpus.iter().map(|cpu| cpu.processor).collect::<Vec<_>>(), [0, 1]);
            let cpu = &cpus[1];
            assert_eq!((cpu.model_name.as_str(), cpu.mhz, cpu.siblings, cpu.cores), ("EPYC", 2794.5, 8, 4));
            assert_eq!((cpu.flags.len(), cpu.bugs.len(), cpu.cache_alignment), (2, 1, 64));
            Ok(())
        })
        .answers(json!({"cpu_info": [{}, {
            "processor": 1, "model_name": "EPYC", "cpu_mhz": 2794.5, "siblings": 8, "cpu_cores": 4,
            "flags": ["fpu", "vme"], "bugs": ["spectre_v1"], "cache_alignment": 64,
        }]})),
        row("time", "time.TimeService/Time", |node| async move {
            let time = node.time().await?;
            assert_eq!((time.server.as_str(), time.offset()), ("ntp", (Duration::from_millis(1500), false)));
            Ok(())
        })
        .answers(clocks("ntp")),
        row("time_against", "time.TimeService/TimeCheck", |node| async move {
            assert_eq!(node.time_against("other").await?.server, "other");
            Ok(())
        })
        .asks(json!({"server": "other"}))
        .answers(clocks("other")),
        row(
            "controller_dependencies",
            "inspect.InspectService/ControllerRuntimeDependencies",
            |node| async move {
                let edges = node.controller_dependencies().await?;
                let kinds: Vec<_> = edges.iter().map(|edge| (edge.kind, edge.id.as_deref())).collect();
                assert_eq!(
                    kinds,
                    [(DependencyKind::OutputExclusive, None), (DependencyKind::InputWeak, Some("lo"))]
                );
                Ok(())
            },
        )
        .answers(json!({"edges": [
            {"controller_name": "a", "resource_namespace": "network", "resource_type": "T"},
            {"controller_name": "b", "edge_type": "INPUT_WEAK", "resource_type": "T", "resource_id": "lo"},
        ]})),
    ]
}

fn clocks(server: &str) -> Value {
    json!({"server": server, "localtime": "2026-01-02T03:04:05Z", "remotetime": "2026-01-02T03:04:06.500Z"})
}

/// The fields of MemInfo whose unit is KiB, in the order of the message.
const MEMORY: [&str; 40] = [
    "memtotal",
    "memfree",
    "memavailable",
    "buffers",
    "cached",
    "swapcached",
    "active",
    "inactive",
    "activeanon",
    "inactiveanon",
    "activefile",
    "inactivefile",
    "unevictable",
    "mlocked",
    "swaptotal",
    "swapfree",
    "dirty",
    "writeback",
    "anonpages",
    "mapped",
    "shmem",
    "slab",
    "sreclaimable",
    "sunreclaim",
    "kernelstack",
    "pagetables",
    "nfsunstable",
    "bounce",
    "writebacktmp",
    "commitlimit",
    "committedas",
    "vmalloctotal",
    "vmallocused",
    "vmallocchunk",
    "hardwarecorrupted",
    "anonhugepages",
    "shmemhugepages",
    "shmempmdmapped",
    "cmatotal",
    "cmafree",
];

fn load() -> Vec<Row> {
    const CPU: [&str; 10] =
        ["user", "nice", "system", "idle", "iowait", "irq", "soft_irq", "steal", "guest", "guest_nice"];
    const SOFT: [&str; 10] =
        ["hi", "timer", "net_tx", "net_rx", "block", "block_io_poll", "tasklet", "sched", "hrtimer", "rcu"];
    vec![
        row("memory", "machine.MachineService/Memory", |node| async move {
            let memory = node.memory().await?;
            let kib: Vec<u64> = (1..=40).map(|number| number * 1024).collect();
            assert_eq!(numbers(&memory)[..40], kib);
            Ok(())
        })
        .answers(json!({"meminfo": numbered(&MEMORY)})),
        row("load_average", "machine.MachineService/LoadAvg", |node| async move {
            let load = node.load_average().await?;
            assert_eq!((load.one, load.five, load.fifteen), (0.25, 1.5, 2.75));
            Ok(())
        })
        .answers(json!({"load1": 0.25, "load5": 1.5, "load15": 2.75})),
        row("system_stat", "machine.MachineService/SystemStat", |node| async move {
            let stat = node.system_stat().await?;
            assert_eq!(stat.boot_time, at(1_700_000_000));
            // Ticks of a hundredth of a second, or seconds: one after the other in either case.
            assert_eq!((stat.cpus.len(), stat.cpu_total.guest_nice), (2, 10 * stat.cpu_total.user));
            assert_eq!(numbers(&stat.soft_interrupts_by_kind), (1..=10).collect::<Vec<_>>());
            assert_eq!((stat.interrupts, stat.interrupts_by_number.as_slice()), (30, [10, 20].as_slice()));
            assert_eq!((stat.context_switches, stat.soft_interrupts), (40, 50));
            assert_eq!((stat.processes_created, stat.processes_running, stat.processes_blocked), (60, 70, 80));
            Ok(())
        })
        .answers(json!({
            "boot_time": "1700000000", "cpu_total": numbered(&CPU), "cpu": [numbered(&CPU), {}],
            "irq_total": "30", "irq": ["10", "20"], "context_switches": "40", "soft_irq_total": "50",
            "process_created": "60", "process_running": "70", "process_blocked": "80", "soft_irq": numbered(&SOFT),
        })),
        row("cpu_frequencies", "machine.MachineService/CPUFreqStats", |node| async move {
            let all = node.cpu_frequencies().await?;
            assert_eq!((all.len(), all[0].governor.as_str()), (1, "schedutil"));
            assert!(all[0].minimum < all[0].current && all[0].current < all[0].maximum, "{all:?}");
            Ok(())
        })
        .answers(json!({"cpu_freq_stats": [{
            "current_frequency": "2000000", "minimum_frequency": "1000000", "maximum_frequency": "3000000",
            "governor": "schedutil",
        }]})),
        row("processes", "machine.MachineService/Processes", |node| async move {
            let all = node.processes().await?;
            let init = &all[0];
            assert_eq!((init.pid, init.parent, &init.state, init.threads), (1, 0, &ProcessState::Sleeping, 12));
            assert_eq!((init.cpu_time, init.resident_memory), (Duration::from_millis(1250), 99));
            assert_eq!((init.command.as_str(), init.label.as_str()), ("init", "system_u"));
            Ok(())
        })
        .answers(json!({"processes": [{
            "pid": 1, "state": "S", "threads": 12, "cpu_time": 1.25, "virtual_memory": "1000",
            "resident_memory": "99", "command": "init", "executable": "/sbin/init", "args": "/sbin/init x",
            "label": "system_u",
        }]})),
    ]
}

fn counters() -> Vec<Row> {
    const DISK: [&str; 15] = [
        "read_completed",
        "read_merged",
        "read_sectors",
        "read_time_ms",
        "write_completed",
        "write_merged",
        "write_sectors",
        "write_time_ms",
        "discard_completed",
        "discard_merged",
        "discard_sectors",
        "discard_time_ms",
        "io_in_progress",
        "io_time_ms",
        "io_time_weighted_ms",
    ];
    const NETWORK: [&str; 16] = [
        "rx_bytes",
        "rx_packets",
        "rx_errors",
        "rx_dropped",
        "rx_fifo",
        "rx_frame",
        "rx_compressed",
        "rx_multicast",
        "tx_bytes",
        "tx_packets",
        "tx_errors",
        "tx_dropped",
        "tx_fifo",
        "tx_collisions",
        "tx_carrier",
        "tx_compressed",
    ];
    let (mut disk, mut link) = (numbered(&DISK), numbered(&NETWORK));
    disk["name"] = json!("sda");
    link["name"] = json!("eth0");
    vec![
        row("disk_counters", "machine.MachineService/DiskStats", |node| async move {
            let all = node.disk_counters().await?;
            let disk = &all.devices[0];
            assert_eq!(disk.name, "sda");
            for (io, first) in [(&disk.read, 1), (&disk.write, 5), (&disk.discard, 9)] {
                // A sector of these counters has 512 bytes, whatever the disk's are.
                assert_eq!((io.completed, io.merged, io.bytes), (first, first + 1, (first + 2) * 512));
                assert_eq!(io.time, Duration::from_millis(first + 3));
            }
            assert_eq!((disk.in_progress, disk.busy), (13, Duration::from_millis(14)));
            assert_eq!(disk.weighted, Duration::from_millis(15));
            assert_eq!(all.total.in_progress, 13);
            Ok(())
        })
        .answers(json!({"total": disk, "devices": [disk]})),
        row("network_counters", "machine.MachineService/NetworkDeviceStats", |node| async move {
            let all = node.network_counters().await?;
            assert_eq!(all.devices[0].name, "eth0");
            assert_eq!(numbers(&all.devices[0]), (1..=16).collect::<Vec<_>>());
            assert_eq!(all.total.tx_compressed, 16);
            Ok(())
        })
        .answers(json!({"total": link, "devices": [link]})),
        row("mounts", "machine.MachineService/Mounts", |node| async move {
            let mounts = node.mounts().await?;
            let var = &mounts[0];
            assert_eq!((var.filesystem.as_str(), var.mounted_on.as_str()), ("/dev/sda6", "/var"));
            assert_eq!((var.size, var.available, var.used()), (1 << 40, 1 << 39, 1 << 39));
            Ok(())
        })
        .answers(json!({"stats": [{
            "filesystem": "/dev/sda6", "mounted_on": "/var", "size": (1_u64 << 40).to_string(),
            "available": (1_u64 << 39).to_string(),
        }]})),
    ]
}

fn network() -> Vec<Row> {
    vec![
        row("sockets", "machine.MachineService/Netstat", |node| async move {
            let options = NetstatOptions::default()
                .with_filter(SocketFilter::Listening)
                .with_protocols([SocketProtocol::Tcp, SocketProtocol::Udp6])
                .with_processes()
                .with_namespaces(["a", "b"]);
            let sockets = node.sockets(options).await?;
            let apid = &sockets[0];
            assert_eq!((apid.local.to_string().as_str(), apid.state), ("[::]:50000", SocketState::Listen));
            assert_eq!((&apid.protocol, apid.inode, apid.uid), (&SocketProtocol::Tcp6, 77, 50));
            let process = apid.process.as_ref().unwrap();
            assert_eq!((process.pid, process.name.as_str()), (9, "apid"));
            assert_eq!(sockets[1].remote.to_string(), "192.0.2.1:443");
            Ok(())
        })
        .asks_at_least(json!({
            "filter": "LISTENING", "feature": {"pid": true}, "l4proto": {"tcp": true, "udp6": true},
            "netns": {"netns": ["a", "b"]},
        }))
        .answers(json!({"connectrecord": [
            {"l4proto": "tcp6", "localip": "::", "localport": 50000, "remoteip": "::", "state": "LISTEN",
             "inode": "77", "uid": 50, "process": {"pid": 9, "name": "apid"}},
            {"l4proto": "tcp", "localip": "10.0.0.2", "localport": 40000, "remoteip": "192.0.2.1",
             "remoteport": 443, "state": "ESTABLISHED", "netns": "a"},
        ]})),
    ]
}
