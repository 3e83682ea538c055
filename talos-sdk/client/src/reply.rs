//! What every reply has around its content.

use talos_proto::common::Metadata;
use talos_proto::google::rpc::Status as RpcStatus;
use tonic::{Code, Status};

use crate::node::{Origin, Reply};
use crate::{Error, ErrorKind, Result};

/// A message that a node puts its name or its error on. Newer calls have none.
pub(crate) trait HasMetadata {
    fn metadata(&self) -> Option<&Metadata> {
        None
    }
}

/// A reply whose content is a list with one entry a node.
pub(crate) trait Messages {
    type Message: HasMetadata;
    fn into_messages(self) -> Vec<Self::Message>;
}

macro_rules! messages {
    (in $package:ident: $($reply:ident: $message:ident;)*) => {
        $(
            impl HasMetadata for talos_proto::$package::$message {
                fn metadata(&self) -> Option<&Metadata> {
                    self.metadata.as_ref()
                }
            }

            impl Messages for talos_proto::$package::$reply {
                type Message = talos_proto::$package::$message;

                fn into_messages(self) -> Vec<Self::Message> {
                    self.messages
                }
            }
        )*
    };
}

messages! {
    in machine:
    ApplyConfigurationResponse: ApplyConfiguration;
    BootstrapResponse: Bootstrap;
    ContainersResponse: Container;
    CpuFreqStatsResponse: CpUsFreqStats;
    CpuInfoResponse: CpUsInfo;
    DiskStatsResponse: DiskStats;
    EtcdAlarmDisarmResponse: EtcdAlarmDisarm;
    EtcdAlarmListResponse: EtcdAlarm;
    EtcdDefragmentResponse: EtcdDefragment;
    EtcdDowngradeCancelResponse: EtcdDowngradeCancel;
    EtcdDowngradeEnableResponse: EtcdDowngradeEnable;
    EtcdDowngradeValidateResponse: EtcdDowngradeValidate;
    EtcdForfeitLeadershipResponse: EtcdForfeitLeadership;
    EtcdLeaveClusterResponse: EtcdLeaveCluster;
    EtcdMemberListResponse: EtcdMembers;
    EtcdRecoverResponse: EtcdRecover;
    EtcdRemoveMemberByIdResponse: EtcdRemoveMemberById;
    EtcdStatusResponse: EtcdStatus;
    GenerateClientConfigurationResponse: GenerateClientConfiguration;
    GenerateConfigurationResponse: GenerateConfiguration;
    HostnameResponse: Hostname;
    ImagePullResponse: ImagePull;
    LoadAvgResponse: LoadAvg;
    LogsContainersResponse: LogsContainer;
    MemoryResponse: Memory;
    MetaDeleteResponse: MetaDelete;
    MetaWriteResponse: MetaWrite;
    MountsResponse: Mounts;
    NetstatResponse: Netstat;
    NetworkDeviceStatsResponse: NetworkDeviceStats;
    ProcessesResponse: Process;
    RebootResponse: Reboot;
    ResetResponse: Reset;
    RestartResponse: Restart;
    RollbackResponse: Rollback;
    ServiceListResponse: ServiceList;
    ServiceRestartResponse: ServiceRestart;
    ServiceStartResponse: ServiceStart;
    ServiceStopResponse: ServiceStop;
    ShutdownResponse: Shutdown;
    StatsResponse: Stats;
    SystemStatResponse: SystemStat;
    UpgradeResponse: Upgrade;
    VersionResponse: Version;
}

messages! {
    in inspect:
    ControllerRuntimeDependenciesResponse: ControllerRuntimeDependency;
}

messages! {
    in storage:
    BlockDeviceWipeResponse: BlockDeviceWipe;
    DisksResponse: Disks;
}

messages! {
    in time:
    TimeResponse: Time;
}

macro_rules! streamed {
    ($($package:ident::$message:ident;)*) => {
        $(
            impl HasMetadata for talos_proto::$package::$message {
                fn metadata(&self) -> Option<&Metadata> {
                    self.metadata.as_ref()
                }
            }
        )*
    };
}

streamed! {
    cluster::HealthCheckProgress;
    common::Data;
    machine::DiskUsageInfo;
    machine::Event;
    machine::FileInfo;
    machine::ImageListResponse;
}

impl HasMetadata for talos_proto::machine::DebugContainerRunResponse {}
impl HasMetadata for talos_proto::machine::ImageServiceListResponse {}
impl HasMetadata for talos_proto::machine::ImageServicePullResponse {}
impl HasMetadata for talos_proto::machine::LifecycleServiceInstallResponse {}
impl HasMetadata for talos_proto::machine::LifecycleServiceUpgradeResponse {}

impl<R: Messages> Reply<R> {
    /// The one message of the one node that was asked.
    pub(crate) fn single(self) -> Result<R::Message> {
        let mut messages = self.message.into_messages();
        if messages.len() > 1 {
            return Err(self.origin.place(Error::new(
                ErrorKind::InvalidReply,
                format!("one node was asked and {} answered", messages.len()),
            )));
        }
        let Some(message) = messages.pop() else {
            return Err(self.origin.place(Error::new(ErrorKind::InvalidReply, "the reply is empty")));
        };
        check(&message, &self.origin)?;
        Ok(message)
    }
}

/// Fails with what a node put into the metadata of a message, under a call that as a whole went well.
pub(crate) fn check(message: &impl HasMetadata, origin: &Origin) -> Result<()> {
    match message.metadata().and_then(status) {
        None => Ok(()),
        Some(status) => Err(origin.error(status)),
    }
}

fn status(metadata: &Metadata) -> Option<Status> {
    let of_status = metadata.status.as_ref().filter(|status| status.code != 0);
    if metadata.error.is_empty() && of_status.is_none() {
        return None;
    }
    Some(match of_status {
        Some(RpcStatus { code, message, .. }) => Status::new(
            Code::from(*code),
            if message.is_empty() { metadata.error.clone() } else { message.clone() },
        ),
        None => Status::unknown(metadata.error.clone()),
    })
}

/// What is wrong with a reply that the protocol allows and the API does not.
pub(crate) fn malformed(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidReply, what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_preferred_over_the_text() {
        let metadata = Metadata {
            error: "rpc error: code = NotFound desc = gone".into(),
            status: Some(RpcStatus {
                code: Code::NotFound as i32,
                message: "gone".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let found = status(&metadata).unwrap();
        assert_eq!((found.code(), found.message()), (Code::NotFound, "gone"));

        let only_text = Metadata { error: "broken".into(), ..Default::default() };
        assert_eq!(status(&only_text).unwrap().code(), Code::Unknown);
        assert!(status(&Metadata { hostname: "10.0.0.2".into(), ..Default::default() }).is_none());
    }
}
