//! etcd.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::stream;
use talos_proto::{common, machine};
use tonic::Status;

use super::{Context, Requests};
use crate::cluster::Cluster;
use crate::etcd::{self, Etcd, EtcdAlarm, EtcdMembership};
use crate::grpc::{Answer, MESSAGE_LIMIT, decode};
use crate::run::Bootstrap;
use crate::services::ServiceState;

/// Bytes of a message of a snapshot.
const CHUNK: usize = 32 << 10;

pub(super) fn bootstrap(cx: &Context<'_>, request: machine::BootstrapRequest) -> Result<Answer, Status> {
    let run = cx.run;
    cx.control_plane("bootstrap")?;
    let joined = run.node.disk().etcd.is_some();
    if joined || *run.bootstrap.borrow() != Bootstrap::No {
        return Err(Status::already_exists("etcd has data already"));
    }
    if !matches!(run.services.state("etcd"), Some(ServiceState::Preparing | ServiceState::Failed)) {
        return Err(Status::failed_precondition("the machine is not ready for a bootstrap yet"));
    }
    if !cx.lost() {
        run.bootstrap.send_replace(match request.recover_etcd {
            true => Bootstrap::Snapshot { skip_hash: request.recover_skip_hash_check },
            false => Bootstrap::Empty,
        });
    }
    Ok(Answer::one(&machine::BootstrapResponse { messages: vec![machine::Bootstrap { metadata: None }] }))
}

/// The etcd that this machine is a member of.
struct Local {
    cluster: std::sync::Arc<Cluster>,
    membership: EtcdMembership,
    etcd: Etcd,
}

impl Local {
    fn new(cx: &Context<'_>, what: &str) -> Result<Self, Status> {
        cx.control_plane(what)?;
        let membership = cx.run.node.disk().etcd.filter(|_| cx.run.services.healthy("etcd"));
        let local = cx.run.cluster().zip(membership).and_then(|(cluster, membership)| {
            let etcd = cluster.etcd(membership.cluster)?;
            etcd.member(membership.member)?;
            Some(Self { cluster, membership, etcd })
        });
        local.ok_or_else(|| Status::unknown("etcd does not run on this machine"))
    }

    /// Refuses what needs the consent of a majority if there is none.
    fn led(self) -> Result<Self, Status> {
        if self.etcd.leader == 0 { Err(no_leader()) } else { Ok(self) }
    }

    /// Changes the etcd.
    fn change<T>(&self, change: impl FnOnce(&mut Etcd) -> T) -> Result<T, Status> {
        self.cluster.change_etcd(self.membership.cluster, change).ok_or_else(no_leader)
    }
}

fn no_leader() -> Status {
    Status::unknown("etcd has no leader: too few of its members run")
}

/// The etcd that any control plane of the cluster tells about.
fn shared(cx: &Context<'_>, what: &str) -> Result<(std::sync::Arc<Cluster>, Etcd), Status> {
    cx.control_plane(what)?;
    let cluster = cx.run.cluster().ok_or_else(no_leader)?;
    let etcd = cluster.leading_etcd().ok_or_else(no_leader)?;
    Ok((cluster, etcd))
}

pub(super) fn member_list(
    cx: &Context<'_>,
    request: machine::EtcdMemberListRequest,
) -> Result<Answer, Status> {
    let what = "etcd member list";
    let etcd = match request.query_local {
        true => Local::new(cx, what)?.led()?.etcd,
        false => match Local::new(cx, what) {
            Ok(local) => local.led()?.etcd,
            Err(_) => shared(cx, what)?.1,
        },
    };
    let member = |member: &etcd::EtcdMember| machine::EtcdMember {
        id: member.id,
        hostname: member.hostname.clone(),
        peer_urls: vec![format!("https://{}:2380", member.address)],
        client_urls: vec![format!("https://{}:2379", member.address)],
        is_learner: member.learner,
    };
    let members = machine::EtcdMembers {
        metadata: None,
        legacy_members: etcd.members.iter().map(|member| member.hostname.clone()).collect(),
        members: etcd.members.iter().map(member).collect(),
    };
    Ok(Answer::one(&machine::EtcdMemberListResponse { messages: vec![members] }))
}

/// The minor of etcd that a version of Talos ships.
fn version(cx: &Context<'_>) -> &'static str {
    if cx.run.minor() >= 11 { "3.6" } else { "3.5" }
}

/// The database of the local member, and how many bytes of it are in use.
fn database(cx: &Context<'_>, local: &Local) -> (Bytes, usize) {
    local.etcd.database(local.membership.member, version(cx), &local.cluster.kubernetes.keys())
}

pub(super) fn status(cx: &Context<'_>) -> Result<Answer, Status> {
    let local = Local::new(cx, "etcd status")?;
    let (database, used) = database(cx, &local);
    let Local { membership, etcd, .. } = local;
    let bytes = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut errors: Vec<String> = Vec::new();
    if etcd.leader == 0 {
        errors.push("etcd has no leader".to_owned());
    }
    errors.extend(
        etcd.alarms.iter().map(|(member, alarm)| format!("memberID:{member} alarm:{}", alarm.word())),
    );
    let status = machine::EtcdMemberStatus {
        member_id: membership.member,
        protocol_version: format!("{}.{}", version(cx), if cx.run.minor() >= 11 { 5 } else { 21 }),
        storage_version: match cx.run.minor() {
            11.. => format!("{}.0", version(cx)),
            _ => String::new(),
        },
        db_size: bytes(database.len()),
        db_size_in_use: bytes(used),
        leader: etcd.leader,
        raft_index: etcd.index,
        raft_term: etcd.term,
        raft_applied_index: etcd.index,
        errors,
        is_learner: etcd.member(membership.member).is_some_and(|member| member.learner),
    };
    let status = machine::EtcdStatus { metadata: None, member_status: Some(status) };
    Ok(Answer::one(&machine::EtcdStatusResponse { messages: vec![status] }))
}

/// Takes a member out. The machine that ran it notices.
fn remove(cx: &Context<'_>, cluster: &Cluster, etcd: &Etcd, id: u64) -> Result<(), Status> {
    if etcd.members.len() == 1 {
        return Err(Status::unknown("the last member of etcd cannot be removed"));
    }
    let address = etcd.member(id).map(|member| member.address);
    cluster.leave_etcd(EtcdMembership { cluster: etcd.id, member: id });
    let world = &cx.run.node.world;
    if let Some(run) = address.and_then(|address| world.find(&address.to_string())?.run()) {
        run.store.remove_all(crate::resources::etcd::MEMBERS);
        run.service("etcd", ServiceState::Finished, false, "the member has been removed from the cluster");
    }
    Ok(())
}

pub(super) fn remove_member(
    cx: &Context<'_>,
    request: machine::EtcdRemoveMemberByIdRequest,
) -> Result<Answer, Status> {
    let (cluster, etcd) = shared(cx, "etcd member removal")?;
    if etcd.member(request.member_id).is_none() {
        return Err(Status::not_found(format!("etcd has no member {:016x}", request.member_id)));
    }
    remove(cx, &cluster, &etcd, request.member_id)?;
    let reply = machine::EtcdRemoveMemberById { metadata: None };
    Ok(Answer::one(&machine::EtcdRemoveMemberByIdResponse { messages: vec![reply] }))
}

/// Takes the machine's own member out, and its data with it.
pub(super) fn leave(cx: &Context<'_>) -> Result<Answer, Status> {
    let local = Local::new(cx, "etcd leave")?.led()?;
    remove(cx, &local.cluster, &local.etcd, local.membership.member)?;
    cx.run.node.disk().etcd = None;
    let reply = machine::EtcdLeaveCluster { metadata: None };
    Ok(Answer::one(&machine::EtcdLeaveClusterResponse { messages: vec![reply] }))
}

/// Makes another member the leader. The answer names it, or nobody if this one did not lead.
pub(super) fn forfeit_leadership(cx: &Context<'_>) -> Result<Answer, Status> {
    let local = Local::new(cx, "etcd leadership")?.led()?;
    if local.etcd.members.len() == 1 {
        return Err(Status::unknown("leadership cannot pass to another member: there is only one"));
    }
    let member = local.change(|etcd| etcd.forfeit(local.membership.member))?.unwrap_or_default();
    let reply = machine::EtcdForfeitLeadership { metadata: None, member };
    Ok(Answer::one(&machine::EtcdForfeitLeadershipResponse { messages: vec![reply] }))
}

fn alarms(alarms: &BTreeSet<(u64, EtcdAlarm)>) -> Vec<machine::EtcdMemberAlarm> {
    alarms
        .iter()
        .map(|(member, alarm)| machine::EtcdMemberAlarm { member_id: *member, alarm: alarm.number() })
        .collect()
}

pub(super) fn alarm_list(cx: &Context<'_>) -> Result<Answer, Status> {
    let local = Local::new(cx, "etcd alarms")?;
    let reply = machine::EtcdAlarm { metadata: None, member_alarms: alarms(&local.etcd.alarms) };
    Ok(Answer::one(&machine::EtcdAlarmListResponse { messages: vec![reply] }))
}

/// Ends all alarms, and tells which ones.
pub(super) fn alarm_disarm(cx: &Context<'_>) -> Result<Answer, Status> {
    let local = Local::new(cx, "etcd alarms")?.led()?;
    let ended = local.change(|etcd| std::mem::take(&mut etcd.alarms))?;
    let reply = machine::EtcdAlarmDisarm { metadata: None, member_alarms: alarms(&ended) };
    Ok(Answer::one(&machine::EtcdAlarmDisarmResponse { messages: vec![reply] }))
}

pub(super) fn defragment(cx: &Context<'_>) -> Result<Answer, Status> {
    let local = Local::new(cx, "etcd defragmentation")?;
    local.change(|etcd| {
        if let Some(member) = etcd.member_mut(local.membership.member) {
            member.free_pages = 0;
        }
    })?;
    let reply = machine::EtcdDefragment { metadata: None };
    Ok(Answer::one(&machine::EtcdDefragmentResponse { messages: vec![reply] }))
}

/// Reads `MAJOR.MINOR` and looks whether etcd can be taken back to it.
fn target(cx: &Context<'_>, version: &str) -> Result<(), Status> {
    let wrong = |why: &str| Err(Status::invalid_argument(format!("etcd version {version:?} {why}")));
    let Some((major, minor)) = version.split_once('.') else { return wrong("is not MAJOR.MINOR") };
    let (Ok(major), Ok(minor)) = (major.parse::<u32>(), minor.parse::<u32>()) else {
        return wrong("is not MAJOR.MINOR");
    };
    if (major, minor) < (3, 5) {
        return wrong("is too old: 3.5 is the first");
    }
    let own = self::version(cx);
    if own.split_once('.').and_then(|(_, minor)| minor.parse().ok()) != Some(minor + 1) {
        return Err(Status::unknown(format!("etcd {own} can be taken back by one minor only")));
    }
    Ok(())
}

fn downgrade(cx: &Context<'_>) -> Option<machine::EtcdClusterDowngrade> {
    Some(machine::EtcdClusterDowngrade { cluster_version: format!("{}.0", version(cx)) })
}

fn no_second(local: &Local) -> Result<(), Status> {
    match &local.etcd.downgrade {
        Some(version) => Err(Status::unknown(format!("etcd is being taken back to {version} already"))),
        None => Ok(()),
    }
}

pub(super) fn downgrade_validate(
    cx: &Context<'_>,
    request: &machine::EtcdDowngradeValidateRequest,
) -> Result<Answer, Status> {
    cx.control_plane("etcd downgrade")?;
    target(cx, &request.version)?;
    no_second(&Local::new(cx, "etcd downgrade")?.led()?)?;
    let reply = machine::EtcdDowngradeValidate { metadata: None, cluster_downgrade: downgrade(cx) };
    Ok(Answer::one(&machine::EtcdDowngradeValidateResponse { messages: vec![reply] }))
}

pub(super) fn downgrade_enable(
    cx: &Context<'_>,
    request: &machine::EtcdDowngradeEnableRequest,
) -> Result<Answer, Status> {
    cx.control_plane("etcd downgrade")?;
    target(cx, &request.version)?;
    let local = Local::new(cx, "etcd downgrade")?.led()?;
    no_second(&local)?;
    local.change(|etcd| etcd.downgrade = Some(request.version.clone()))?;
    let reply = machine::EtcdDowngradeEnable { metadata: None, cluster_downgrade: downgrade(cx) };
    Ok(Answer::one(&machine::EtcdDowngradeEnableResponse { messages: vec![reply] }))
}

pub(super) fn downgrade_cancel(cx: &Context<'_>) -> Result<Answer, Status> {
    let local = Local::new(cx, "etcd downgrade")?.led()?;
    if local.change(|etcd| etcd.downgrade.take())?.is_none() {
        return Err(Status::unknown("etcd is not being taken back to an earlier version"));
    }
    let reply = machine::EtcdDowngradeCancel { metadata: None, cluster_downgrade: downgrade(cx) };
    Ok(Answer::one(&machine::EtcdDowngradeCancelResponse { messages: vec![reply] }))
}

/// The database and its hash, piece by piece.
pub(super) fn snapshot(cx: &Context<'_>) -> Result<Answer, Status> {
    let local = Local::new(cx, "etcd snapshot")?;
    let snapshot = etcd::snapshot(&database(cx, &local).0);
    Ok(Answer::many(stream::unfold(snapshot, |mut rest| async {
        let piece = rest.split_to(rest.len().min(CHUNK));
        (!piece.is_empty()).then(|| (Ok(common::Data { metadata: None, bytes: piece }), rest))
    })))
}

/// Keeps a snapshot for a later bootstrap, whatever is in it.
pub(super) async fn recover(cx: &Context<'_>, requests: &mut Requests) -> Result<Answer, Status> {
    if cx.run.config().is_none() {
        return Err(Status::failed_precondition("the machine is not ready to recover etcd yet"));
    }
    cx.control_plane("etcd recovery")?;
    let mut snapshot = Vec::new();
    while let Some(message) = requests.next().await? {
        let data: common::Data = decode(message)?;
        if snapshot.len() + data.bytes.len() > MESSAGE_LIMIT {
            return Err(Status::resource_exhausted("the simulator keeps snapshots of up to 32 MiB"));
        }
        snapshot.extend_from_slice(&data.bytes);
    }
    cx.run.node.disk().etcd_snapshot = Some(snapshot.into());
    let reply = machine::EtcdRecover { metadata: None };
    Ok(Answer::one(&machine::EtcdRecoverResponse { messages: vec![reply] }))
}
