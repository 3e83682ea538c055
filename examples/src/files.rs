//! Files that the tools read and write.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// Reads a text file.
pub fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file; check the path",
            io::ErrorKind::PermissionDenied => "no permission to read it",
            io::ErrorKind::InvalidData => "it is not UTF-8 text",
            _ => return Failure::of(format!("could not read {}", path.display()), error),
        };
        Failure::of(format!("could not read {}", path.display()), hint)
    })
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
/// Everything these tools write may hold keys.
pub fn write(path: &Path, content: &str) -> Outcome {
    write_private(path, content.as_bytes())
        .map_err(|error| Failure::of(format!("could not write {}", path.display()), error))
}

/// Writes to a file as [`write()`] does, or to standard output for `-`.
pub fn write_or_print(path: &Path, content: &str) -> Outcome {
    if path == Path::new("-") {
        io::stdout().lock().write_all(content.as_bytes())?;
        return Ok(());
    }
    write(path, content)
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;

    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));
    let written = write_new(&temporary, content).and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        // The first error counts; a leftover is harmless.
        _ = fs::remove_file(&temporary);
    }
    written
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
