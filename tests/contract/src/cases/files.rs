//! Files: list, read, copy, usage.

use talos_pki::Role;
use talos_proto::machine::list_request::Type;
use talos_proto::machine::{
    CopyRequest, DiskUsageInfo, DiskUsageRequest, FileInfo, ListRequest, ReadRequest,
};
use tonic::{Code, Status};

use crate::case::{Case, Target, case};
use crate::check::{collect, collect_bytes, ensure, refused, same, some};
use crate::env::Env;
use crate::failure::Failure;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = listing();
    cases.extend(reading());
    cases.extend(copying());
    cases.extend(usage());
    cases
}

fn listing() -> Vec<Case> {
    let method = "MachineService/List";
    vec![
        case("files/list", method, |env| async move {
            let files = list(&env, ListRequest { root: "/etc".to_owned(), ..Default::default() }).await??;
            let names: Vec<&str> = files.iter().map(|file| file.relative_name.as_str()).collect();
            ensure(
                names.contains(&"hostname") || names.contains(&"resolv.conf"),
                "the files of /etc",
                &names,
            )?;
            ensure(files.iter().all(|file| file.error.is_empty()), "no errors", &files)
        }),
        case("files/list-begins-with-its-root", method, |env| async move {
            let files = list(&env, ListRequest { root: "/etc".to_owned(), ..Default::default() }).await??;
            let root = some(files.first(), "an entry")?;
            same((root.name.as_str(), root.relative_name.as_str(), root.is_dir), ("/etc", ".", true))
        }),
        case("files/list-is-not-deep-by-itself", method, |env| async move {
            let files = list(&env, ListRequest { root: "/etc".to_owned(), ..Default::default() }).await??;
            let deep: Vec<_> = files.iter().filter(|file| file.relative_name.contains('/')).collect();
            ensure(deep.is_empty(), "one level", deep)
        }),
        case("files/list-deep", method, |env| async move {
            let shallow = list(&env, ListRequest { root: "/etc".to_owned(), ..Default::default() }).await??;
            let request = ListRequest { root: "/etc".to_owned(), recurse: true, ..Default::default() };
            let deep = list(&env, request).await??;
            ensure(deep.len() > shallow.len(), "more than one level", (shallow.len(), deep.len()))?;
            let all_inside = deep.iter().all(|file| file.name.starts_with("/etc"));
            ensure(all_inside, "nothing but what is below the root", &deep)
        })
        .go("list /etc", Code::Ok, 2..),
        case("files/list-depth", method, |env| async move {
            let request =
                ListRequest { root: "/".to_owned(), recurse: true, recursion_depth: 2, ..Default::default() };
            let files = list(&env, request).await??;
            let depth = files.iter().map(|file| file.relative_name.matches('/').count()).max();
            same(depth, Some(2))
        }),
        case("files/list-only-folders", method, |env| async move {
            let request = ListRequest {
                root: "/".to_owned(),
                recurse: true,
                recursion_depth: 2,
                types: vec![Type::Directory.into()],
                ..Default::default()
            };
            let files = list(&env, request).await??;
            ensure(!files.is_empty() && files.iter().all(|file| file.is_dir), "folders", &files)
        }),
        case("files/list-only-regular-files", method, |env| async move {
            let request = ListRequest {
                root: "/etc".to_owned(),
                recurse: true,
                types: vec![Type::Regular.into()],
                ..Default::default()
            };
            let files = list(&env, request).await??;
            let regular = |file: &FileInfo| !file.is_dir && file.link.is_empty();
            ensure(!files.is_empty() && files.iter().all(regular), "regular files", &files)
        }),
        case("files/list-modes-are-those-of-go", method, |env| async move {
            let files = list(&env, ListRequest { root: "/".to_owned(), ..Default::default() }).await??;
            // Go keeps the kind of a file in its own bits: the highest one says folder.
            let etc = some(files.iter().find(|file| file.relative_name == "etc"), "/etc")?;
            same((etc.mode >> 31, etc.is_dir), (1, true))
        }),
        case("files/list-a-file", method, |env| async move {
            let request = ListRequest { root: "/etc/hostname".to_owned(), ..Default::default() };
            let files = list(&env, request).await??;
            same(files.len(), 1)?;
            same(files.first().map(|file| (file.name.as_str(), file.is_dir)), Some(("/etc/hostname", false)))
        }),
        case("files/list-missing", method, |env| async move {
            refused(
                list(&env, ListRequest { root: "/nosuch".to_owned(), ..Default::default() }).await?,
                Code::Unknown,
            )
        })
        .go("list /nosuch", Code::Unknown, 0),
        case("files/list-as-reader", method, |env| async move {
            list(&env, ListRequest { root: "/etc".to_owned(), ..Default::default() }).await??;
            Ok(())
        })
        .role_of(Role::Reader)
        .go("list /etc", Code::Ok, 2..),
        case("files/list-without-root", method, |env| async move {
            let files = list(&env, ListRequest::default()).await??;
            same(files.first().map(|file| file.name.as_str()), Some("/"))
        }),
    ]
}

fn reading() -> Vec<Case> {
    let method = "MachineService/Read";
    vec![
        case("files/read", method, |env| async move {
            let text = read(&env, "/proc/sys/kernel/random/boot_id").await??;
            let text = String::from_utf8_lossy(&text).into_owned();
            let id = text.trim_end();
            ensure(id.len() == 36 && id.matches('-').count() == 4, "a UUID", &text)?;
            ensure(text.ends_with('\n'), "a line", &text)
        })
        .go("read /proc/sys/kernel/random/boot_id", Code::Ok, 1),
        case("files/read-the-same-boot-id-again", method, |env| async move {
            let path = "/proc/sys/kernel/random/boot_id";
            same(read(&env, path).await??, read(&env, path).await??)
        }),
        case("files/read-hostname", "MachineService/Read MachineService/Hostname", |env| async move {
            let text = String::from_utf8_lossy(&read(&env, "/etc/hostname").await??).into_owned();
            let reply = env.node()?.raw().machine().hostname(()).await?.into_inner();
            same(reply.messages.first().map(|name| name.hostname.as_str()), Some(text.trim_end()))
        })
        .go("read /etc/hostname", Code::Ok, 1),
        case("files/read-uptime", method, |env| async move {
            let text = String::from_utf8_lossy(&read(&env, "/proc/uptime").await??).into_owned();
            let up: Option<f64> = text.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
            ensure(up.is_some(), "seconds", text)
        }),
        case("files/read-of-a-worker", method, |env| async move {
            ensure(!read(&env, "/etc/hostname").await??.is_empty(), "a hostname", "nothing")
        })
        .on(Target::Worker)
        .go("read /etc/hostname", Code::Ok, 1),
        case("files/read-missing", method, |env| async move {
            refused(read(&env, "/nosuch").await?, Code::NotFound)
        })
        .go("read /nosuch", Code::NotFound, 0..),
        case(
            "files/read-folder",
            method,
            |env| async move { refused(read(&env, "/etc").await?, Code::Unknown) },
        )
        .go("read /etc", Code::Unknown, 0..),
        case("files/read-as-operator", method, |env| async move {
            refused(read(&env, "/proc/sys/kernel/random/boot_id").await?, Code::PermissionDenied)
        })
        .role_of(Role::Operator)
        .go("read /proc/sys/kernel/random/boot_id", Code::PermissionDenied, 0..),
    ]
}

fn copying() -> Vec<Case> {
    let method = "MachineService/Copy";
    vec![
        case("files/copy", method, |env| async move {
            let archive = copy(&env, "/etc").await??;
            same(archive.get(..2), Some(&[0x1f, 0x8b][..]))
        })
        .go("copy /etc", Code::Ok, 2..),
        case("files/copy-a-file", method, |env| async move {
            let archive = copy(&env, "/etc/hostname").await??;
            same(archive.get(..2), Some(&[0x1f, 0x8b][..]))
        })
        .go("copy /etc/hostname", Code::Ok, 1),
        case("files/copy-relative", method, |env| async move {
            refused(copy(&env, "relative").await?, Code::Unknown)
        })
        .go("copy relative", Code::Unknown, 0),
        case("files/copy-as-reader", method, |env| async move {
            refused(copy(&env, "/etc").await?, Code::PermissionDenied)
        })
        .role_of(Role::Reader)
        .go("copy /etc", Code::PermissionDenied, 0),
    ]
}

fn usage() -> Vec<Case> {
    let method = "MachineService/DiskUsage";
    vec![
        case("files/usage", method, |env| async move {
            let found =
                du(&env, DiskUsageRequest { paths: vec!["/etc".to_owned()], ..Default::default() }).await??;
            let root = some(found.last(), "the root")?;
            same(root.name.as_str(), "/etc")?;
            ensure(root.size > 0 && root.error.is_empty(), "its size", root)
        })
        .go("call machine.MachineService/DiskUsage {\"paths\":[\"/etc\"]}", Code::Ok, 1..),
        case("files/usage-of-missing", method, |env| async move {
            let request = DiskUsageRequest { paths: vec!["/etc/nosuch".to_owned()], ..Default::default() };
            let found = du(&env, request).await??;
            ensure(found.iter().any(|entry| !entry.error.is_empty()), "an entry with an error", &found)
        })
        .go("call machine.MachineService/DiskUsage {\"paths\":[\"/etc/nosuch\"]}", Code::Ok, 1),
        case("files/usage-of-the-first-path-only", method, |env| async move {
            let paths = vec!["/etc".to_owned(), "/var/log".to_owned()];
            let found = du(&env, DiskUsageRequest { paths, ..Default::default() }).await??;
            let outside: Vec<_> = found.iter().filter(|entry| !entry.name.starts_with("/etc")).collect();
            ensure(outside.is_empty(), "nothing of the second path", outside)
        }),
        case("files/usage-with-all-files", method, |env| async move {
            let paths = || vec!["/etc".to_owned()];
            let deep = DiskUsageRequest { recursion_depth: 5, paths: paths(), ..Default::default() };
            let folders = du(&env, deep.clone()).await??;
            let all = du(&env, DiskUsageRequest { all: true, ..deep }).await??;
            ensure(all.len() > folders.len(), "files beside folders", (folders.len(), all.len()))
        }),
        case("files/usage-threshold", method, |env| async move {
            let request = DiskUsageRequest {
                recursion_depth: 5,
                all: true,
                threshold: 1 << 40,
                paths: vec!["/etc".to_owned()],
            };
            let found = du(&env, request).await??;
            let small: Vec<_> = found.iter().filter(|entry| entry.size < 1 << 40).collect();
            ensure(small.is_empty(), "nothing below a tebibyte", small)
        }),
    ]
}

async fn list(env: &Env, request: ListRequest) -> Result<Result<Vec<FileInfo>, Status>, Failure> {
    let mut machine = env.node()?.raw().machine();
    Ok(collect(machine.list(request)).await)
}

async fn read(env: &Env, path: &str) -> Result<Result<Vec<u8>, Status>, Failure> {
    let mut machine = env.node()?.raw().machine();
    Ok(collect_bytes(machine.read(ReadRequest { path: path.to_owned() })).await)
}

async fn copy(env: &Env, path: &str) -> Result<Result<Vec<u8>, Status>, Failure> {
    let mut machine = env.node()?.raw().machine();
    Ok(collect_bytes(machine.copy(CopyRequest { root_path: path.to_owned() })).await)
}

async fn du(env: &Env, request: DiskUsageRequest) -> Result<Result<Vec<DiskUsageInfo>, Status>, Failure> {
    let mut machine = env.node()?.raw().machine();
    Ok(collect(machine.disk_usage(request)).await)
}
