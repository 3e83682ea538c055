//! Memory.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Map, Value};
use talos_examples::arguments::{Format, Output};
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_examples::files;
use talos_sdk::client;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

#[derive(Args)]
pub(crate) struct Memory {
    /// All there is to know, as in /proc/meminfo
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    maintenance: Maintenance,
    #[command(flatten)]
    output: Output,
}

impl Memory {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let answers = connection.ask_in(&self.maintenance, |node| async move { node.memory().await }).await?;
        if self.verbose && self.output.format == Format::Text {
            for (node, memory) in answers.successes() {
                let mut text = format!("NODE: {node}\n");
                for (name, _, value, unit) in fields(memory) {
                    _ = match unit {
                        Unit::Bytes => writeln!(text, "{name}: {} kB", value / KIB),
                        Unit::Pages => writeln!(text, "{name}: {value}"),
                    };
                }
                files::print(&text)?;
            }
            return answers.report();
        }
        answers.show(
            self.output.format,
            &["TOTAL", "USED", "FREE", "SHARED", "BUFFERS", "CACHE", "AVAILABLE"],
            |m| {
                let all = [m.total, m.used(), m.free, m.shared, m.buffers, m.cached, m.available];
                vec![all.iter().map(|bytes| (bytes / MIB).to_string()).collect()]
            },
            |memory| {
                let fields = fields(memory);
                let object = fields.iter().map(|(_, key, value, _)| ((*key).to_owned(), Value::from(*value)));
                vec![Value::Object(object.collect::<Map<_, _>>())]
            },
        )
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    Pages,
}

/// Every value: its name in `/proc/meminfo`, our own, and in what it counts.
fn fields(m: &client::Memory) -> Vec<(&'static str, &'static str, u64, Unit)> {
    let bytes = [
        ("MemTotal", "total", m.total),
        ("MemFree", "free", m.free),
        ("MemAvailable", "available", m.available),
        ("Buffers", "buffers", m.buffers),
        ("Cached", "cached", m.cached),
        ("SwapCached", "swap_cached", m.swap_cached),
        ("Active", "active", m.active),
        ("Inactive", "inactive", m.inactive),
        ("ActiveAnon", "active_anonymous", m.active_anonymous),
        ("InactiveAnon", "inactive_anonymous", m.inactive_anonymous),
        ("ActiveFile", "active_file", m.active_file),
        ("InactiveFile", "inactive_file", m.inactive_file),
        ("Unevictable", "unevictable", m.unevictable),
        ("Mlocked", "locked", m.locked),
        ("SwapTotal", "swap_total", m.swap_total),
        ("SwapFree", "swap_free", m.swap_free),
        ("Dirty", "dirty", m.dirty),
        ("Writeback", "writeback", m.writeback),
        ("AnonPages", "anonymous", m.anonymous),
        ("Mapped", "mapped", m.mapped),
        ("Shmem", "shared", m.shared),
        ("Slab", "slab", m.slab),
        ("SReclaimable", "slab_reclaimable", m.slab_reclaimable),
        ("SUnreclaim", "slab_unreclaimable", m.slab_unreclaimable),
        ("KernelStack", "kernel_stack", m.kernel_stack),
        ("PageTables", "page_tables", m.page_tables),
        ("NFSUnstable", "nfs_unstable", m.nfs_unstable),
        ("Bounce", "bounce", m.bounce),
        ("WritebackTmp", "writeback_temporary", m.writeback_temporary),
        ("CommitLimit", "commit_limit", m.commit_limit),
        ("CommittedAS", "committed", m.committed),
        ("VmallocTotal", "vmalloc_total", m.vmalloc_total),
        ("VmallocUsed", "vmalloc_used", m.vmalloc_used),
        ("VmallocChunk", "vmalloc_chunk", m.vmalloc_chunk),
        ("HardwareCorrupted", "hardware_corrupted", m.hardware_corrupted),
        ("AnonHugePages", "anonymous_huge_pages", m.anonymous_huge_pages),
        ("ShmemHugePages", "shared_huge_pages", m.shared_huge_pages),
        ("ShmemPmdMapped", "shared_huge_pages_mapped", m.shared_huge_pages_mapped),
        ("CmaTotal", "contiguous_total", m.contiguous_total),
        ("CmaFree", "contiguous_free", m.contiguous_free),
    ];
    let pages = [
        ("HugePagesTotal", "huge_pages_total", m.huge_pages_total),
        ("HugePagesFree", "huge_pages_free", m.huge_pages_free),
        ("HugePagesRsvd", "huge_pages_reserved", m.huge_pages_reserved),
        ("HugePagesSurp", "huge_pages_surplus", m.huge_pages_surplus),
    ];
    let bytes = bytes.map(|(name, key, value)| (name, key, value, Unit::Bytes));
    let pages = pages.map(|(name, key, value)| (name, key, value, Unit::Pages));
    let size = ("Hugepagesize", "huge_page_size", m.huge_page_size, Unit::Bytes);
    bytes.into_iter().chain(pages).chain([size]).collect()
}
