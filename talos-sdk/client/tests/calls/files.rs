//! Files.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::TryStreamExt;
use prost::Message;
use talos_client::parse::unpack;
use talos_client::{ErrorKind, ExtractOptions, FileKind, ListOptions, UsageOptions};
use talos_proto::common::Data;
use talos_proto::machine;
use tokio::io::AsyncReadExt;
use tonic::Code;

use crate::host::server;
use crate::lab::Lab;
use crate::support::{Answer, many};

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_simulated_machine_are_listed_and_read() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let node = lab.node(0);
    let entries: Vec<_> = node.list(ListOptions::new("/etc")).try_collect().await.unwrap();
    let find = |name: &str| entries.iter().find(|entry| entry.relative_path == name).unwrap();
    let hostname = find("hostname").info.clone().unwrap();
    assert_eq!((hostname.mode.kind(), hostname.mode.permissions()), (FileKind::Regular, 0o644));
    assert_eq!(find("localtime").info.clone().unwrap().link.as_deref(), Some("/usr/share/zoneinfo/UTC"));
    assert_eq!(find("ssl").info.clone().unwrap().mode.kind(), FileKind::Directory);
    assert!(entries.iter().all(|entry| !entry.relative_path.contains('/')), "not deeper than asked for");

    let deep: Vec<_> = node
        .list(ListOptions::new("/etc").with_all_depths().with_kinds([FileKind::Directory]))
        .try_collect()
        .await
        .unwrap();
    assert!(deep.iter().any(|entry| entry.path == "/etc/ssl/certs"));
    assert!(deep.iter().all(|entry| entry.info.as_ref().unwrap().mode.kind() == FileKind::Directory));
    assert!(node.list(ListOptions::new("/none")).try_next().await.is_err());

    let mut text = String::new();
    node.read("/etc/hostname").read_to_string(&mut text).await.unwrap();
    assert_eq!(text.trim(), lab.machines[0].hostname());
    assert!(node.read("/none").try_next().await.unwrap_err().is_not_found());
    assert!(node.read("/etc").try_next().await.is_err());

    let usage: Vec<_> = node.disk_usage(UsageOptions::new("/etc").with_files()).try_collect().await.unwrap();
    let size = |path: &str| *usage.iter().find(|usage| usage.path == path).unwrap().size.as_ref().unwrap();
    assert_eq!(size("/etc/hostname"), text.len() as u64);
    assert!(size("/etc") > size("/etc/hostname"));
    let only: Vec<_> = node.disk_usage(UsageOptions::new("/etc").with_depth(1)).try_collect().await.unwrap();
    assert_eq!(only.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_a_simulated_machine_is_unpacked() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let extracted = lab.node(0).copy("/etc").extract(folder.path(), ExtractOptions::default()).await.unwrap();
    assert!(extracted.left_out.is_none(), "{extracted:?}");
    let hostname = fs::read_to_string(folder.path().join("hostname")).unwrap();
    assert_eq!(hostname.trim(), lab.machines[0].hostname());
    // It leads to /usr, which is not in the archive.
    assert!(extracted.skipped.iter().any(|skipped| skipped.path == Path::new("localtime")));
    assert!(!folder.path().join("localtime").exists());

    let error = lab.node(0).copy("etc").extract(folder.path(), ExtractOptions::default()).await.unwrap_err();
    assert_eq!(error.method(), Some("Copy"), "{error}");
}

#[tokio::test]
async fn errors_of_entries_are_kept_and_not_the_end() {
    let (server, node) = server().await;
    let entry = |name: &str, error: &str| machine::FileInfo {
        name: name.into(),
        error: error.into(),
        modified: -1,
        xattrs: vec![machine::Xattr { name: "user.x".into(), data: Bytes::from_static(b"1") }],
        ..Default::default()
    };
    server.answer("List", [many([entry("a", ""), entry("b", "permission denied"), entry("c", "")])]);
    let options =
        ListOptions::new("/").with_xattrs().with_depth(3).with_kinds([FileKind::Symlink, FileKind::Fifo]);
    let entries: Vec<_> = node.list(options).try_collect().await.unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[1].info, Err("permission denied".to_owned()));
    assert_eq!(entries[0].xattrs[0].value, "1");
    assert_eq!(entries[2].info.as_ref().unwrap().modified, SystemTime::UNIX_EPOCH - Duration::from_secs(1));
    let request: machine::ListRequest = server.seen("List")[0].request();
    assert_eq!(
        (request.recurse, request.recursion_depth, request.types.as_slice()),
        (true, 3, [2].as_slice())
    );

    let usage = |name: &str, error: &str| machine::DiskUsageInfo {
        name: name.into(),
        error: error.into(),
        size: 5,
        ..Default::default()
    };
    server.answer("DiskUsage", [many([usage("a", "gone"), usage("b", "")])]);
    let usages: Vec<_> =
        node.disk_usage(UsageOptions::new("/var").with_at_most(10)).try_collect().await.unwrap();
    assert_eq!((usages[0].size.clone(), usages[1].size.clone()), (Err("gone".to_owned()), Ok(5)));
    let request: machine::DiskUsageRequest = server.seen("DiskUsage")[0].request();
    assert_eq!((request.threshold, request.paths.as_slice()), (-10, ["/var".to_owned()].as_slice()));
}

/// An entry of a tar archive, with its content.
fn entry(name: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000640");
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[136..147].copy_from_slice(b"00000000144");
    header[156] = kind;
    header[157..157 + link.len()].copy_from_slice(link.as_bytes());
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut bytes = header.to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    gzip(&[entries.concat(), vec![0; 1024]].concat())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn kind(folder: &Path, entries: &[Vec<u8>]) -> ErrorKind {
    unpack(archive(entries).as_slice(), folder, &ExtractOptions::default()).unwrap_err().kind()
}

#[test]
fn an_archive_is_unpacked_with_permissions_and_times() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    let record = format!(" path={long}\n");
    let record = format!("{}{record}", record.len() + 3);
    let extracted = unpack(
        archive(&[
            entry("./", b'5', "", b""),
            entry("sub/", b'5', "", b""),
            entry("sub/file", b'0', "", &[7; 1000]),
            entry("sub/link", b'2', "../sub/file", b""),
            entry("pax", b'x', "", record.as_bytes()),
            entry("short", b'0', "", b"long"),
            entry("././@LongLink", b'L', "", b"from/gnu\0"),
            entry("short", b'0', "", b"gnu"),
            entry("empty", b'0', "", b""),
            entry("hard", b'1', "sub/file", b""),
            entry("null", b'3', "", b""),
            entry("pipe", b'6', "", b""),
            entry("out", b'2', "/etc/passwd", b""),
            entry("sub/out", b'2', "../../x", b""),
            entry("sub/over", b'2', "link/../../x", b""),
        ])
        .as_slice(),
        folder.path(),
        &ExtractOptions::default(),
    )
    .unwrap();
    assert_eq!((extracted.files, extracted.bytes), (4, 1007));
    let skipped: Vec<_> = extracted.skipped.iter().map(|skipped| skipped.path.to_str().unwrap()).collect();
    assert_eq!(skipped, ["hard", "null", "pipe", "out", "sub/out", "sub/over"]);
    assert!(!extracted.is_complete());

    let file = folder.path().join("sub/file");
    let metadata = fs::metadata(&file).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    assert_eq!(metadata.modified().unwrap(), SystemTime::UNIX_EPOCH + Duration::from_secs(100));
    assert_eq!(fs::read(folder.path().join("sub/link")).unwrap(), [7; 1000]);
    assert_eq!(fs::read(folder.path().join(&long)).unwrap(), b"long");
    assert_eq!(fs::read(folder.path().join("from/gnu")).unwrap(), b"gnu");
    for name in skipped {
        assert!(fs::symlink_metadata(folder.path().join(name)).is_err(), "{name}");
    }
}

#[test]
fn archives_of_another_program_are_unpacked() {
    let source = tempfile::tempdir().unwrap();
    let deep = source.path().join("d".repeat(90)).join("e".repeat(90)).join("f".repeat(90));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("g".repeat(90)), "deep").unwrap();
    fs::write(source.path().join("umläut"), vec![9; 100_000]).unwrap();
    fs::write(source.path().join("empty"), "").unwrap();
    fs::set_permissions(source.path().join("empty"), fs::Permissions::from_mode(0o400)).unwrap();
    symlink(deep.strip_prefix(source.path()).unwrap(), source.path().join("link")).unwrap();
    for format in ["gnu", "pax", "ustar", "oldgnu"] {
        let mut tar = std::process::Command::new("tar");
        tar.arg("-C").arg(source.path()).args(["-cz", "--format", format, "."]);
        let Ok(output) = tar.output() else { return eprintln!("skipped: there is no tar") };
        // The names here are too long for one of the formats.
        assert!(output.status.success() || format == "ustar", "{format}: {output:?}");
        let folder = tempfile::tempdir().unwrap();
        let extracted = unpack(output.stdout.as_slice(), folder.path(), &ExtractOptions::default()).unwrap();
        assert_eq!(fs::read(folder.path().join("umläut")).unwrap(), [9; 100_000], "{format}");
        let mode = fs::metadata(folder.path().join("empty")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o400, "{format}");
        if output.status.success() {
            assert!(extracted.is_complete() && extracted.files == 3, "{format}: {extracted:?}");
            let file = folder.path().join("link").join("g".repeat(90));
            assert_eq!(fs::read(file).unwrap(), b"deep", "{format}");
        }
    }
}

#[test]
fn nothing_is_written_outside_of_the_folder() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("in");
    let long = |path: &str| {
        let record = format!(" path={path}\n");
        entry("pax", b'x', "", format!("{}{record}", record.len() + 2).as_bytes())
    };
    for entries in [
        vec![entry("../out", b'0', "", b"x")],
        vec![entry("/out", b'0', "", b"x")],
        vec![entry("a/../../out", b'0', "", b"x")],
        vec![entry("..", b'5', "", b"")],
        vec![long("../out"), entry("fine", b'0', "", b"x")],
        vec![entry("@", b'L', "", b"../out\0"), entry("fine", b'0', "", b"x")],
        // A link, and then a file through it.
        vec![
            entry("sub/", b'5', "", b""),
            entry("link", b'2', "sub", b""),
            entry("link/out", b'0', "", b"x"),
        ],
        vec![entry("file", b'0', "", b"x"), entry("file/below", b'0', "", b"x")],
        // A file in place of the folder itself.
        vec![entry(".", b'0', "", b"x")],
    ] {
        let kind = kind(&folder, &entries);
        assert!(matches!(kind, ErrorKind::UnsafeArchive | ErrorKind::Io), "{kind:?}");
        assert!(!outer.path().join("out").exists());
        assert!(!folder.join("sub/out").exists());
        fs::remove_dir_all(&folder).unwrap();
    }

    // What was there before is not written through either.
    fs::create_dir(&folder).unwrap();
    fs::write(outer.path().join("secret"), "mine").unwrap();
    symlink("../secret", folder.join("file")).unwrap();
    symlink("..", folder.join("up")).unwrap();
    _ = unpack(
        archive(&[entry("file", b'0', "", b"theirs")]).as_slice(),
        &folder,
        &ExtractOptions::default(),
    )
    .unwrap();
    assert_eq!(fs::read(outer.path().join("secret")).unwrap(), b"mine");
    assert_eq!(fs::read(folder.join("file")).unwrap(), b"theirs");
    assert_eq!(kind(&folder, &[entry("up/out", b'0', "", b"x")]), ErrorKind::UnsafeArchive);
    assert_eq!(kind(&folder, &[entry("up/", b'5', "", b"")]), ErrorKind::UnsafeArchive);
    assert!(!outer.path().join("out").exists());
}

#[test]
fn bombs_end_at_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = archive(&[entry("zeroes", b'0', "", &vec![0; 10 << 20])]);
    assert!(bomb.len() < 1 << 20);
    let options = ExtractOptions::default().with_max_bytes(1 << 20);
    let error = unpack(bomb.as_slice(), folder.path(), &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsafeArchive, "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing half-written stays");

    let many: Vec<_> = (0..11).map(|number| entry(&number.to_string(), b'5', "", b"")).collect();
    let options = ExtractOptions::default().with_max_entries(10);
    assert!(unpack(archive(&many).as_slice(), folder.path(), &options).is_err());
    let wide = entry("pax", b'x', "", &vec![b'1'; 1 << 20]);
    assert_eq!(kind(folder.path(), &[wide]), ErrorKind::UnsafeArchive);
    let devices: Vec<_> = (0..10_001).map(|number| entry(&number.to_string(), b'3', "", b"")).collect();
    assert_eq!(kind(folder.path(), &devices), ErrorKind::UnsafeArchive);
    // Zeroes without end after the archive count too.
    let tail = gzip(&vec![0; 10 << 20]);
    let options = ExtractOptions::default().with_max_bytes(1 << 20);
    assert!(unpack(tail.as_slice(), folder.path(), &options).is_err());
}

#[test]
fn an_archive_that_is_cut_off_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let whole = archive(&[entry("file", b'0', "", b"content"), entry("sub/", b'5', "", b"")]);
    for length in 0..whole.len() {
        let error = unpack(&whole[..length], folder.path(), &ExtractOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidReply, "{length}: {error}");
    }
    // Whole gzip, but tar without its end.
    for cut in [gzip(b""), gzip(&entry("file", b'0', "", b"content")), gzip(&[1; 512])] {
        let error = unpack(cut.as_slice(), folder.path(), &ExtractOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidReply);
    }
}

#[tokio::test]
async fn what_a_machine_left_out_is_told_beside_what_there_is() {
    let (server, node) = server().await;
    let archive = archive(&[entry("file", b'0', "", b"content")]);
    let pieces = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let piece = |bytes: &[u8]| Data { metadata: None, bytes: bytes.to_vec().into() }.encode_to_vec();
        bytes.chunks(7).map(piece).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    server.answer("Copy", [Answer::Ending(pieces(&archive), Code::Unknown, "skipping \"/x\"")]);
    let extracted = node.copy("/").extract(folder.path(), ExtractOptions::default()).await.unwrap();
    assert_eq!(extracted.files, 1);
    assert!(extracted.left_out.as_ref().is_some_and(|error| error.to_string().contains("skipping")));
    assert!(!extracted.is_complete());

    // The same words in the middle are the end.
    server.answer("Copy", [Answer::Ending(pieces(&archive[..20]), Code::Unknown, "broken")]);
    let error = node.copy("/").extract(folder.path(), ExtractOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("broken"), "{error}");

    let mut raw = Vec::new();
    server.answer("Copy", [Answer::Messages(pieces(&archive))]);
    node.copy("/").into_bytes().read_to_end(&mut raw).await.unwrap();
    assert_eq!(raw, archive);
}
