//! The memory of a machine.

use talos_proto::machine::MemInfo;

use crate::{Node, Result};

/// What the memory of a machine is used for, as in `/proc/meminfo`. In bytes, but for numbers of huge pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// All of it, without what the kernel reserves.
    pub total: u64,
    /// Used for nothing.
    pub free: u64,
    /// What new programs could have without swapping.
    pub available: u64,
    /// Raw blocks of disks in memory.
    pub buffers: u64,
    /// Files in memory.
    pub cached: u64,
    /// Swapped out, but in memory as well.
    pub swap_cached: u64,
    /// Used lately.
    pub active: u64,
    /// Not used lately.
    pub inactive: u64,
    /// Used lately, of no file.
    pub active_anonymous: u64,
    /// Not used lately, of no file.
    pub inactive_anonymous: u64,
    /// Used lately, of files.
    pub active_file: u64,
    /// Not used lately, of files.
    pub inactive_file: u64,
    /// Not to be swapped out.
    pub unevictable: u64,
    /// Locked by programs.
    pub locked: u64,
    /// All swap space.
    pub swap_total: u64,
    /// Swap space that is not used.
    pub swap_free: u64,
    /// Waiting to be written.
    pub dirty: u64,
    /// Being written.
    pub writeback: u64,
    /// Of no file, and mapped by programs.
    pub anonymous: u64,
    /// Of files, and mapped by programs.
    pub mapped: u64,
    /// Shared between programs, and `tmpfs`.
    pub shared: u64,
    /// Structures of the kernel.
    pub slab: u64,
    /// Those it can give up.
    pub slab_reclaimable: u64,
    /// Those it can't give up.
    pub slab_unreclaimable: u64,
    /// Stacks of tasks in the kernel.
    pub kernel_stack: u64,
    /// Page tables.
    pub page_tables: u64,
    /// Sent to NFS servers and not on their disks yet.
    pub nfs_unstable: u64,
    /// Buffers for old devices.
    pub bounce: u64,
    /// Buffers of FUSE.
    pub writeback_temporary: u64,
    /// How much programs can be promised.
    pub commit_limit: u64,
    /// How much programs were promised.
    pub committed: u64,
    /// Address space of the kernel for larger areas.
    pub vmalloc_total: u64,
    /// How much of it is used.
    pub vmalloc_used: u64,
    /// The largest free part of it.
    pub vmalloc_chunk: u64,
    /// Taken out of use as broken.
    pub hardware_corrupted: u64,
    /// In huge pages, of no file.
    pub anonymous_huge_pages: u64,
    /// In huge pages, shared.
    pub shared_huge_pages: u64,
    /// In huge pages, shared and mapped.
    pub shared_huge_pages_mapped: u64,
    /// Reserved for devices that need it in one piece.
    pub contiguous_total: u64,
    /// How much of that is free.
    pub contiguous_free: u64,
    /// How many huge pages are set aside.
    pub huge_pages_total: u64,
    /// How many of them are free.
    pub huge_pages_free: u64,
    /// How many of them are promised.
    pub huge_pages_reserved: u64,
    /// How many there are beyond those set aside.
    pub huge_pages_surplus: u64,
    /// The size of one of them.
    pub huge_page_size: u64,
    /// Mapped by the kernel in pages of 4 KiB.
    pub direct_map_4k: u64,
    /// Mapped by the kernel in pages of 2 MiB.
    pub direct_map_2m: u64,
    /// Mapped by the kernel in pages of 1 GiB.
    pub direct_map_1g: u64,
}

impl Memory {
    /// How much programs and the kernel use, caches not counted.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.total.saturating_sub(self.free).saturating_sub(self.cached).saturating_sub(self.buffers)
    }
}

impl Node {
    /// What the memory of the machine is used for (`machine.MachineService/Memory`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// let memory = node.memory().await?;
    /// println!("{} of {} MiB", memory.used() >> 20, memory.total >> 20);
    /// # Ok(()) }) }
    /// ```
    pub async fn memory(&self) -> Result<Memory> {
        let reply = self.call((), |raw, request| async move { raw.machine().memory(request).await }).await?;
        Ok(reply.single()?.meminfo.unwrap_or_default().into())
    }
}

impl From<MemInfo> for Memory {
    fn from(info: MemInfo) -> Self {
        // The kernel counts in KiB, and Talos passes it on.
        let bytes = |kib: u64| kib.saturating_mul(1024);
        Self {
            total: bytes(info.memtotal),
            free: bytes(info.memfree),
            available: bytes(info.memavailable),
            buffers: bytes(info.buffers),
            cached: bytes(info.cached),
            swap_cached: bytes(info.swapcached),
            active: bytes(info.active),
            inactive: bytes(info.inactive),
            active_anonymous: bytes(info.activeanon),
            inactive_anonymous: bytes(info.inactiveanon),
            active_file: bytes(info.activefile),
            inactive_file: bytes(info.inactivefile),
            unevictable: bytes(info.unevictable),
            locked: bytes(info.mlocked),
            swap_total: bytes(info.swaptotal),
            swap_free: bytes(info.swapfree),
            dirty: bytes(info.dirty),
            writeback: bytes(info.writeback),
            anonymous: bytes(info.anonpages),
            mapped: bytes(info.mapped),
            shared: bytes(info.shmem),
            slab: bytes(info.slab),
            slab_reclaimable: bytes(info.sreclaimable),
            slab_unreclaimable: bytes(info.sunreclaim),
            kernel_stack: bytes(info.kernelstack),
            page_tables: bytes(info.pagetables),
            nfs_unstable: bytes(info.nfsunstable),
            bounce: bytes(info.bounce),
            writeback_temporary: bytes(info.writebacktmp),
            commit_limit: bytes(info.commitlimit),
            committed: bytes(info.committedas),
            vmalloc_total: bytes(info.vmalloctotal),
            vmalloc_used: bytes(info.vmallocused),
            vmalloc_chunk: bytes(info.vmallocchunk),
            hardware_corrupted: bytes(info.hardwarecorrupted),
            anonymous_huge_pages: bytes(info.anonhugepages),
            shared_huge_pages: bytes(info.shmemhugepages),
            shared_huge_pages_mapped: bytes(info.shmempmdmapped),
            contiguous_total: bytes(info.cmatotal),
            contiguous_free: bytes(info.cmafree),
            huge_pages_total: info.hugepagestotal,
            huge_pages_free: info.hugepagesfree,
            huge_pages_reserved: info.hugepagesrsvd,
            huge_pages_surplus: info.hugepagessurp,
            huge_page_size: bytes(info.hugepagesize),
            direct_map_4k: bytes(info.directmap4k),
            direct_map_2m: bytes(info.directmap2m),
            direct_map_1g: bytes(info.directmap1g),
        }
    }
}
