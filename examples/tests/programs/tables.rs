//! The columns of each table are those of talosctl.

use crate::lab::{ETCD, Lab, MACHINE};

/// What talosctl v1.13.9 heads its tables with.
const HEADERS: &[(&str, &[&str], &str)] = &[
    (MACHINE, &["services"], "NODE SERVICE STATE HEALTH LAST CHANGE LAST EVENT"),
    (MACHINE, &["service", "kubelet", "restart"], "NODE RESPONSE"),
    (MACHINE, &["list", "/etc"], "NODE NAME"),
    (MACHINE, &["list", "-l", "/etc"], "NODE MODE UID GID SIZE(B) LASTMOD LABEL NAME"),
    (MACHINE, &["usage", "/etc"], "NODE SIZE NAME"),
    (MACHINE, &["memory"], "NODE TOTAL USED FREE SHARED BUFFERS CACHE AVAILABLE"),
    (MACHINE, &["processes"], "NODE PID STATE THREADS CPU-TIME VIRTMEM RESMEM LABEL COMMAND"),
    (MACHINE, &["mounts"], "NODE FILESYSTEM SIZE(GB) USED(GB) AVAILABLE(GB) PERCENT USED MOUNTED ON"),
    (MACHINE, &["stats"], "NODE NAMESPACE ID MEMORY(MB) CPU"),
    (MACHINE, &["containers", "-k"], "NODE NAMESPACE ID IMAGE PID STATUS"),
    (
        MACHINE,
        &["netstat", "-a", "-x", "-p", "-k", "-o"],
        "NODE Proto Recv-Q Send-Q Local Address Foreign Address State Uid Inode PID/Program name Pod Timer",
    ),
    (MACHINE, &["time"], "NODE NTP-SERVER NODE-TIME NTP-SERVER-TIME"),
    (MACHINE, &["images", "list"], "NODE IMAGE DIGEST SIZE LABELS CREATED"),
    (ETCD, &["members"], "NODE ID HOSTNAME PEER URLS CLIENT URLS LEARNER"),
    (
        ETCD,
        &["status"],
        "NODE MEMBER DB SIZE IN USE LEADER RAFT INDEX RAFT TERM RAFT APPLIED INDEX LEARNER PROTOCOL STORAGE ERRORS",
    ),
    (ETCD, &["alarm", "list"], "NODE MEMBER ALARM"),
    (ETCD, &["downgrade", "validate", "3.5"], "NODE MESSAGE"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_are_those_of_talosctl() {
    let lab = Lab::new(1, 0).await;
    let node = lab.address(0);
    for (program, arguments, header) in HEADERS {
        let table = lab.ok(program, &node, arguments).await;
        let first = table.lines().next().unwrap_or_default();
        assert_eq!(first.split_whitespace().collect::<Vec<_>>().join(" "), *header, "{arguments:?}");
        let rows: Vec<_> = table.lines().skip(1).collect();
        assert!(rows.iter().all(|row| row.starts_with(&node)), "{arguments:?}: {table}");
    }
}
