//! Numbers about the hardware and how busy it is.

use talos_proto::machine;

use super::Context;
use crate::grpc::Answer;
use crate::hardware::{CPUS, INTERFACES, MEMORY, counter, cpu_seconds, mounts as mounted};

pub(super) fn cpu_info(_: &Context<'_>) -> Answer {
    let info = |processor: u32| machine::CpuInfo {
        processor,
        vendor_id: "GenuineIntel".to_owned(),
        cpu_family: "6".to_owned(),
        model: "85".to_owned(),
        model_name: "Simulated processor @ 2.50GHz".to_owned(),
        stepping: "7".to_owned(),
        microcode: "0x1".to_owned(),
        cpu_mhz: 2500.0,
        cache_size: "16384 KB".to_owned(),
        physical_id: processor.to_string(),
        siblings: 1,
        core_id: "0".to_owned(),
        cpu_cores: 1,
        apic_id: processor.to_string(),
        initial_apic_id: processor.to_string(),
        fpu: "yes".to_owned(),
        fpu_exception: "yes".to_owned(),
        cpu_id_level: 13,
        wp: "yes".to_owned(),
        flags: ["fpu", "sse2", "ssse3", "sse4_1", "sse4_2", "popcnt", "avx", "avx2", "hypervisor"]
            .map(str::to_owned)
            .into(),
        bugs: Vec::new(),
        bogo_mips: 5000.0,
        cl_flush_size: 64,
        cache_alignment: 64,
        address_sizes: "40 bits physical, 48 bits virtual".to_owned(),
        power_management: String::new(),
    };
    let cpus = machine::CpUsInfo { metadata: None, cpu_info: (0..CPUS).map(info).collect() };
    Answer::one(&machine::CpuInfoResponse { messages: vec![cpus] })
}

/// Virtual machines have no governors, and Talos answers with zeros for them.
pub(super) fn cpu_frequencies(_: &Context<'_>) -> Answer {
    let stats = machine::CpUsFreqStats {
        metadata: None,
        cpu_freq_stats: (0..CPUS).map(|_| machine::CpuFreqStats::default()).collect(),
    };
    Answer::one(&machine::CpuFreqStatsResponse { messages: vec![stats] })
}

pub(super) fn disks(cx: &Context<'_>) -> Answer {
    let stat = |name: &str, rate: u64| {
        let read = counter(cx.run, rate);
        machine::DiskStat {
            name: name.to_owned(),
            read_completed: read,
            read_sectors: read * 8,
            read_time_ms: read / 10,
            write_completed: read / 2,
            write_sectors: read * 4,
            write_time_ms: read / 5,
            io_time_ms: read / 4,
            io_time_weighted_ms: read / 4,
            ..machine::DiskStat::default()
        }
    };
    let names: Vec<_> = cx.run.node.disk().storage.disks.iter().map(|disk| disk.name.clone()).collect();
    let devices: Vec<_> = names.iter().map(|name| stat(name, 20)).collect();
    let total = stat("", 20 * devices.len() as u64);
    let reply = machine::DiskStats { metadata: None, total: Some(total), devices };
    Answer::one(&machine::DiskStatsResponse { messages: vec![reply] })
}

pub(super) fn network(cx: &Context<'_>) -> Answer {
    let device = |name: &str, rate: u64| machine::NetDev {
        name: name.to_owned(),
        rx_bytes: counter(cx.run, rate * 800),
        rx_packets: counter(cx.run, rate),
        tx_bytes: counter(cx.run, rate * 600),
        tx_packets: counter(cx.run, rate),
        ..machine::NetDev::default()
    };
    let devices: Vec<_> = INTERFACES.iter().map(|name| device(name, 50)).collect();
    let total = device("", 50 * devices.len() as u64);
    let reply = machine::NetworkDeviceStats { metadata: None, total: Some(total), devices };
    Answer::one(&machine::NetworkDeviceStatsResponse { messages: vec![reply] })
}

pub(super) fn system(cx: &Context<'_>) -> Answer {
    let (user, system, idle) = cpu_seconds(cx.run);
    let stat = |cpus: u32| {
        let cpus = f64::from(cpus);
        machine::CpuStat { user: user * cpus, system: system * cpus, idle: idle * cpus, ..Default::default() }
    };
    let stat = machine::SystemStat {
        metadata: None,
        boot_time: cx.run.started.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs(),
        cpu_total: Some(stat(CPUS)),
        cpu: (0..CPUS).map(|_| stat(1)).collect(),
        irq_total: counter(cx.run, 500),
        irq: vec![0, counter(cx.run, 500)],
        context_switches: counter(cx.run, 2000),
        process_created: counter(cx.run, 5),
        process_running: 1,
        process_blocked: 0,
        soft_irq_total: counter(cx.run, 300),
        soft_irq: Some(machine::SoftIrqStat { timer: counter(cx.run, 300), ..Default::default() }),
    };
    Answer::one(&machine::SystemStatResponse { messages: vec![stat] })
}

pub(super) fn load() -> Answer {
    let load = machine::LoadAvg { metadata: None, load1: 0.1, load5: 0.1, load15: 0.1 };
    Answer::one(&machine::LoadAvgResponse { messages: vec![load] })
}

pub(super) fn memory() -> Answer {
    let meminfo = machine::MemInfo {
        memtotal: MEMORY,
        memfree: MEMORY / 2,
        memavailable: MEMORY / 4 * 3,
        buffers: MEMORY / 64,
        cached: MEMORY / 4,
        active: MEMORY / 8,
        inactive: MEMORY / 8,
        shmem: MEMORY / 128,
        slab: MEMORY / 32,
        commitlimit: MEMORY / 2,
        hugepagesize: 2048,
        ..machine::MemInfo::default()
    };
    let memory = machine::Memory { metadata: None, meminfo: Some(meminfo) };
    Answer::one(&machine::MemoryResponse { messages: vec![memory] })
}

pub(super) fn mounts(cx: &Context<'_>) -> Answer {
    let stat = |(device, directory, kind, size): (&str, &str, &str, u64)| machine::MountStat {
        filesystem: device.to_owned(),
        size,
        // What is read-only is always full.
        available: if kind == "squashfs" { 0 } else { size / 2 },
        mounted_on: directory.to_owned(),
    };
    let stats = mounted(cx.run).into_iter().map(stat).collect();
    Answer::one(&machine::MountsResponse { messages: vec![machine::Mounts { metadata: None, stats }] })
}
