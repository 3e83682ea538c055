//! etcd.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use prost::Message;
use talos_client::{
    AfterReset, Client, ClientOptions, ErrorKind, EtcdAlarmKind, EtcdMemberId, EtcdRecoverOptions,
    EtcdVersion, Milestone, Node, Outcome, ResetOptions, SystemPartition, Wipe,
};
use talos_proto::common::Data;
use talos_proto::machine;
use talos_proto::machine::etcd_member_alarm::AlarmType;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tonic::Code;

use crate::lab::{Lab, PATIENCE, soon};
use crate::support::{Answer, Pki, Server, one};

async fn server() -> (Server, Node) {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let client = Client::from_context(&pki.context([server.endpoint()]), ClientOptions::default()).unwrap();
    (server, client.node("10.0.0.2"))
}

/// A database with its hash behind it, as etcd writes it.
fn snapshot(pages: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..pages * 4096).map(|index| (index % 251) as u8).collect();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    bytes.extend_from_slice(hash.as_ref());
    bytes
}

fn pieces(bytes: &[u8]) -> Answer {
    let piece = |bytes: &[u8]| Data { metadata: None, bytes: bytes.to_vec().into() }.encode_to_vec();
    Answer::Messages(bytes.chunks(1024).map(piece).collect())
}

/// The bytes that a client streamed.
fn uploaded(mut body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !body.is_empty() {
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        bytes.extend_from_slice(&Data::decode(&body[5..5 + length]).unwrap().bytes);
        body = &body[5 + length..];
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_status_agree() {
    let lab = Lab::of_version("v1.13.9", 3).await;
    let members = lab.node(1).etcd_members().await.unwrap();
    assert_eq!(members.len(), 3);
    let mut leaders = 0;
    for number in 0..3 {
        let status = lab.node(number).etcd_status().await.unwrap();
        assert!(members.iter().any(|member| member.id == status.member), "{status:?}");
        leaders += usize::from(status.is_leader());
        assert!(status.db_size >= status.db_size_in_use && status.db_size_in_use > 0);
        assert_eq!(status.storage_version.as_deref(), Some("3.6.0"));
    }
    assert_eq!(leaders, 1);
    let old = Lab::of_version("v1.10.5", 1).await;
    assert_eq!(old.node(0).etcd_status().await.unwrap().storage_version, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_comes_back_from_its_snapshot() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let node = lab.node(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("etcd.snapshot");
    let saved = node.etcd_snapshot_to(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), saved.size);
    let refused = node.etcd_recover_from(&path, EtcdRecoverOptions::default()).await.unwrap_err();
    assert_ne!(
        refused.kind(),
        ErrorKind::InvalidReply,
        "etcd runs, so there is nothing to recover: {refused}"
    );

    let wipe = Wipe::Partitions(vec![SystemPartition::Ephemeral]);
    let reset = node.reset(ResetOptions::forced(wipe, AfterReset::Reboot)).await.unwrap();
    assert_eq!(reset.until(Milestone::Booted).finished(PATIENCE).await.unwrap(), Outcome::Up);
    soon(async {
        while let Err(error) = node.etcd_recover_from(&path, EtcdRecoverOptions::default()).await {
            assert!(error.is_retryable(), "{error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        lab.machines[0].wait_until_ready().await;
    })
    .await;
    assert_eq!(node.etcd_members().await.unwrap().len(), 1);
}

#[tokio::test]
async fn alarms_have_their_member_and_no_alarm_is_none() {
    let (server, node) = server().await;
    let alarm = |member_id, alarm| machine::EtcdMemberAlarm { member_id, alarm };
    let alarms = vec![
        alarm(1, AlarmType::Nospace.into()),
        alarm(2, AlarmType::None.into()),
        alarm(3, AlarmType::Corrupt.into()),
        alarm(4, 77),
    ];
    server.answer(
        "EtcdAlarmList",
        [one(&machine::EtcdAlarm { metadata: None, member_alarms: alarms.clone() })],
    );
    server.answer(
        "EtcdAlarmDisarm",
        [one(&machine::EtcdAlarmDisarm { metadata: None, member_alarms: vec![alarms[0]] })],
    );
    let found: Vec<_> =
        node.etcd_alarms().await.unwrap().into_iter().map(|alarm| (alarm.member, alarm.kind)).collect();
    assert_eq!(
        found,
        [
            (EtcdMemberId(1), EtcdAlarmKind::NoSpace),
            (EtcdMemberId(3), EtcdAlarmKind::Corrupt),
            (EtcdMemberId(4), EtcdAlarmKind::Other(77)),
        ]
    );
    assert_eq!(node.etcd_disarm_alarms().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_takes_a_member_away_needs_a_named_node() {
    let (server, node) = server().await;
    server.answer("EtcdLeaveCluster", [one(&machine::EtcdLeaveCluster::default())]);
    server.answer("EtcdRemoveMemberByID", [one(&machine::EtcdRemoveMemberById::default())]);
    server.answer("EtcdDefragment", [one(&machine::EtcdDefragment::default())]);
    node.etcd_leave().await.unwrap();
    node.etcd_remove_member("00000000000000ff".parse().unwrap()).await.unwrap();
    node.etcd_defragment().await.unwrap();
    let removal = &server.seen("EtcdRemoveMemberByID")[0];
    assert_eq!(
        machine::EtcdRemoveMemberByIdRequest::decode(&removal.body[5..]).unwrap().member_id,
        255,
        "the id is hexadecimal"
    );

    let pki = Pki::new();
    let context = pki.context(["127.0.0.1:1"]);
    let anyone = Client::from_context(&context, ClientOptions::default()).unwrap().endpoint();
    for result in [
        anyone.etcd_leave().await,
        anyone.etcd_remove_member(EtcdMemberId(1)).await,
        anyone.etcd_recover(tokio::io::empty(), EtcdRecoverOptions::default()).await,
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidTarget);
    }
}

#[tokio::test]
async fn leadership_that_was_not_held_is_not_given_away() {
    let (server, node) = server().await;
    let forfeited =
        |member: &str| one(&machine::EtcdForfeitLeadership { metadata: None, member: member.to_owned() });
    server.answer("EtcdForfeitLeadership", [forfeited("cp-2"), forfeited("")]);
    assert_eq!(node.etcd_forfeit_leadership().await.unwrap().as_deref(), Some("cp-2"));
    assert_eq!(node.etcd_forfeit_leadership().await.unwrap(), None);
}

#[tokio::test]
async fn downgrades_are_asked_for_by_minor_version() {
    let (server, node) = server().await;
    let downgrade = machine::EtcdClusterDowngrade { cluster_version: "3.6.0".into() };
    server.answer(
        "EtcdDowngradeValidate",
        [one(&machine::EtcdDowngradeValidate { metadata: None, cluster_downgrade: Some(downgrade.clone()) })],
    );
    server.answer(
        "EtcdDowngradeEnable",
        [one(&machine::EtcdDowngradeEnable { metadata: None, cluster_downgrade: Some(downgrade.clone()) })],
    );
    server.answer("EtcdDowngradeCancel", [Answer::Status(Code::Unimplemented, "unknown method")]);
    let version: EtcdVersion = "3.5".parse().unwrap();
    assert_eq!(node.etcd_validate_downgrade(version).await.unwrap(), "3.6.0");
    assert_eq!(node.etcd_enable_downgrade(version).await.unwrap(), "3.6.0");
    let request = &server.seen("EtcdDowngradeEnable")[0].body[5..];
    assert_eq!(machine::EtcdDowngradeEnableRequest::decode(request).unwrap().version, "3.5");
    assert!(node.etcd_cancel_downgrade().await.unwrap_err().is_unimplemented());
}

#[tokio::test]
async fn a_snapshot_is_a_private_file_that_is_whole() {
    let (server, node) = server().await;
    let bytes = snapshot(40);
    server.answer("EtcdSnapshot", [pieces(&bytes)]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("etcd.snapshot");
    let saved = node.etcd_snapshot_to(&path).await.unwrap();
    assert_eq!(saved.size, bytes.len() as u64);
    assert_eq!(saved.sha256, bytes[bytes.len() - 32..]);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");

    let mut read = Vec::new();
    node.etcd_snapshot().read_to_end(&mut read).await.unwrap();
    assert_eq!(read, bytes);
}

#[tokio::test]
async fn a_snapshot_that_is_not_whole_is_no_file() {
    let (server, node) = server().await;
    let bytes = snapshot(40);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("etcd.snapshot");
    std::fs::write(&path, "the one of yesterday").unwrap();
    let mut damaged = bytes.clone();
    damaged[5000] ^= 1;
    // A machine whose disk fails ends the stream with success.
    for broken in [&bytes[..70_000], &bytes[..4096], &bytes[..4096 + 32], &damaged, &[][..]] {
        server.answer("EtcdSnapshot", [pieces(broken)]);
        let error = node.etcd_snapshot_to(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidReply, "{error}");
        assert_eq!(error.node(), Some("10.0.0.2"));
    }
    server
        .answer("EtcdSnapshot", [Answer::Cut(Data { metadata: None, bytes: bytes.into() }.encode_to_vec())]);
    node.etcd_snapshot_to(&path).await.unwrap_err();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the one of yesterday");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let missing = node.etcd_snapshot_to(folder.path().join("no/such/folder")).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
}

#[tokio::test]
async fn a_recovery_sends_the_snapshot_and_bootstraps_the_same_node() {
    let (server, node) = server().await;
    server.answer("EtcdRecover", [one(&machine::EtcdRecover::default())]);
    server.answer("Bootstrap", [one(&machine::Bootstrap::default())]);
    let bytes = snapshot(100);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    node.etcd_recover_from(file.path(), EtcdRecoverOptions::default()).await.unwrap();
    let sent = &server.seen("EtcdRecover")[0];
    assert_eq!(uploaded(&sent.body), bytes);
    let bootstrap = &server.seen("Bootstrap")[0];
    assert_eq!(sent.headers["node"], bootstrap.headers["node"]);
    let request = machine::BootstrapRequest::decode(&bootstrap.body[5..]).unwrap();
    assert!(request.recover_etcd && !request.recover_skip_hash_check);

    // A database without hash is taken only when that is asked for.
    std::fs::write(file.path(), &bytes[..bytes.len() - 32]).unwrap();
    let refused = node.etcd_recover_from(file.path(), EtcdRecoverOptions::default()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidReply);
    assert_eq!(server.seen("Bootstrap").len(), 1);
    let options = EtcdRecoverOptions::default().with_skip_hash_check();
    node.etcd_recover_from(file.path(), options).await.unwrap();
    let request = machine::BootstrapRequest::decode(&server.seen("Bootstrap")[1].body[5..]).unwrap();
    assert!(request.recover_etcd && request.recover_skip_hash_check);
}

/// Some bytes, then an error.
struct Failing(usize);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0 == 0 {
            return Poll::Ready(Err(io::Error::other("the disk is broken")));
        }
        self.0 -= 1;
        buffer.put_slice(&[7; 100]);
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_read_is_never_taken_for_a_shorter_one() {
    let (server, node) = server().await;
    server.answer("EtcdRecover", [one(&machine::EtcdRecover::default())]);
    for options in [EtcdRecoverOptions::default(), EtcdRecoverOptions::default().with_skip_hash_check()] {
        let error = node.etcd_recover(Failing(50), options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert_eq!(error.method(), Some("EtcdRecover"));
    }
    assert!(server.seen("Bootstrap").is_empty());
    let missing = node.etcd_recover_from("/no/such/file", EtcdRecoverOptions::default()).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
}
