//! etcd as the machine API shows it.

use talos_proto::common::Data;
use talos_proto::machine::machine_service_client::MachineServiceClient;
use talos_proto::machine::{
    BootstrapRequest, EtcdDowngradeEnableRequest, EtcdDowngradeValidateRequest, EtcdForfeitLeadershipRequest,
    EtcdLeaveClusterRequest, EtcdMemberListRequest, EtcdMemberStatus, EtcdRemoveMemberByIdRequest,
    EtcdSnapshotRequest,
};
use talos_sim::{EtcdAlarm, SimNode};
use tonic::Code;
use tonic::transport::Channel;

use crate::harness::{TestCluster, admin, eventually, soon};

type Client = MachineServiceClient<Channel>;

async fn members(client: &mut Client, query_local: bool) -> Vec<(u64, String, bool)> {
    let reply = client.etcd_member_list(EtcdMemberListRequest { query_local }).await.unwrap().into_inner();
    let members = reply.messages[0].members.iter();
    members.map(|member| (member.id, member.hostname.clone(), member.is_learner)).collect()
}

async fn status(client: &mut Client) -> EtcdMemberStatus {
    client.etcd_status(()).await.unwrap().into_inner().messages[0].member_status.clone().unwrap()
}

async fn snapshot(client: &mut Client) -> Vec<u8> {
    let mut stream = client.etcd_snapshot(EtcdSnapshotRequest::default()).await.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(data) = stream.message().await.unwrap() {
        all.extend_from_slice(&data.bytes);
    }
    all
}

/// The state of the etcd service.
async fn service(node: &SimNode) -> Option<String> {
    let list = admin(node.address()).await.service_list(()).await.ok()?.into_inner();
    Some(list.messages[0].services.iter().find(|service| service.id == "etcd")?.state.clone())
}

async fn until(node: &SimNode, state: &str) {
    eventually(|| async move { (service(node).await.as_deref() == Some(state)).then_some(()) }).await;
}

#[tokio::test]
async fn members_lead_leave_and_are_removed() {
    let cluster = TestCluster::bootstrapped(3, 1).await;
    let [first, second, third] = &cluster.control_planes[..] else { unreachable!() };
    let mut client = admin(first.address()).await;
    let list = members(&mut client, false).await;
    assert_eq!(list, members(&mut client, true).await);
    assert_eq!(list.len(), 3);
    assert!(list.iter().all(|(_, _, learner)| !learner));
    let id = |node: &SimNode| node.etcd_member_id().unwrap();
    let before = status(&mut client).await;
    assert_eq!((before.leader, before.member_id), (id(first), id(first)));

    let forfeit = EtcdForfeitLeadershipRequest::default;
    let next = client.etcd_forfeit_leadership(forfeit()).await.unwrap().into_inner().messages[0].clone();
    let after = status(&mut client).await;
    assert!(next.member == list[1].1 && after.leader == list[1].0 && after.raft_term > before.raft_term);
    let nobody = client.etcd_forfeit_leadership(forfeit()).await.unwrap().into_inner();
    assert!(nobody.messages[0].member.is_empty(), "only a leader can forfeit");

    // Without a majority nobody leads.
    second.power_off();
    third.power_off();
    assert_eq!(status(&mut client).await.leader, 0);
    let refused = client.etcd_member_list(EtcdMemberListRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unknown);
    second.power_on();
    third.power_on();
    for node in [second, third] {
        soon(node.wait_until_ready()).await;
    }
    assert_eq!(members(&mut client, false).await, list);

    let unknown = EtcdRemoveMemberByIdRequest { member_id: 1 };
    let refused = client.etcd_remove_member_by_id(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let remove = EtcdRemoveMemberByIdRequest { member_id: id(third) };
    client.etcd_remove_member_by_id(remove).await.unwrap();
    assert_eq!(members(&mut client, false).await.len(), 2);
    assert_eq!(service(third).await.as_deref(), Some("Finished"));
    let own = admin(third.address()).await.etcd_status(()).await.unwrap_err();
    assert_eq!(own.code(), Code::Unknown);
    // The data of the removed member is of no use to it.
    third.restart();
    until(third, "Failed").await;

    let mut second = admin(second.address()).await;
    second.etcd_leave_cluster(EtcdLeaveClusterRequest::default()).await.unwrap();
    assert_eq!(members(&mut client, false).await.len(), 1);
    let alone = client.etcd_forfeit_leadership(forfeit()).await.unwrap_err();
    assert_eq!(alone.code(), Code::Unknown);
    let last = client.etcd_leave_cluster(EtcdLeaveClusterRequest::default()).await.unwrap_err();
    assert_eq!(last.code(), Code::Unknown);
    let mut worker = admin(cluster.workers[0].address()).await;
    for code in [
        worker.etcd_status(()).await.unwrap_err().code(),
        worker.etcd_alarm_list(()).await.unwrap_err().code(),
        worker.etcd_defragment(()).await.unwrap_err().code(),
        worker.etcd_snapshot(EtcdSnapshotRequest::default()).await.unwrap_err().code(),
    ] {
        assert_eq!(code, Code::Unimplemented);
    }
}

#[tokio::test]
async fn alarms_and_upkeep() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let mut client = admin(node.address()).await;
    node.raise_etcd_alarm(EtcdAlarm::NoSpace);
    let listed = client.etcd_alarm_list(()).await.unwrap().into_inner().messages[0].member_alarms.clone();
    assert_eq!((listed[0].member_id, listed[0].alarm), (node.etcd_member_id().unwrap(), 1));
    assert_eq!(status(&mut client).await.errors.len(), 1);
    let ended = client.etcd_alarm_disarm(()).await.unwrap().into_inner();
    assert_eq!(ended.messages[0].member_alarms, listed);
    assert!(client.etcd_alarm_list(()).await.unwrap().into_inner().messages[0].member_alarms.is_empty());

    let before = status(&mut client).await;
    assert!(before.db_size > before.db_size_in_use);
    client.etcd_defragment(()).await.unwrap();
    let after = status(&mut client).await;
    assert_eq!(after.db_size, after.db_size_in_use);
    assert!(after.storage_version == "3.6.0" && after.protocol_version.starts_with("3.6."));

    for (version, code) in [
        ("3.5", Code::Ok),
        ("3.4", Code::InvalidArgument),
        ("x", Code::InvalidArgument),
        ("3.6", Code::Unknown),
    ] {
        let request = EtcdDowngradeValidateRequest { version: version.into() };
        let answer = client.etcd_downgrade_validate(request).await;
        assert_eq!(answer.map_or_else(|status| status.code(), |_| Code::Ok), code, "{version}");
    }
    let enable = || EtcdDowngradeEnableRequest { version: "3.5".into() };
    assert_eq!(client.etcd_downgrade_cancel(()).await.unwrap_err().code(), Code::Unknown);
    let reply = client.etcd_downgrade_enable(enable()).await.unwrap().into_inner();
    assert_eq!(reply.messages[0].cluster_downgrade.as_ref().unwrap().cluster_version, "3.6.0");
    assert_eq!(client.etcd_downgrade_enable(enable()).await.unwrap_err().code(), Code::Unknown);
    client.etcd_downgrade_cancel(()).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_is_proven_and_brings_etcd_back() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let good = snapshot(&mut admin(cluster.control_planes[0].address()).await).await;
    assert_eq!(good.len() % 512, 32);
    if let Some(folder) = std::env::var_os("TALOS_SIM_SNAPSHOT") {
        // For checks by others, such as etcdutl.
        std::fs::write(folder, &good).unwrap();
    }

    let other = TestCluster::new(talos_sim::SimulationOptions::default(), 1, 0);
    let node = &other.control_planes[0];
    let mut client = admin(node.address()).await;
    until(node, "Preparing").await;
    let recover = |skip: bool| BootstrapRequest { recover_etcd: true, recover_skip_hash_check: skip };
    // The work begins after the answer, so only the service tells how it went.
    client.bootstrap(recover(false)).await.unwrap();
    until(node, "Failed").await;
    let upload = |bytes: Vec<u8>| {
        let pieces: Vec<_> =
            bytes.chunks(4096).map(|piece| Data { metadata: None, bytes: piece.to_vec().into() }).collect();
        futures_util::stream::iter(pieces)
    };
    let mut cut = good.clone();
    cut.truncate(good.len() - 4096);
    client.etcd_recover(upload(cut)).await.unwrap();
    client.bootstrap(recover(false)).await.unwrap();
    until(node, "Failed").await;
    client.etcd_recover(upload(good)).await.unwrap();
    client.bootstrap(recover(false)).await.unwrap();
    soon(node.wait_until_ready()).await;
    assert_eq!(members(&mut client, true).await.len(), 1);
}
