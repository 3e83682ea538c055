//! Files of a machine.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use talos_proto::machine::list_request::Type;
use talos_proto::machine::{CopyRequest, FileInfo, ListRequest, ReadRequest};

use crate::Node;
use crate::archive::Archive;
use crate::file_mode::{FileKind, FileMode};
use crate::stream::{ByteStream, ItemStream, Messages};

/// Which files to list, for [`Node::list`].
///
/// ```
/// # use talos_client::{FileKind, ListOptions};
/// let links = ListOptions::new("/dev/disk").with_depth(2).with_kinds([FileKind::Symlink]);
/// let all = ListOptions::new("/etc").with_all_depths();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListOptions {
    /// Where to begin: a folder, or a file, which is then the only entry. A link is followed.
    pub path: String,
    /// How deep to go: 1 for what is in the folder, `None` for all of it.
    pub depth: Option<u32>,
    /// Which kinds to report; all if this is empty. Machines know regular files, folders and links.
    pub kinds: Vec<FileKind>,
    /// Whether to report extended attributes, such as SELinux labels.
    pub xattrs: bool,
}

impl ListOptions {
    /// The folder itself and what is in it.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), depth: Some(1), kinds: Vec::new(), xattrs: false }
    }

    /// Goes so deep, at least 1.
    #[must_use]
    pub fn with_depth(mut self, depth: u32) -> Self {
        self.depth = Some(depth.max(1));
        self
    }

    /// Goes as deep as there are folders.
    #[must_use]
    pub fn with_all_depths(mut self) -> Self {
        self.depth = None;
        self
    }

    /// Reports these kinds only. Those that machines can't filter by are left out of the request.
    #[must_use]
    pub fn with_kinds(mut self, kinds: impl IntoIterator<Item = FileKind>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Reports extended attributes too.
    #[must_use]
    pub fn with_xattrs(mut self) -> Self {
        self.xattrs = true;
        self
    }
}

/// A file of a machine, as [`Node::list`] reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileEntry {
    /// Its path.
    pub path: String,
    /// Its path below the folder that was asked for; `.` for that folder itself.
    pub relative_path: String,
    /// What is known of it, or why nothing is: other entries follow all the same.
    pub info: Result<FileDetails, String>,
    /// Its extended attributes, if they were asked for.
    pub xattrs: Vec<Xattr>,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileDetails {
    /// Its kind and permissions.
    pub mode: FileMode,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last changed; whole seconds.
    pub modified: SystemTime,
    /// Where it leads to, if it is a symbolic link.
    pub link: Option<String>,
    /// The id of its owner.
    pub uid: u32,
    /// The id of its group.
    pub gid: u32,
}

/// An extended attribute of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Xattr {
    /// Its name, such as `security.selinux`.
    pub name: String,
    /// Its value.
    pub value: Bytes,
}

impl Node {
    /// Files of the machine, one by one (`machine.MachineService/List`, any role).
    ///
    /// A file that can't be looked at is an entry with the reason, not the end of the list. That the path itself is not
    /// there is an error of the stream; machines have no code of its own for it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use futures_util::TryStreamExt;
    /// use talos_client::ListOptions;
    ///
    /// let mut entries = node.list(ListOptions::new("/etc").with_depth(2));
    /// while let Some(entry) = entries.try_next().await? {
    ///     match entry.info {
    ///         Ok(info) => println!("{} {:>8} {}", info.mode, info.size, entry.relative_path),
    ///         Err(reason) => println!("{}: {reason}", entry.path),
    ///     }
    /// }
    /// # Ok(()) }) }
    /// ```
    pub fn list(&self, options: ListOptions) -> ItemStream<FileEntry> {
        let depth = options.depth.map(|depth| i32::try_from(depth.max(1)).unwrap_or(i32::MAX));
        let types = options.kinds.iter().filter_map(|kind| match kind {
            FileKind::Regular => Some(Type::Regular.into()),
            FileKind::Directory => Some(Type::Directory.into()),
            FileKind::Symlink => Some(Type::Symlink.into()),
            _ => None,
        });
        let request = ListRequest {
            root: options.path,
            // Without this a machine stops below the folder; with it, zero is as deep as can be.
            recurse: depth != Some(1),
            recursion_depth: depth.unwrap_or(0),
            types: types.collect(),
            report_xattrs: options.xattrs,
        };
        Messages::new(self, request, |raw, request| async move { raw.machine().list(request).await })
            .items(|entry| Ok(FileEntry::from(entry)))
    }

    /// The content of a regular file (`machine.MachineService/Read`, os:admin).
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound): there is none. A machine that fails to read on in the middle
    /// ends the stream as if the file ended there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use tokio::io::AsyncReadExt;
    ///
    /// let mut text = String::new();
    /// node.read("/etc/hostname").read_to_string(&mut text).await?;
    /// assert_eq!(text.trim(), node.hostname().await?);
    /// # Ok(()) }) }
    /// ```
    pub fn read(&self, path: impl Into<String>) -> ByteStream {
        let request = ReadRequest { path: path.into() };
        ByteStream::new(self, request, |raw, request| async move { raw.machine().read(request).await })
    }

    /// A file or a folder with all that is in it, as a gzipped tar archive (`machine.MachineService/Copy`, os:admin).
    ///
    /// The path must be absolute. Files that the machine can't read are left out, and then the stream ends with an
    /// error that names them, after all of the archive.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use talos_client::ExtractOptions;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let extracted = node.copy("/etc").extract(folder.path(), ExtractOptions::default()).await?;
    /// println!("{} files, {} bytes", extracted.files, extracted.bytes);
    /// for skipped in &extracted.skipped {
    ///     println!("{}: {}", skipped.path.display(), skipped.reason);
    /// }
    /// assert!(folder.path().join("hostname").exists());
    /// # Ok(()) }) }
    /// ```
    pub fn copy(&self, path: impl Into<String>) -> Archive {
        let request = CopyRequest { root_path: path.into() };
        Archive::new(ByteStream::new(self, request, |raw, request| async move {
            raw.machine().copy(request).await
        }))
    }
}

impl From<FileInfo> for FileEntry {
    fn from(info: FileInfo) -> Self {
        let since = Duration::from_secs(info.modified.unsigned_abs());
        let modified = match info.modified {
            0.. => SystemTime::UNIX_EPOCH.checked_add(since),
            _ => SystemTime::UNIX_EPOCH.checked_sub(since),
        };
        let details = FileDetails {
            mode: FileMode::from_go(info.mode),
            size: u64::try_from(info.size).unwrap_or_default(),
            modified: modified.unwrap_or(SystemTime::UNIX_EPOCH),
            link: Some(info.link).filter(|link| !link.is_empty()),
            uid: info.uid,
            gid: info.gid,
        };
        let xattrs = info.xattrs.into_iter();
        Self {
            path: info.name,
            relative_path: info.relative_name,
            info: if info.error.is_empty() { Ok(details) } else { Err(info.error) },
            xattrs: xattrs.map(|xattr| Xattr { name: xattr.name, value: xattr.data }).collect(),
        }
    }
}
