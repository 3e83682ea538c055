//! Reading the file tree.

use std::io::Write;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures_util::stream;
use talos_proto::machine::list_request::Type;
use talos_proto::{common, machine};
use tonic::Status;

use super::Context;
use super::streams::data;
use crate::files::{Content, File, Item, Missing, mode, walk};
use crate::grpc::Answer;

/// The largest piece of a file that is sent at once.
const CHUNK: usize = 32 * 1024;

/// A path as the handlers that list take it: absolute, without a slash at its end.
fn whole(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/').trim_end_matches('/'))
}

fn pieces(file: Bytes) -> Answer {
    let offsets = (0..file.len()).step_by(CHUNK);
    let pieces: Vec<Result<common::Data, Status>> =
        offsets.map(|start| Ok(data(file.slice(start..file.len().min(start + CHUNK))))).collect();
    Answer::many(stream::iter(pieces))
}

pub(super) fn read(cx: &Context<'_>, request: &machine::ReadRequest) -> Result<Answer, Status> {
    let tree = cx.run.tree();
    let found = match request.path.as_str() {
        "" => Err(Missing::NotFound),
        path => tree.find(path, true),
    };
    let (_, file) = found.map_err(|why| Status::not_found(format!("cannot read {}: {why}", request.path)))?;
    match &file.content {
        Content::Data(data) => Ok(pieces(data.clone())),
        _ => Err(Status::unknown(format!("{} is not a regular file", request.path))),
    }
}

pub(super) fn list(cx: &Context<'_>, request: &machine::ListRequest) -> Result<Answer, Status> {
    let root = whole(&request.root);
    let tree = cx.run.tree();
    let (root, file) =
        tree.find(&root, true).map_err(|why| Status::unknown(format!("cannot list {root}: {why}")))?;
    // Without recursion the directory is listed, and nothing below its entries.
    let depth = match (request.recurse, request.recursion_depth) {
        (false, _) => Some(0),
        (true, 0) => None,
        (true, depth) => usize::try_from(depth).ok(),
    };
    let slashes = |path: &str| path.matches('/').count();
    let wanted = |file: &File| {
        let kind = |kind: Type| match kind {
            Type::Regular => file.mode & mode::TYPE == 0,
            Type::Directory => file.is_directory(),
            Type::Symlink => file.mode & mode::SYMLINK != 0,
        };
        request.types.is_empty() || request.types().any(kind)
    };
    let mut found = Vec::new();
    walk(
        &root,
        file,
        // What the types leave out does not limit the depth either.
        &mut |item| {
            let deep = depth.is_some_and(|depth| slashes(&item.path) >= slashes(&root) + depth);
            item.path == root || !wanted(item.file) || !deep
        },
        &mut |item| {
            if wanted(item.file) {
                found.push(Ok(info(&item, request.report_xattrs)));
            }
        },
    );
    Ok(Answer::many(stream::iter(found)))
}

fn info(item: &Item<'_>, xattrs: bool) -> machine::FileInfo {
    let label = || machine::Xattr {
        name: "security.selinux".to_owned(),
        data: Bytes::from_static(b"system_u:object_r:rootfs_t:s0\0"),
    };
    let modified = item.file.modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    machine::FileInfo {
        name: item.path.clone(),
        relative_name: item.relative.clone(),
        size: item.file.size(),
        mode: item.file.mode,
        modified: i64::try_from(modified).unwrap_or(i64::MAX),
        is_dir: item.file.is_directory(),
        link: match &item.file.content {
            Content::Link(target) => target.clone(),
            _ => String::new(),
        },
        xattrs: xattrs.then(label).into_iter().collect(),
        ..machine::FileInfo::default()
    }
}

/// Talos looks at the first path that there is, and at no other.
pub(super) fn usage(cx: &Context<'_>, request: &machine::DiskUsageRequest) -> Answer {
    let tree = cx.run.tree();
    let mut sent = Vec::new();
    for path in &request.paths {
        let path = whole(path);
        match tree.find(&path, true) {
            Ok((path, file)) => {
                measure(&path, ".", file, 0, request, &mut sent);
                break;
            }
            Err(why) => sent.push(machine::DiskUsageInfo {
                error: format!("cannot look at {path}: {why}"),
                relative_name: path.clone(),
                name: path,
                ..machine::DiskUsageInfo::default()
            }),
        }
    }
    Answer::many(stream::iter(sent.into_iter().map(Ok)))
}

/// The size of a file and all below it, which is sent if the caller wants it.
fn measure(
    path: &str,
    relative: &str,
    file: &File,
    depth: i32,
    request: &machine::DiskUsageRequest,
    sent: &mut Vec<machine::DiskUsageInfo>,
) -> i64 {
    let mut size = file.size();
    if let Content::Directory(entries) = &file.content {
        for (name, file) in entries {
            let path = format!("{}/{name}", path.trim_end_matches('/'));
            let relative = if relative == "." { name.clone() } else { format!("{relative}/{name}") };
            size += measure(&path, &relative, file, depth + 1, request, sent);
        }
    }
    let too_deep = request.recursion_depth > 0 && depth >= request.recursion_depth;
    let only_directories = !file.is_directory() && !request.all;
    let outside = match request.threshold {
        0 => false,
        at_least @ 1.. => size < at_least,
        at_most => size > -at_most,
    };
    if !(too_deep || only_directories || outside) {
        sent.push(machine::DiskUsageInfo {
            name: path.to_owned(),
            relative_name: relative.to_owned(),
            size,
            ..machine::DiskUsageInfo::default()
        });
    }
    size
}

/// A gzipped tar of a path; the directory itself is not in it.
pub(super) fn copy(cx: &Context<'_>, request: &machine::CopyRequest) -> Result<Answer, Status> {
    if !request.root_path.starts_with('/') {
        return Err(Status::unknown(format!("{:?} is no absolute path", request.root_path)));
    }
    let tree = cx.run.tree();
    let root = whole(&request.root_path);
    let (root, file) =
        tree.find(&root, true).map_err(|why| Status::unknown(format!("cannot copy {root}: {why}")))?;
    let archive = archive(&root, file).map_err(|error| Status::unknown(error.to_string()))?;
    Ok(pieces(archive))
}

fn archive(root: &str, file: &File) -> std::io::Result<Bytes> {
    let mut builder =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut failure = Ok(());
    walk(root, file, &mut |_| true, &mut |item| {
        if item.relative != "." && failure.is_ok() {
            failure = append(&mut builder, &item);
        }
    });
    failure?;
    Ok(builder.into_inner()?.finish()?.into())
}

fn append(builder: &mut tar::Builder<impl Write>, item: &Item<'_>) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(item.file.mode & mode::PERMISSIONS);
    header.set_mtime(item.file.modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
    header.set_size(0);
    match &item.file.content {
        Content::Directory(_) => {
            header.set_entry_type(tar::EntryType::Directory);
            builder.append_data(&mut header, format!("{}/", item.relative), std::io::empty())
        }
        Content::Link(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            builder.append_link(&mut header, &item.relative, target)
        }
        Content::Data(data) => {
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(data.len() as u64);
            builder.append_data(&mut header, &item.relative, &data[..])
        }
        Content::Device => {
            header.set_entry_type(tar::EntryType::Block);
            builder.append_data(&mut header, &item.relative, std::io::empty())
        }
    }
}
