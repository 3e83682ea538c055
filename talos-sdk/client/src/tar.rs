//! Tar archives from a machine, read without trusting it.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

const BLOCK: usize = 512;
/// What Linux takes for a path.
const MAX_PATH: usize = 4096;
/// Extended headers hold names and times.
const MAX_EXTENDED: u64 = 64 << 10;

/// An entry whose path can't lead out of the folder that it is unpacked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TarEntry {
    /// Where, relative to that folder; empty for the folder itself. Only names, no `..`.
    pub path: PathBuf,
    /// What.
    pub kind: TarKind,
    /// The permissions, nine bits.
    pub permissions: u32,
    /// When it was last changed.
    pub modified: Option<SystemTime>,
}

/// What is to be unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TarKind {
    /// A file of this many bytes, which follow.
    File(u64),
    /// A folder.
    Directory,
    /// A symbolic link that stays in the folder.
    Symlink(PathBuf),
    /// Nothing that is unpacked, and why.
    Skipped(&'static str),
}

/// Reads entries one by one, in constant memory.
pub struct TarReader<R> {
    reader: R,
    /// How much of the content of the last entry is not read yet, and how much padding follows it.
    content: u64,
    padding: u64,
    ended: bool,
}

impl<R: Read> TarReader<R> {
    /// Reads an archive.
    pub fn new(reader: R) -> Self {
        Self { reader, content: 0, padding: 0, ended: false }
    }

    /// The next entry; what is left of the content of the last one is passed over. `None` after the blocks that end an
    /// archive: an archive without them was cut off, which is an error.
    pub fn next_entry(&mut self) -> io::Result<Option<TarEntry>> {
        if self.ended {
            return Ok(None);
        }
        let mut extended = Extended::default();
        loop {
            self.pass_over()?;
            let mut block = [0; BLOCK];
            self.reader.read_exact(&mut block)?;
            if block == [0; BLOCK] {
                self.ended = true;
                // What follows is zeroes too; reading it lets the compression check its sums.
                io::copy(&mut self.reader, &mut io::sink())?;
                return Ok(None);
            }
            let header = Header::parse(&block)?;
            self.content = header.size;
            self.padding = header.size.wrapping_neg() % BLOCK as u64;
            match header.kind {
                b'x' => extended.read_pax(&self.small_content()?)?,
                b'g' => _ = self.small_content()?,
                b'L' => extended.path = Some(trim(self.small_content()?)),
                b'K' => extended.link = Some(trim(self.small_content()?)),
                kind => {
                    if let Some(size) = extended.size.filter(|_| matches!(kind, b'0' | b'\0' | b'7')) {
                        self.content = size;
                        self.padding = size.wrapping_neg() % BLOCK as u64;
                    }
                    return entry(header, extended, self.content).map(Some);
                }
            }
        }
    }

    fn small_content(&mut self) -> io::Result<Vec<u8>> {
        if self.content > MAX_EXTENDED {
            return Err(unsafe_archive("an extended header of the archive is too long"));
        }
        let mut content = Vec::new();
        self.read_to_end(&mut content)?;
        Ok(content)
    }

    fn pass_over(&mut self) -> io::Result<()> {
        io::copy(self, &mut io::sink())?;
        let passed = io::copy(&mut (&mut self.reader).take(self.padding), &mut io::sink())?;
        if passed < self.padding {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.padding = 0;
        Ok(())
    }

    /// What is under the archive.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

/// The content of the current entry.
impl<R: Read> Read for TarReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.content).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.reader.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.content -= read as u64;
        Ok(read)
    }
}

/// An archive that does what no machine does.
pub(crate) fn unsafe_archive(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, UnsafeArchive(what.into()))
}

/// What is wrong with an archive.
#[derive(Debug)]
pub(crate) struct UnsafeArchive(String);

impl std::fmt::Display for UnsafeArchive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnsafeArchive {}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

struct Header {
    path: Vec<u8>,
    link: Vec<u8>,
    kind: u8,
    permissions: u32,
    size: u64,
    modified: u64,
}

impl Header {
    fn parse(block: &[u8; BLOCK]) -> io::Result<Self> {
        let damaged = || damaged("a header of the archive is damaged");
        let sum = number(&block[148..156]).ok_or_else(damaged)?;
        let plain: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        let of_field: u64 = block[148..156].iter().map(|byte| u64::from(*byte)).sum();
        if sum != plain - of_field + 8 * u64::from(b' ') {
            return Err(damaged());
        }
        let mut path = text(&block[..100]).to_vec();
        let prefix = text(&block[345..500]);
        if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
            path = [prefix, b"/", path.as_slice()].concat();
        }
        Ok(Self {
            path,
            link: text(&block[157..257]).to_vec(),
            kind: block[156],
            permissions: (number(&block[100..108]).unwrap_or(0) & 0o777) as u32,
            size: number(&block[124..136]).ok_or_else(damaged)?,
            modified: number(&block[136..148]).unwrap_or(0),
        })
    }
}

/// What did not fit into a header.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extended {
    /// Records of the form `length key=value\n`.
    fn read_pax(&mut self, mut records: &[u8]) -> io::Result<()> {
        let damaged = || damaged("an extended header of the archive is damaged");
        while !records.is_empty() {
            let space = records.iter().position(|byte| *byte == b' ').ok_or_else(damaged)?;
            let length: usize = std::str::from_utf8(&records[..space])
                .ok()
                .and_then(|digits| digits.parse().ok())
                .ok_or_else(damaged)?;
            let record = records.get(space + 1..length).ok_or_else(damaged)?;
            let record = record.strip_suffix(b"\n").ok_or_else(damaged)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(damaged)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                    self.size = Some(size.ok_or_else(damaged)?);
                }
                _ => {}
            }
            records = &records[length..];
        }
        Ok(())
    }
}

fn entry(header: Header, extended: Extended, size: u64) -> io::Result<TarEntry> {
    let path = extended.path.unwrap_or(header.path);
    let path = inside(&path).ok_or_else(|| {
        unsafe_archive(format!(
            "the archive has a file {:?}, which would be outside of the folder",
            String::from_utf8_lossy(&path[..path.len().min(200)])
        ))
    })?;
    let kind = match header.kind {
        b'0' | b'\0' | b'7' => TarKind::File(size),
        b'5' => TarKind::Directory,
        b'2' => match link_inside(&path, &extended.link.unwrap_or(header.link)) {
            Some(target) => TarKind::Symlink(target),
            None => TarKind::Skipped("it is a link that leads out of the folder"),
        },
        b'1' => TarKind::Skipped("it is a hard link"),
        b'3' | b'4' => TarKind::Skipped("it is a device"),
        b'6' => TarKind::Skipped("it is a pipe"),
        _ => TarKind::Skipped("it is no file, folder or link"),
    };
    Ok(TarEntry {
        path,
        kind,
        permissions: header.permissions,
        modified: SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(header.modified)),
    })
}

/// The path of an entry if it stays in the folder: not absolute, and without `..`.
#[must_use]
pub fn inside(path: &[u8]) -> Option<PathBuf> {
    let path = std::str::from_utf8(path).ok().filter(|path| path.len() <= MAX_PATH)?;
    if path.starts_with('/') {
        return None;
    }
    path.split('/')
        .filter(|name| !matches!(*name, "" | "."))
        .map(|name| plain(name).then_some(name))
        .collect()
}

/// The target of the symbolic link at `path`, if it stays in the folder whatever other links are there: not absolute,
/// and with `..` at its beginning only, where it can't go over a link.
#[must_use]
pub fn link_inside(path: &std::path::Path, target: &[u8]) -> Option<PathBuf> {
    let target = std::str::from_utf8(target).ok().filter(|target| target.len() <= MAX_PATH)?;
    if target.is_empty() || target.starts_with('/') {
        return None;
    }
    let names: Vec<_> = target.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    let ups = names.iter().take_while(|name| **name == "..").count();
    // The folder that the link is in.
    let depth = path.components().count().checked_sub(1)?;
    let stays = ups <= depth && names[ups..].iter().all(|name| plain(name));
    stays.then(|| if names.is_empty() { PathBuf::from(".") } else { names.iter().collect() })
}

/// Whether it is the name of a file in a folder, on any system.
fn plain(name: &str) -> bool {
    name != ".." && !name.contains('\0') && !(cfg!(windows) && name.contains(['\\', ':']))
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn trim(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(text(&bytes).len());
    bytes
}

/// Octal digits, or, if the first bit is set, a number of base 256.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let mut number = u64::from(field[0] & 0x7f);
        for byte in &field[1..] {
            number = number.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return Some(number).filter(|_| field[0] & 0x40 == 0);
    }
    let digits = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}
