//! What a machine is made of and how busy it is.

use std::collections::BTreeSet;

use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{ask, ensure, same, some};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("host/memory", "MachineService/Memory", |env| async move {
            let memory = some(ask!(env, machine.memory(())).meminfo, "numbers")?;
            ensure(memory.memtotal > 100 << 10, "kibibytes", memory.memtotal)?;
            let fits = memory.memfree <= memory.memtotal && memory.memavailable <= memory.memtotal;
            ensure(fits, "no more free than there is", (memory.memfree, memory.memavailable, memory.memtotal))
        })
        .go("call machine.MachineService/Memory {}", Code::Ok, 1),
        case("host/load", "MachineService/LoadAvg", |env| async move {
            let load = ask!(env, machine.load_avg(()));
            ensure(load.load1 >= 0.0 && load.load5 >= 0.0 && load.load15 >= 0.0, "three averages", &load)
        })
        .go("call machine.MachineService/LoadAvg {}", Code::Ok, 1),
        case("host/system-stat", "MachineService/SystemStat", |env| async move {
            let stat = ask!(env, machine.system_stat(()));
            // 2020-01-01, which no machine booted before.
            ensure(stat.boot_time > 1_577_836_800, "seconds of the boot", stat.boot_time)
        })
        .go("call machine.MachineService/SystemStat {}", Code::Ok, 1),
        case(
            "host/system-stat-has-every-cpu",
            "MachineService/SystemStat MachineService/CPUInfo",
            |env| async move {
                let stat = ask!(env, machine.system_stat(()));
                same(stat.cpu.len(), ask!(env, machine.cpu_info(())).cpu_info.len())?;
                ensure(stat.cpu_total.is_some(), "the sum of all", stat.cpu_total)
            },
        ),
        case("host/cpu-info", "MachineService/CPUInfo", |env| async move {
            let cpus = ask!(env, machine.cpu_info(())).cpu_info;
            ensure(!cpus.is_empty(), "a processor", &cpus)?;
            let numbers: BTreeSet<u32> = cpus.iter().map(|cpu| cpu.processor).collect();
            same(numbers.len(), cpus.len())
        })
        .go("call machine.MachineService/CPUInfo {}", Code::Ok, 1),
        case("host/cpu-frequencies", "MachineService/CPUFreqStats", |env| async move {
            // Virtual machines have none, and answer with an empty list.
            let stats = ask!(env, machine.cpu_freq_stats(())).cpu_freq_stats;
            let ordered = stats.iter().all(|cpu| cpu.minimum_frequency <= cpu.maximum_frequency);
            ensure(ordered, "no minimum above its maximum", &stats)
        })
        .go("call machine.MachineService/CPUFreqStats {}", Code::Ok, 1),
        case("host/disk-stats", "MachineService/DiskStats", |env| async move {
            let stats = ask!(env, machine.disk_stats(()));
            ensure(stats.total.is_some() && !stats.devices.is_empty(), "devices and their sum", &stats)?;
            let names: BTreeSet<&str> = stats.devices.iter().map(|device| device.name.as_str()).collect();
            same(names.len(), stats.devices.len())
        })
        .go("call machine.MachineService/DiskStats {}", Code::Ok, 1),
        case("host/disk-stats-add-up", "MachineService/DiskStats", |env| async move {
            let stats = ask!(env, machine.disk_stats(()));
            let sum: u64 = stats.devices.iter().map(|device| device.read_completed).sum();
            same(stats.total.unwrap_or_default().read_completed, sum)
        }),
        case("host/network-stats", "MachineService/NetworkDeviceStats", |env| async move {
            let stats = ask!(env, machine.network_device_stats(()));
            let names: Vec<&str> = stats.devices.iter().map(|device| device.name.as_str()).collect();
            ensure(names.contains(&"lo"), "the loopback device", names)?;
            ensure(stats.total.is_some(), "the sum of all", stats.total)
        })
        .go("call machine.MachineService/NetworkDeviceStats {}", Code::Ok, 1),
        case("host/network-stats-add-up", "MachineService/NetworkDeviceStats", |env| async move {
            let stats = ask!(env, machine.network_device_stats(()));
            let sum: u64 = stats.devices.iter().map(|device| device.rx_bytes).sum();
            same(stats.total.unwrap_or_default().rx_bytes, sum)
        }),
        case("host/mounts", "MachineService/Mounts", |env| async move {
            let mounts = ask!(env, machine.mounts(())).stats;
            for wanted in ["/", "/var"] {
                some(mounts.iter().find(|mount| mount.mounted_on == wanted), wanted)?;
            }
            ensure(
                mounts.iter().all(|mount| mount.available <= mount.size),
                "no more available than there is",
                &mounts,
            )
        })
        .go("call machine.MachineService/Mounts {}", Code::Ok, 1),
        case("host/processes", "MachineService/Processes", |env| async move {
            let processes = ask!(env, machine.processes(())).processes;
            let init = some(processes.iter().find(|process| process.pid == 1), "process 1")?;
            same(init.ppid, 0)?;
            let pids: BTreeSet<i32> = processes.iter().map(|process| process.pid).collect();
            same(pids.len(), processes.len())?;
            let orphans: Vec<i32> = processes
                .iter()
                .map(|process| process.ppid)
                .filter(|ppid| *ppid != 0 && !pids.contains(ppid))
                .collect();
            ensure(orphans.is_empty(), "parents that exist", orphans)
        })
        .go("call machine.MachineService/Processes {}", Code::Ok, 1),
        case("host/process-of-the-kubelet", "MachineService/Processes", |env| async move {
            let processes = ask!(env, machine.processes(())).processes;
            let kubelet = processes.iter().find(|process| process.executable.ends_with("kubelet"));
            let kubelet = some(kubelet, "a process of the kubelet")?;
            ensure(
                kubelet.threads > 0 && kubelet.resident_memory <= kubelet.virtual_memory,
                "its numbers",
                kubelet,
            )
        }),
    ];
    for (name, method) in [("memory", "Memory"), ("load", "LoadAvg"), ("processes", "Processes")] {
        cases.push(
            case(
                format!("host/{name}-of-a-worker"),
                &format!("MachineService/{method}"),
                move |env| async move {
                    let path = format!("/machine.MachineService/{method}");
                    let reply = crate::any::call(&env.node()?, &path, bytes::Bytes::new()).await?;
                    ensure(reply.is_some_and(|reply| !reply.is_empty()), "a reply", "nothing")
                },
            )
            .on(Target::Worker)
            .go(&format!("call machine.MachineService/{method} {{}}"), Code::Ok, 1),
        );
    }
    cases
}
