//! The methods of the machine API.

mod access;
mod apply;
mod containers;
mod debug;
mod etcd;
mod files;
mod generate;
mod health;
mod host;
mod images;
mod inspect;
mod lifecycle;
mod meta;
mod network;
mod power;
mod state;
mod stats;
mod storage;
mod streams;
mod time;

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use talos_pki::{Role, RoleSet};
use tonic::Status;

use crate::grpc::{Answer, Messages, decode};
use crate::methods::Method;
use crate::run::Run;

/// What a caller streams.
pub(crate) type Requests = Messages<Incoming>;

/// Who calls, and whom.
pub(crate) struct Context<'a> {
    pub(crate) run: &'a Arc<Run>,
    pub(crate) roles: &'a RoleSet,
    pub(crate) method: &'static Method,
}

impl Context<'_> {
    /// Whether the call is to be acknowledged and forgotten.
    fn lost(&self) -> bool {
        self.run.node.world.faults.take_lost(self.method.path, self.run.address().into())
    }

    /// Refuses what a container cannot do.
    fn not_in_container(&self) -> Result<(), Status> {
        if self.run.node.in_container() {
            return Err(Status::failed_precondition("a machine that is a container cannot do this"));
        }
        Ok(())
    }

    /// Refuses readers on a machine that has its configuration: without one they may do it.
    fn admin_or_maintenance(&self) -> Result<(), Status> {
        if self.run.maintenance() || self.roles.contains(Role::Admin) {
            return Ok(());
        }
        Err(Status::permission_denied("not authorized"))
    }

    /// Refuses what only control planes serve.
    fn control_plane(&self, what: &str) -> Result<(), Status> {
        match self.run.config() {
            Some(config) if config.control_plane => Ok(()),
            Some(_) => Err(Status::unimplemented(format!("{what}: only control plane nodes serve this"))),
            None => Err(Status::unimplemented(format!("{what}: the machine has no type yet"))),
        }
    }
}

/// Answers a call that is allowed.
pub(crate) async fn dispatch(context: &Context<'_>, message: Bytes) -> Result<Answer, Status> {
    let cx = context;
    match cx.method.path {
        "/machine.MachineService/Version" => Ok(host::version(cx)),
        "/machine.MachineService/Hostname" => Ok(host::hostname(cx)),
        "/machine.MachineService/ServiceList" => Ok(host::services(cx)),
        "/machine.MachineService/ServiceStart" => host::service_start(cx, decode(message)?),
        "/machine.MachineService/ServiceStop" => host::service_stop(cx, decode(message)?),
        "/machine.MachineService/ServiceRestart" => host::service_restart(cx, decode(message)?),
        "/machine.MachineService/SystemStat" => Ok(stats::system(cx)),
        "/machine.MachineService/LoadAvg" => Ok(stats::load()),
        "/machine.MachineService/Memory" => Ok(stats::memory()),
        "/machine.MachineService/Mounts" => Ok(stats::mounts(cx)),
        "/storage.StorageService/Disks" => Ok(storage::disks(cx)),
        "/storage.StorageService/BlockDeviceWipe" => storage::wipe(cx, &decode(message)?),
        "/machine.LVMService/LogicalVolumeRemove" => storage::logical_volume_remove(cx, &decode(message)?),
        "/machine.LVMService/VolumeGroupRemove" => storage::volume_group_remove(cx, &decode(message)?),
        "/machine.LVMService/PhysicalVolumeRemove" => storage::physical_volume_remove(cx, &decode(message)?),
        "/machine.MDService/Destroy" => storage::array_destroy(cx, &decode(message)?),
        "/machine.MachineService/MetaWrite" => meta::write(cx, decode(message)?),
        "/machine.MachineService/MetaDelete" => meta::delete(cx, &decode(message)?),
        "/machine.ImageService/List" => images::list(cx, &decode(message)?),
        "/machine.ImageService/Pull" => images::pull(cx, &decode(message)?),
        "/machine.ImageService/Remove" => images::remove(cx, &decode(message)?),
        "/machine.ImageService/Verify" => images::verify(cx, &decode(message)?),
        "/machine.MachineService/ImageList" => images::list_early(cx, &decode(message)?),
        "/machine.MachineService/ImagePull" => images::pull_early(cx, &decode(message)?),
        "/machine.LifecycleService/Install" => lifecycle::install(cx, decode(message)?),
        "/machine.LifecycleService/Upgrade" => lifecycle::upgrade(cx, decode(message)?),
        "/machine.MachineService/Upgrade" => lifecycle::upgrade_early(cx, decode(message)?),
        "/machine.MachineService/Rollback" => lifecycle::rollback(cx),
        "/machine.MachineService/ApplyConfiguration" => apply::apply(cx, decode(message)?),
        "/machine.MachineService/Bootstrap" => etcd::bootstrap(cx, decode(message)?),
        "/machine.MachineService/EtcdMemberList" => etcd::member_list(cx, decode(message)?),
        "/machine.MachineService/EtcdStatus" => etcd::status(cx),
        "/machine.MachineService/EtcdRemoveMemberByID" => etcd::remove_member(cx, decode(message)?),
        "/machine.MachineService/EtcdLeaveCluster" => etcd::leave(cx),
        "/machine.MachineService/EtcdForfeitLeadership" => etcd::forfeit_leadership(cx),
        "/machine.MachineService/EtcdAlarmList" => etcd::alarm_list(cx),
        "/machine.MachineService/EtcdAlarmDisarm" => etcd::alarm_disarm(cx),
        "/machine.MachineService/EtcdDefragment" => etcd::defragment(cx),
        "/machine.MachineService/EtcdDowngradeValidate" => etcd::downgrade_validate(cx, &decode(message)?),
        "/machine.MachineService/EtcdDowngradeEnable" => etcd::downgrade_enable(cx, &decode(message)?),
        "/machine.MachineService/EtcdDowngradeCancel" => etcd::downgrade_cancel(cx),
        "/machine.MachineService/EtcdSnapshot" => etcd::snapshot(cx),
        "/machine.MachineService/Kubeconfig" => access::kubeconfig(cx),
        "/machine.MachineService/GenerateClientConfiguration" => {
            access::client_configuration(cx, decode(message)?)
        }
        "/machine.MachineService/Events" => streams::events(cx, decode(message)?),
        "/machine.MachineService/Logs" => streams::logs(cx, decode(message)?),
        "/machine.MachineService/Dmesg" => Ok(streams::dmesg(cx, decode(message)?)),
        "/machine.MachineService/GenerateConfiguration" => {
            generate::configuration(cx, decode(message)?).await
        }
        "/machine.MachineService/LogsContainers" => Ok(streams::logs_containers(cx)),
        "/machine.MachineService/Read" => files::read(cx, &decode(message)?),
        "/machine.MachineService/List" => files::list(cx, &decode(message)?),
        "/machine.MachineService/DiskUsage" => Ok(files::usage(cx, &decode(message)?)),
        "/machine.MachineService/Copy" => files::copy(cx, &decode(message)?),
        "/machine.MachineService/CPUInfo" => Ok(stats::cpu_info(cx)),
        "/machine.MachineService/CPUFreqStats" => Ok(stats::cpu_frequencies(cx)),
        "/machine.MachineService/DiskStats" => Ok(stats::disks(cx)),
        "/machine.MachineService/NetworkDeviceStats" => Ok(stats::network(cx)),
        "/machine.MachineService/Netstat" => network::netstat(cx, &decode(message)?),
        "/machine.MachineService/PacketCapture" => network::capture(cx, &decode(message)?),
        "/machine.MachineService/Containers" => containers::containers(cx, decode(message)?),
        "/machine.MachineService/Stats" => containers::stats(cx, &decode(message)?),
        "/machine.MachineService/Restart" => containers::restart(cx, &decode(message)?),
        "/machine.MachineService/Processes" => Ok(containers::processes(cx)),
        "/time.TimeService/Time" => Ok(time::time(cx)),
        "/time.TimeService/TimeCheck" => time::check(cx, &decode(message)?),
        "/inspect.InspectService/ControllerRuntimeDependencies" => Ok(inspect::dependencies(cx)),
        "/cluster.ClusterService/HealthCheck" => health::check(cx, decode(message)?),
        "/machine.MachineService/Reboot" => power::reboot(cx, decode(message)?),
        "/machine.MachineService/Shutdown" => power::shutdown(cx, decode(message)?),
        "/machine.MachineService/Reset" => power::reset(cx, decode(message)?),
        "/cosi.resource.State/Get" => state::get(cx, &decode(message)?),
        "/cosi.resource.State/List" => state::list(cx, &decode(message)?),
        "/cosi.resource.State/Watch" => state::watch(cx, decode(message)?),
        path if path.starts_with("/cosi.resource.State/") => {
            Err(Status::permission_denied("write access is not allowed"))
        }
        path => Err(unknown(path)),
    }
}

/// Answers a call that is allowed and whose caller streams.
pub(crate) async fn dispatch_stream(cx: &Context<'_>, mut requests: Requests) -> Result<Answer, Status> {
    match cx.method.path {
        "/machine.DebugService/ContainerRun" => debug::run(cx, requests).await,
        "/machine.ImageService/Import" => images::import(cx, &mut requests).await,
        "/machine.MachineService/EtcdRecover" => etcd::recover(cx, &mut requests).await,
        path => Err(unknown(path)),
    }
}

/// The table of methods has no path that is not answered above; a test asserts it.
fn unknown(path: &str) -> Status {
    Status::unimplemented(format!("the simulator has no answer to {path}"))
}
