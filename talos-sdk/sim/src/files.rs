//! The file tree of a machine. It is made anew for every call, from what the machine is doing.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;

/// Bits of a mode as Go's `fs.FileMode` has them, which is what travels.
pub(crate) mod mode {
    pub(crate) const DIRECTORY: u32 = 1 << 31;
    pub(crate) const SYMLINK: u32 = 1 << 27;
    pub(crate) const DEVICE: u32 = 1 << 26;
    pub(crate) const STICKY: u32 = 1 << 20;
    /// All bits that say what a file is.
    pub(crate) const TYPE: u32 = DIRECTORY | SYMLINK | DEVICE | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19;
    pub(crate) const PERMISSIONS: u32 = 0o777;
}

/// As many symbolic links are followed.
const LINKS: usize = 40;
/// What a directory itself takes.
const DIRECTORY_SIZE: i64 = 4096;

/// A file of any kind.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) mode: u32,
    pub(crate) modified: SystemTime,
    pub(crate) content: Content,
}

/// What a file holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Directory(BTreeMap<String, File>),
    Data(Bytes),
    Link(String),
    Device,
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing has this name.
    NotFound,
    /// A part of the path before its end is no directory.
    NotADirectory,
    /// Symbolic links lead in a circle.
    Loop,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotFound => "it does not exist",
            Self::NotADirectory => "a part of it is no directory",
            Self::Loop => "its links lead in a circle",
        })
    }
}

impl File {
    pub(crate) fn is_directory(&self) -> bool {
        matches!(self.content, Content::Directory(_))
    }

    pub(crate) fn size(&self) -> i64 {
        match &self.content {
            Content::Directory(_) => DIRECTORY_SIZE,
            Content::Data(data) => i64::try_from(data.len()).unwrap_or(i64::MAX),
            Content::Link(target) => i64::try_from(target.len()).unwrap_or(i64::MAX),
            Content::Device => 0,
        }
    }
}

/// A tree, from its root.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: File,
    modified: SystemTime,
}

impl Tree {
    /// A tree with nothing in it; what is added is as old as `modified`.
    pub(crate) fn new(modified: SystemTime) -> Self {
        Self { root: directory(0o755, modified), modified }
    }

    fn put(&mut self, path: &str, mode: u32, content: Content) {
        let mut at = &mut self.root;
        for part in parts(path) {
            if !at.is_directory() {
                *at = directory(0o755, self.modified);
            }
            let Content::Directory(entries) = &mut at.content else { return };
            at = entries.entry(part.to_owned()).or_insert_with(|| directory(0o755, self.modified));
        }
        match content {
            // A directory that has entries already keeps them.
            Content::Directory(_) if at.is_directory() => at.mode = mode,
            content => *at = File { mode, modified: self.modified, content },
        }
    }

    /// Adds a directory, with those that lead to it.
    pub(crate) fn directory(&mut self, path: &str, permissions: u32) {
        self.put(path, mode::DIRECTORY | permissions, Content::Directory(BTreeMap::new()));
    }

    /// Adds a regular file.
    pub(crate) fn file(&mut self, path: &str, permissions: u32, data: impl Into<Bytes>) {
        self.put(path, permissions, Content::Data(data.into()));
    }

    /// Adds a symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.put(path, mode::SYMLINK | 0o777, Content::Link(target.to_owned()));
    }

    /// Adds a block device.
    pub(crate) fn device(&mut self, path: &str) {
        self.put(path, mode::DEVICE | 0o600, Content::Device);
    }

    /// The file at `path` and where it really is, following links on the way; also the last one if `follow`.
    pub(crate) fn find(&self, path: &str, follow: bool) -> Result<(String, &File), Missing> {
        let mut todo: Vec<String> = parts(path).rev().map(str::to_owned).collect();
        let mut way: Vec<(String, &File)> = Vec::new();
        let mut links = 0;
        while let Some(part) = todo.pop() {
            if part == ".." {
                way.pop();
                continue;
            }
            let at = way.last().map_or(&self.root, |(_, file)| file);
            let Content::Directory(entries) = &at.content else { return Err(Missing::NotADirectory) };
            let file = entries.get(&part).ok_or(Missing::NotFound)?;
            match &file.content {
                Content::Link(target) if follow || !todo.is_empty() => {
                    links += 1;
                    if links > LINKS {
                        return Err(Missing::Loop);
                    }
                    if target.starts_with('/') {
                        way.clear();
                    }
                    todo.extend(parts(target).rev().map(str::to_owned));
                }
                _ => way.push((part, file)),
            }
        }
        let file = way.last().map_or(&self.root, |(_, file)| file);
        let path: String = way.iter().flat_map(|(part, _)| ["/", part]).collect();
        Ok((if path.is_empty() { "/".to_owned() } else { path }, file))
    }
}

/// A file with its path, as [`walk`] comes by it.
pub(crate) struct Item<'a> {
    /// The whole path.
    pub(crate) path: String,
    /// The path from where the walk began: `.` for that itself, its name if it is no directory.
    pub(crate) relative: String,
    pub(crate) file: &'a File,
}

/// Visits a file and all below it, parents first, names in order. `enter` says whether to go into a directory.
pub(crate) fn walk<'a>(
    path: &str,
    file: &'a File,
    enter: &mut impl FnMut(&Item<'a>) -> bool,
    visit: &mut impl FnMut(Item<'a>),
) {
    let relative = match file.is_directory() {
        true => ".".to_owned(),
        false => path.rsplit('/').next().unwrap_or_default().to_owned(),
    };
    step(Item { path: path.to_owned(), relative, file }, enter, visit);
}

fn step<'a>(item: Item<'a>, enter: &mut impl FnMut(&Item<'a>) -> bool, visit: &mut impl FnMut(Item<'a>)) {
    let go = enter(&item);
    let (path, relative, file) = (item.path.clone(), item.relative.clone(), item.file);
    visit(item);
    let Content::Directory(entries) = &file.content else { return };
    if !go {
        return;
    }
    for (name, file) in entries {
        let path = format!("{}/{name}", path.trim_end_matches('/'));
        let relative = if relative == "." { name.clone() } else { format!("{relative}/{name}") };
        step(Item { path, relative, file }, enter, visit);
    }
}

fn directory(permissions: u32, modified: SystemTime) -> File {
    File { mode: mode::DIRECTORY | permissions, modified, content: Content::Directory(BTreeMap::new()) }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed() {
        let mut tree = Tree::new(SystemTime::UNIX_EPOCH);
        tree.file("/run/a/b", 0o600, "text");
        tree.link("/var/run", "/run");
        tree.link("/run/c", "a/../a/b");
        tree.link("/loop", "/loop");
        assert_eq!(tree.find("/var/run/a/b", true).unwrap().0, "/run/a/b");
        assert_eq!(tree.find("/var/run/c", true).unwrap().0, "/run/a/b");
        assert_eq!(tree.find("/var/run/c", false).unwrap().0, "/run/c");
        assert_eq!(tree.find("/", true).unwrap().0, "/");
        for (path, why) in
            [("/nosuch", Missing::NotFound), ("/loop", Missing::Loop), ("/run/a/b/c", Missing::NotADirectory)]
        {
            assert_eq!(tree.find(path, true).unwrap_err(), why, "{path}");
        }
    }

    #[test]
    fn walks_in_the_order_of_names() {
        let mut tree = Tree::new(SystemTime::UNIX_EPOCH);
        for path in ["/a/b/c", "/a/b-c", "/a/a"] {
            tree.file(path, 0o600, "");
        }
        let mut seen = Vec::new();
        let (path, file) = tree.find("/a", true).unwrap();
        walk(&path, file, &mut |_| true, &mut |item| seen.push(item.relative));
        assert_eq!(seen, [".", "a", "b", "b/c", "b-c"]);
    }
}
