//! The generated stubs of every service.

use talos_proto::cluster::cluster_service_client::ClusterServiceClient;
use talos_proto::cosi::resource::state_client::StateClient;
use talos_proto::inspect::inspect_service_client::InspectServiceClient;
use talos_proto::machine::debug_service_client::DebugServiceClient;
use talos_proto::machine::image_service_client::ImageServiceClient;
use talos_proto::machine::lifecycle_service_client::LifecycleServiceClient;
use talos_proto::machine::lvm_service_client::LvmServiceClient;
use talos_proto::machine::machine_service_client::MachineServiceClient;
use talos_proto::machine::md_service_client::MdServiceClient;
use talos_proto::storage::storage_service_client::StorageServiceClient;
use talos_proto::time::time_service_client::TimeServiceClient;

use crate::channel::Channel;

/// The generated stubs, over the connections of a client and for one node.
///
/// They give every call that Talos has, with the messages as they are on the wire: a reply is a list with one entry
/// whose `metadata.error` may be set, and zero values are what the protocol says, not what is safe. Errors are
/// [`tonic::Status`]; [`Error::from`](crate::Error) makes an error of this crate of them.
///
/// ```no_run
/// # async fn example(client: talos_client::Client) -> Result<(), talos_client::Error> {
/// let reply = client.node("10.0.0.2").raw().machine().hostname(()).await?.into_inner();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Raw {
    channel: Channel,
}

macro_rules! stubs {
    ($($(#[$doc:meta])* $name:ident: $client:ident;)*) => {
        impl Raw {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(&self) -> $client<Channel> {
                    let limit = self.channel.shared.max_message_size;
                    $client::new(self.channel.clone()).max_decoding_message_size(limit)
                }
            )*
        }
    };
}

stubs! {
    /// `cluster.ClusterService`: health of a cluster, checked by a node.
    cluster: ClusterServiceClient;
    /// `machine.DebugService`: containers for debugging (1.13 and later).
    debug: DebugServiceClient;
    /// `machine.ImageService`: container images (1.13 and later).
    images: ImageServiceClient;
    /// `inspect.InspectService`: controllers of the runtime.
    inspect: InspectServiceClient;
    /// `machine.LifecycleService`: installation and upgrade (1.13 and later).
    lifecycle: LifecycleServiceClient;
    /// `machine.LVMService`: logical volumes (1.14 and later).
    lvm: LvmServiceClient;
    /// `machine.MachineService`: the machine.
    machine: MachineServiceClient;
    /// `machine.MDService`: software RAID (1.14 and later).
    md: MdServiceClient;
    /// `cosi.resource.State`: resources.
    state: StateClient;
    /// `storage.StorageService`: disks.
    storage: StorageServiceClient;
    /// `time.TimeService`: clocks.
    time: TimeServiceClient;
}

impl Raw {
    pub(crate) fn new(channel: Channel) -> Self {
        Self { channel }
    }

    /// The transport itself, for stubs from elsewhere.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }
}
