//! Whatever archive a machine sends, nothing is written outside of the folder, nor more than the limits allow.
#![no_main]

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzEncoder;
use libfuzzer_sys::fuzz_target;
use talos_client::ExtractOptions;
use talos_client::parse::{TarReader, unpack, unpack_kubeconfig};

const BLOCK: usize = 512;
const MAX_BYTES: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let _ = unpack_kubeconfig(data);
    let _ = unpack_kubeconfig(&gzip(data));

    let tar = with_sums(data);
    let mut reader = TarReader::new(tar.as_slice());
    while let Ok(Some(entry)) = reader.next_entry() {
        assert!(entry.path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
    }

    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("inside");
    let options = ExtractOptions::default().with_max_bytes(MAX_BYTES).with_max_entries(64);
    let _ = unpack(data, &folder, &options);
    let _ = unpack(gzip(&tar).as_slice(), &folder, &options);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    let mut left = 2 * MAX_BYTES;
    look_at(&folder, &folder.canonicalize().unwrap(), &mut left);
});

/// The headers with right sums, which chance does not find.
fn with_sums(data: &[u8]) -> Vec<u8> {
    let mut tar = data.to_vec();
    for header in tar.chunks_exact_mut(BLOCK).filter(|block| &block[257..262] == b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    // The seeds are small, so the blocks that end an archive are not in them.
    tar.resize(tar.len().next_multiple_of(BLOCK) + 2 * BLOCK, 0);
    tar
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    GzEncoder::new(data, Compression::none()).read_to_end(&mut packed).unwrap();
    packed
}

/// No link leads out, and there are not too many bytes.
fn look_at(folder: &Path, root: &Path, left: &mut u64) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_symlink() {
            // A link to nothing leads nowhere.
            assert!(path.canonicalize().map_or(true, |target| target.starts_with(root)), "{path:?}");
        } else if metadata.is_dir() {
            look_at(&path, root, left);
        } else {
            *left = left.checked_sub(metadata.len()).unwrap();
        }
    }
}
