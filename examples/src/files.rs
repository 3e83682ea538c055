//! Files that the tools read and write.

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use talos_sdk::yaml::decode;

use crate::failure::{Failure, Outcome};

/// Reads a text file.
pub fn read(path: &Path) -> Outcome<String> {
    let failed = |why: &dyn fmt::Display| Failure::of(format!("could not read {}", path.display()), why);
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => failed(&"there is no such file; check the path"),
        io::ErrorKind::PermissionDenied => failed(&"no permission to read it"),
        _ => failed(&error),
    })?;
    decode(&bytes).map(Cow::into_owned).map_err(|error| failed(&error))
}

/// Refuses to overwrite a file, unless forced to.
pub fn check_free(path: &Path, force: bool) -> Outcome {
    if !force && path.exists() {
        return Err(Failure::new(format!("{} is already there; --force overwrites it", path.display())));
    }
    Ok(())
}

/// Writes a file for the owner's eyes only (mode 0600), in one step: a reader sees the old file or the new one.
/// Missing folders are made with mode 0700.
///
/// For what holds keys, and all else that is nobody's business.
pub fn write(path: &Path, content: &str) -> Outcome {
    write_with(path, content.as_bytes(), 0o600, 0o700)
        .map_err(|error| Failure::of(format!("could not write {}", path.display()), error))
}

/// Writes a file that everybody on this machine may read (mode 0644) as `talosctl` does, in one step. Missing folders
/// are made.
pub fn write_readable(path: &Path, content: &str) -> Outcome {
    write_with(path, content.as_bytes(), 0o644, 0o755)
        .map_err(|error| Failure::of(format!("could not write {}", path.display()), error))
}

/// Writes to standard output.
pub fn print(content: &str) -> Outcome {
    io::stdout().lock().write_all(content.as_bytes())?;
    Ok(())
}

/// Writes to a file as [`write()`] does, or to standard output for `-`.
pub fn write_or_print(path: &Path, content: &str) -> Outcome {
    if path == Path::new("-") {
        return print(content);
    }
    write(path, content)
}

/// `mode` is that of the file, `folder_mode` that of folders which are made.
#[cfg_attr(not(unix), allow(unused_variables, reason = "modes are those of Unix"))]
fn write_with(path: &Path, content: &[u8], mode: u32, folder_mode: u32) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, folder_mode);
    builder.create(&folder)?;

    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));
    let written = write_new(&temporary, content, mode).and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        // The first error counts; a leftover is harmless.
        _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg_attr(not(unix), allow(unused_variables, reason = "modes are those of Unix"))]
fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
