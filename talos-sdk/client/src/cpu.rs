//! The processors of a machine.

use talos_proto::machine::{CpuFreqStats, CpuInfo};

use crate::{Node, Result};

/// What the kernel knows about a logical processor.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Cpu {
    /// Its number.
    pub processor: u32,
    /// Who made it, such as `GenuineIntel`.
    pub vendor_id: String,
    /// Its family, a number on x86.
    pub family: String,
    /// Its model within the family.
    pub model: String,
    /// The name it is sold under.
    pub model_name: String,
    /// Its revision.
    pub stepping: String,
    /// The version of its microcode.
    pub microcode: String,
    /// How fast it runs at the moment, in MHz.
    pub mhz: f64,
    /// The size of its cache, as the kernel writes it: `512 KB`.
    pub cache_size: String,
    /// The socket it is in.
    pub physical_id: String,
    /// How many logical processors that socket has.
    pub siblings: u32,
    /// The core it belongs to.
    pub core_id: String,
    /// How many cores the socket has.
    pub cores: u32,
    /// Its number in the interrupt controller.
    pub apic_id: String,
    /// That number at the start.
    pub initial_apic_id: String,
    /// Whether it has a floating point unit; `yes` or `no`.
    pub fpu: String,
    /// Whether that raises exceptions of its own.
    pub fpu_exception: String,
    /// The highest level of the CPUID instruction.
    pub cpuid_level: u32,
    /// Whether the kernel respects write protection.
    pub write_protect: String,
    /// What it can do.
    pub flags: Vec<String>,
    /// What is known to be wrong with it.
    pub bugs: Vec<String>,
    /// The kernel's measure of its speed at the start.
    pub bogomips: f64,
    /// How many bytes a cache flush takes.
    pub cache_line_flush: u32,
    /// How caches are aligned, in bytes.
    pub cache_alignment: u32,
    /// How many bits its addresses have, in words.
    pub address_sizes: String,
    /// How it saves power.
    pub power_management: String,
}

/// How fast a logical processor runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CpuFrequency {
    /// Now, in Hz.
    pub current: u64,
    /// At least, in Hz.
    pub minimum: u64,
    /// At most, in Hz.
    pub maximum: u64,
    /// What decides, such as `performance`; empty where nothing does.
    pub governor: String,
}

impl Node {
    /// The logical processors of the machine (`machine.MachineService/CPUInfo`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// for cpu in node.cpus().await? {
    ///     println!("{}: {}", cpu.processor, cpu.model_name);
    /// }
    /// assert_eq!(node.cpu_frequencies().await?.len(), node.cpus().await?.len());
    /// # Ok(()) }) }
    /// ```
    pub async fn cpus(&self) -> Result<Vec<Cpu>> {
        let reply =
            self.call((), |raw, request| async move { raw.machine().cpu_info(request).await }).await?;
        Ok(reply.single()?.cpu_info.into_iter().map(Cpu::from).collect())
    }

    /// How fast each logical processor runs (`machine.MachineService/CPUFreqStats`, any role).
    pub async fn cpu_frequencies(&self) -> Result<Vec<CpuFrequency>> {
        let reply =
            self.call((), |raw, request| async move { raw.machine().cpu_freq_stats(request).await }).await?;
        // sysfs counts in kHz, and Talos passes it on.
        let hertz = |kilohertz: u64| kilohertz.saturating_mul(1000);
        let frequency = |stats: CpuFreqStats| CpuFrequency {
            current: hertz(stats.current_frequency),
            minimum: hertz(stats.minimum_frequency),
            maximum: hertz(stats.maximum_frequency),
            governor: stats.governor,
        };
        Ok(reply.single()?.cpu_freq_stats.into_iter().map(frequency).collect())
    }
}

impl From<CpuInfo> for Cpu {
    fn from(cpu: CpuInfo) -> Self {
        Self {
            processor: cpu.processor,
            vendor_id: cpu.vendor_id,
            family: cpu.cpu_family,
            model: cpu.model,
            model_name: cpu.model_name,
            stepping: cpu.stepping,
            microcode: cpu.microcode,
            mhz: cpu.cpu_mhz,
            cache_size: cpu.cache_size,
            physical_id: cpu.physical_id,
            siblings: cpu.siblings,
            core_id: cpu.core_id,
            cores: cpu.cpu_cores,
            apic_id: cpu.apic_id,
            initial_apic_id: cpu.initial_apic_id,
            fpu: cpu.fpu,
            fpu_exception: cpu.fpu_exception,
            cpuid_level: cpu.cpu_id_level,
            write_protect: cpu.wp,
            flags: cpu.flags,
            bugs: cpu.bugs,
            bogomips: cpu.bogo_mips,
            cache_line_flush: cpu.cl_flush_size,
            cache_alignment: cpu.cache_alignment,
            address_sizes: cpu.address_sizes,
            power_management: cpu.power_management,
        }
    }
}
