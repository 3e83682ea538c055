//! Benchmarks of the Talos SDK: see `benches/benches`, run with `cargo bench -p talos-benches`.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time that all threads of this process have spent on a processor.
#[must_use]
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // Neither part of this clock is ever negative.
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The most memory that this process has had, and what it has now, in KiB; zeros if the system doesn't tell.
#[must_use]
pub fn memory_kib() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    };
    (field("VmHWM:"), field("VmRSS:"))
}

/// Times of one operation, as a line of JSON that `table.py` reads. `elapsed` and `cpu` are of all of them together.
#[must_use]
pub fn summary(name: &str, times: &mut [Duration], elapsed: Duration, cpu: Duration) -> String {
    times.sort_unstable();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().map_or(0.0, micros);
    let count = times.len().max(1) as f64;
    format!(
        "{{\"name\":\"{name}\",\"iterations\":{},\"min_us\":{:.2},\"p50_us\":{:.2},\"p99_us\":{:.2},\
         \"per_op_us\":{:.2},\"cpu_per_op_us\":{:.2},\"max_rss_kib\":{}}}",
        times.len(),
        at(0),
        at(50),
        at(99),
        micros(elapsed) / count,
        micros(cpu) / count,
        memory_kib().0
    )
}
