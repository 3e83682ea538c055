//! Alarms of etcd.

use talos_proto::machine::EtcdMemberAlarm;
use talos_proto::machine::etcd_member_alarm::AlarmType;

use super::EtcdMemberId;
use crate::{Node, Result};

/// An alarm that a member of etcd raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EtcdAlarm {
    /// The member.
    pub member: EtcdMemberId,
    /// What is wrong.
    pub kind: EtcdAlarmKind,
}

/// What an alarm of etcd is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EtcdAlarmKind {
    /// The database has reached its quota: etcd takes no writes until there is room and the alarm is disarmed.
    NoSpace,
    /// The data of the member differs from that of the others.
    Corrupt,
    /// A number that this version of the library does not know.
    Other(i32),
}

impl Node {
    /// The alarms of etcd, of all its members (`machine.MachineService/EtcdAlarmList`, any role).
    pub async fn etcd_alarms(&self) -> Result<Vec<EtcdAlarm>> {
        let reply = self
            .call((), |raw, request| async move { raw.machine().etcd_alarm_list(request).await })
            .await?
            .single()?;
        Ok(alarms(reply.member_alarms))
    }

    /// Disarms all alarms of etcd, and gives those that there were
    /// (`machine.MachineService/EtcdAlarmDisarm`, os:admin or os:operator).
    ///
    /// Remove the cause first: etcd raises the same alarm again.
    pub async fn etcd_disarm_alarms(&self) -> Result<Vec<EtcdAlarm>> {
        let reply = self
            .call((), |raw, request| async move { raw.machine().etcd_alarm_disarm(request).await })
            .await?
            .single()?;
        Ok(alarms(reply.member_alarms))
    }
}

fn alarms(alarms: Vec<EtcdMemberAlarm>) -> Vec<EtcdAlarm> {
    let alarm = |alarm: EtcdMemberAlarm| {
        let kind = match AlarmType::try_from(alarm.alarm) {
            Ok(AlarmType::None) => return None,
            Ok(AlarmType::Nospace) => EtcdAlarmKind::NoSpace,
            Ok(AlarmType::Corrupt) => EtcdAlarmKind::Corrupt,
            Err(_) => EtcdAlarmKind::Other(alarm.alarm),
        };
        Some(EtcdAlarm { member: EtcdMemberId(alarm.member_id), kind })
    };
    alarms.into_iter().filter_map(alarm).collect()
}
