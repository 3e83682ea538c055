//! etcd.

use talos_proto::machine;
use tonic::Status;

use super::Context;
use crate::cluster::{EtcdMember, EtcdMembership};
use crate::grpc::Answer;
use crate::services::ServiceState;

pub(super) fn bootstrap(cx: &Context<'_>, request: machine::BootstrapRequest) -> Result<Answer, Status> {
    cx.control_plane("bootstrap")?;
    let run = cx.run;
    if request.recover_etcd {
        return Err(Status::failed_precondition("there is no snapshot to recover etcd from"));
    }
    let joined = run.node.disk().etcd.is_some();
    if joined || *run.bootstrap.borrow() {
        return Err(Status::already_exists("etcd has data already"));
    }
    if run.services.state("etcd") != Some(ServiceState::Preparing) {
        return Err(Status::failed_precondition("the machine is not ready for a bootstrap yet"));
    }
    if !cx.lost() {
        run.bootstrap.send_replace(true);
    }
    Ok(Answer::one(&machine::BootstrapResponse { messages: vec![machine::Bootstrap { metadata: None }] }))
}

/// The membership of this machine and the members of its etcd.
fn members(cx: &Context<'_>) -> Result<(EtcdMembership, Vec<EtcdMember>), Status> {
    let membership = *cx
        .run
        .node
        .disk()
        .etcd
        .as_ref()
        .filter(|_| cx.run.services.healthy("etcd"))
        .ok_or_else(|| Status::unknown("etcd does not run yet"))?;
    let cluster = cx.run.cluster().ok_or_else(|| Status::unknown("the machine belongs to no cluster"))?;
    Ok((membership, cluster.etcd_members(membership.cluster)))
}

pub(super) fn member_list(cx: &Context<'_>) -> Result<Answer, Status> {
    cx.control_plane("etcd member list")?;
    let (_, members) = members(cx)?;
    let member = |member: &EtcdMember| machine::EtcdMember {
        id: member.id,
        hostname: member.hostname.clone(),
        peer_urls: vec![format!("https://{}:2380", member.address)],
        client_urls: vec![format!("https://{}:2379", member.address)],
        is_learner: false,
    };
    let members = machine::EtcdMembers {
        metadata: None,
        legacy_members: Vec::new(),
        members: members.iter().map(member).collect(),
    };
    Ok(Answer::one(&machine::EtcdMemberListResponse { messages: vec![members] }))
}

pub(super) fn status(cx: &Context<'_>) -> Result<Answer, Status> {
    cx.control_plane("etcd status")?;
    let (membership, members) = members(cx)?;
    let status = machine::EtcdMemberStatus {
        member_id: membership.member,
        protocol_version: "3.6.0".to_owned(),
        storage_version: if cx.run.minor() >= 11 { "3.6.0".to_owned() } else { String::new() },
        db_size: 1 << 20,
        db_size_in_use: 1 << 19,
        leader: members.first().map_or(0, |member| member.id),
        raft_index: 100,
        raft_term: 2,
        raft_applied_index: 100,
        errors: Vec::new(),
        is_learner: false,
    };
    let status = machine::EtcdStatus { metadata: None, member_status: Some(status) };
    Ok(Answer::one(&machine::EtcdStatusResponse { messages: vec![status] }))
}

pub(super) fn remove_member(
    cx: &Context<'_>,
    request: machine::EtcdRemoveMemberByIdRequest,
) -> Result<Answer, Status> {
    cx.control_plane("etcd member removal")?;
    let (membership, members) = members(cx)?;
    if !members.iter().any(|member| member.id == request.member_id) {
        return Err(Status::not_found(format!("etcd has no member {:016x}", request.member_id)));
    }
    if let Some(cluster) = cx.run.cluster() {
        cluster.leave_etcd(EtcdMembership { member: request.member_id, ..membership });
        cx.run.node.world.notify();
    }
    let reply = machine::EtcdRemoveMemberById { metadata: None };
    Ok(Answer::one(&machine::EtcdRemoveMemberByIdResponse { messages: vec![reply] }))
}
