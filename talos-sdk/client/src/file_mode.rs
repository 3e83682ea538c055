//! What kind of file it is, and who may do what with it.

use std::fmt;

// Talos is written in Go and sends Go's bits, which for all but the permissions are not those of stat(2).
const DIR: u32 = 1 << 31;
const SYMLINK: u32 = 1 << 27;
const DEVICE: u32 = 1 << 26;
const NAMED_PIPE: u32 = 1 << 25;
const SOCKET: u32 = 1 << 24;
const SETUID: u32 = 1 << 23;
const SETGID: u32 = 1 << 22;
const CHAR_DEVICE: u32 = 1 << 21;
const STICKY: u32 = 1 << 20;
const IRREGULAR: u32 = 1 << 19;
const PERMISSIONS: u32 = 0o777;

/// The kind and the permissions of a file.
///
/// ```
/// # use talos_client::{FileKind, FileMode};
/// let mode = FileMode::from_go(0x8000_01ed);
/// assert_eq!((mode.kind(), mode.permissions()), (FileKind::Directory, 0o755));
/// assert_eq!(mode.to_string(), "drwxr-xr-x");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileMode(u32);

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// An ordinary file.
    Regular,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// Anything else.
    Other,
}

impl FileMode {
    /// From what Talos sends: the bits of Go's `fs.FileMode`.
    #[must_use]
    pub fn from_go(bits: u32) -> Self {
        Self(bits)
    }

    /// What the file is.
    #[must_use]
    pub fn kind(self) -> FileKind {
        let has = |bit| self.0 & bit != 0;
        if has(DIR) {
            FileKind::Directory
        } else if has(SYMLINK) {
            FileKind::Symlink
        } else if has(CHAR_DEVICE) {
            FileKind::CharDevice
        } else if has(DEVICE) {
            FileKind::BlockDevice
        } else if has(NAMED_PIPE) {
            FileKind::Fifo
        } else if has(SOCKET) {
            FileKind::Socket
        } else if has(IRREGULAR) {
            FileKind::Other
        } else {
            FileKind::Regular
        }
    }

    /// Who may do what: the nine lowest bits, as in `chmod`.
    #[must_use]
    pub fn permissions(self) -> u32 {
        self.0 & PERMISSIONS
    }

    /// Whether a program runs as the owner of the file.
    #[must_use]
    pub fn is_setuid(self) -> bool {
        self.0 & SETUID != 0
    }

    /// Whether a program runs as the group of the file.
    #[must_use]
    pub fn is_setgid(self) -> bool {
        self.0 & SETGID != 0
    }

    /// Whether only the owner of a file may remove it from this folder.
    #[must_use]
    pub fn is_sticky(self) -> bool {
        self.0 & STICKY != 0
    }

    /// As stat(2) has it: `st_mode` on Linux.
    #[must_use]
    pub fn to_unix(self) -> u32 {
        let kind = match self.kind() {
            FileKind::Regular => 0o100_000,
            FileKind::Directory => 0o040_000,
            FileKind::Symlink => 0o120_000,
            FileKind::BlockDevice => 0o060_000,
            FileKind::CharDevice => 0o020_000,
            FileKind::Fifo => 0o010_000,
            FileKind::Socket => 0o140_000,
            FileKind::Other => 0,
        };
        let special = [(self.is_setuid(), 0o4000), (self.is_setgid(), 0o2000), (self.is_sticky(), 0o1000)];
        let special: u32 = special.into_iter().filter(|(set, _)| *set).map(|(_, bit)| bit).sum();
        kind | special | self.permissions()
    }
}

/// As `ls -l` shows it.
impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind() {
            FileKind::Regular => '-',
            FileKind::Directory => 'd',
            FileKind::Symlink => 'l',
            FileKind::BlockDevice => 'b',
            FileKind::CharDevice => 'c',
            FileKind::Fifo => 'p',
            FileKind::Socket => 's',
            FileKind::Other => '?',
        };
        let mut text = String::from(kind);
        for (shift, special, letter) in
            [(6, self.is_setuid(), 's'), (3, self.is_setgid(), 's'), (0, self.is_sticky(), 't')]
        {
            let bits = self.0 >> shift;
            let execute = bits & 1 != 0;
            text.push(if bits & 4 != 0 { 'r' } else { '-' });
            text.push(if bits & 2 != 0 { 'w' } else { '-' });
            text.push(match (special, execute) {
                (true, true) => letter,
                (true, false) => letter.to_ascii_uppercase(),
                (false, true) => 'x',
                (false, false) => '-',
            });
        }
        f.pad(&text)
    }
}

impl fmt::Debug for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileMode({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_go_become_those_of_linux() {
        for (go, unix, text) in [
            (0o644, 0o100_644, "-rw-r--r--"),
            (DIR | 0o755, 0o040_755, "drwxr-xr-x"),
            (DIR | STICKY | 0o777, 0o041_777, "drwxrwxrwt"),
            (SYMLINK | 0o777, 0o120_777, "lrwxrwxrwx"),
            (DEVICE | 0o660, 0o060_660, "brw-rw----"),
            (DEVICE | CHAR_DEVICE | 0o666, 0o020_666, "crw-rw-rw-"),
            (NAMED_PIPE | 0o600, 0o010_600, "prw-------"),
            (SOCKET | 0o755, 0o140_755, "srwxr-xr-x"),
            (SETUID | 0o755, 0o104_755, "-rwsr-xr-x"),
            (SETGID | 0o640, 0o102_640, "-rw-r-S---"),
            (IRREGULAR, 0, "?---------"),
        ] {
            let mode = FileMode::from_go(go);
            assert_eq!((mode.to_unix(), mode.to_string().as_str()), (unix, text));
        }
    }
}
