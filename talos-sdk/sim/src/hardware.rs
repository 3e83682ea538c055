//! What a machine is made of, and how busy it is. Everything grows with the time since its boot, and only with that.

use std::time::Duration;

use crate::run::Run;

/// Processors of every machine.
pub(crate) const CPUS: u32 = 2;
/// Kibibytes of memory of every machine.
pub(crate) const MEMORY: u64 = 4 << 20;
/// Its network interfaces.
pub(crate) const INTERFACES: [&str; 2] = ["eth0", "lo"];

/// How long the machine is up.
pub(crate) fn uptime(run: &Run) -> Duration {
    run.now().duration_since(run.started).unwrap_or_default()
}

/// A counter that grows by so many a second, from a start that is not zero.
pub(crate) fn counter(run: &Run, rate: u64) -> u64 {
    let millis = u64::try_from(uptime(run).as_millis()).unwrap_or(u64::MAX);
    rate.saturating_mul(10).saturating_add(millis.saturating_mul(rate) / 1000)
}

/// Seconds that each processor spent for users, for the system, and idle.
pub(crate) fn cpu_seconds(run: &Run) -> (f64, f64, f64) {
    let up = uptime(run).as_secs_f64();
    (up * 0.04, up * 0.02, up * 0.94)
}

/// What is mounted: device, directory, type, and bytes in all.
pub(crate) fn mounts(run: &Run) -> Vec<(&'static str, &'static str, &'static str, u64)> {
    let mut mounts = vec![
        ("/dev/loop0", "/", "squashfs", 80 << 20),
        ("devtmpfs", "/dev", "devtmpfs", 2 << 30),
        ("proc", "/proc", "proc", 0),
        ("sysfs", "/sys", "sysfs", 0),
        ("tmpfs", "/run", "tmpfs", 2 << 30),
        ("tmpfs", "/system", "tmpfs", 2 << 30),
        ("tmpfs", "/tmp", "tmpfs", 64 << 20),
    ];
    if !run.maintenance() && run.config().is_some() {
        mounts.push(("/dev/vda5", "/system/state", "xfs", 92 << 20));
        mounts.push(("/dev/vda6", "/var", "xfs", 17 << 30));
    }
    mounts
}
