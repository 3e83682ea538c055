//! Database files of bbolt, which etcd keeps its data in.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes in a page.
pub(crate) const PAGE: usize = 4096;
const HEADER: usize = 16;
const ELEMENT: usize = 16;
/// Bytes of a meta page that its checksum is about.
const META: usize = 56;

const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;

const LEAF_PAGE: u16 = 0x02;
const META_PAGE: u16 = 0x04;
const FREELIST_PAGE: u16 = 0x10;
const BUCKET_ELEMENT: u32 = 0x01;

/// Pages that every file begins with: two meta pages and the list of free pages.
const FIRST: u64 = 3;

/// A bucket: its name, and its keys with their values in the order of the keys.
pub(crate) struct Bucket {
    pub(crate) name: &'static str,
    pub(crate) entries: Vec<(Vec<u8>, Vec<u8>)>,
}

/// The file with these buckets, in the order of their names, and so many free pages at its end (at most 500).
pub(crate) fn write(buckets: &[Bucket], free: u64) -> Bytes {
    let mut next = FIRST + 1;
    let mut roots = Vec::new();
    let mut bodies = Vec::new();
    for bucket in buckets {
        let entries: Vec<_> = bucket.entries.iter().map(|(key, value)| (0, &key[..], &value[..])).collect();
        let body = leaf(next, &entries);
        roots.push((bucket.name, next));
        next += (body.len() / PAGE) as u64;
        bodies.push(body);
    }
    let headers: Vec<_> =
        roots.iter().map(|(name, root)| (name.as_bytes(), [root.to_le_bytes(), [0; 8]].concat())).collect();
    let entries: Vec<_> = headers.iter().map(|(name, header)| (BUCKET_ELEMENT, *name, &header[..])).collect();
    let end = next + free.min(500);

    let mut file = BytesMut::new();
    for transaction in 0..2 {
        file.put_slice(&meta(transaction, end));
    }
    file.put_slice(&freelist(next..end));
    file.put_slice(&leaf(FIRST, &entries));
    bodies.iter().for_each(|body| file.put_slice(body));
    file.resize(usize::try_from(end).unwrap_or_default() * PAGE, 0);
    file.freeze()
}

/// Whether bytes begin as such a file does: a meta page with its checksum.
pub(crate) fn is_database(file: &[u8]) -> bool {
    let Some(page) = file.get(HEADER..HEADER + META + 8) else { return false };
    let (fields, checksum) = page.split_at(META);
    fields.starts_with(&MAGIC.to_le_bytes()) && checksum == fnv64(fields).to_le_bytes()
}

fn header(id: u64, flags: u16, count: usize, overflow: usize) -> BytesMut {
    let mut page = BytesMut::with_capacity(PAGE);
    page.put_u64_le(id);
    page.put_u16_le(flags);
    page.put_u16_le(u16::try_from(count).unwrap_or(u16::MAX));
    page.put_u32_le(u32::try_from(overflow).unwrap_or(u32::MAX));
    page
}

fn meta(transaction: u64, end: u64) -> BytesMut {
    let mut fields = BytesMut::with_capacity(META);
    fields.put_u32_le(MAGIC);
    fields.put_u32_le(VERSION);
    fields.put_u32_le(PAGE as u32);
    fields.put_u32_le(0);
    // The bucket of buckets: its page and its sequence.
    fields.put_u64_le(FIRST);
    fields.put_u64_le(0);
    fields.put_u64_le(FIRST - 1);
    fields.put_u64_le(end);
    fields.put_u64_le(transaction);
    let mut page = header(transaction, META_PAGE, 0, 0);
    page.put_slice(&fields);
    page.put_u64_le(fnv64(&fields));
    page.resize(PAGE, 0);
    page
}

fn freelist(free: std::ops::Range<u64>) -> BytesMut {
    let mut page = header(FIRST - 1, FREELIST_PAGE, free.clone().count(), 0);
    free.for_each(|id| page.put_u64_le(id));
    page.resize(PAGE, 0);
    page
}

/// A leaf page, as many pages long as it needs to be.
fn leaf(id: u64, entries: &[(u32, &[u8], &[u8])]) -> BytesMut {
    let data: usize = entries.iter().map(|(_, key, value)| key.len() + value.len()).sum();
    let length = (HEADER + entries.len() * ELEMENT + data).div_ceil(PAGE);
    let mut page = header(id, LEAF_PAGE, entries.len(), length - 1);
    let mut before = 0;
    for (index, (flags, key, value)) in entries.iter().enumerate() {
        // Counted from the element itself.
        let position = (entries.len() - index) * ELEMENT + before;
        page.put_u32_le(*flags);
        for number in [position, key.len(), value.len()] {
            page.put_u32_le(u32::try_from(number).unwrap_or(u32::MAX));
        }
        before += key.len() + value.len();
    }
    for (_, key, value) in entries {
        page.put_slice(key);
        page.put_slice(value);
    }
    page.resize(length * PAGE, 0);
    page
}

fn fnv64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_pages_and_knows_itself() {
        let entries = vec![(b"a".to_vec(), vec![1; 10_000]), (b"b".to_vec(), Vec::new())];
        let file = write(&[Bucket { name: "key", entries }, Bucket { name: "meta", entries: Vec::new() }], 5);
        // Meta, meta, free list, buckets, three pages of data, one without, five free ones.
        assert_eq!(file.len(), 13 * PAGE);
        assert!(is_database(&file));
        let mut broken = file.to_vec();
        broken[20] ^= 1;
        assert!(!is_database(&broken) && !is_database(b"") && !is_database(&[0; PAGE]));
    }
}
