//! Logical volumes. From Talos 1.14.

use talos_proto::machine::{
    LvmServiceLogicalVolumeRemoveRequest, LvmServicePhysicalVolumeRemoveRequest,
    LvmServiceVolumeGroupRemoveRequest,
};

use crate::{Node, Result};

impl Node {
    /// Removes a logical volume: **what is on it is lost** (`machine.LVMService/LogicalVolumeRemove`, os:admin, anyone
    /// in maintenance mode, from Talos 1.14).
    ///
    /// [`ErrorKind::FailedPrecondition`](crate::ErrorKind::FailedPrecondition): it is in use.
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent, unless the node is named or in
    /// maintenance mode.
    pub async fn remove_logical_volume(
        &self,
        volume_group: impl Into<String>,
        logical_volume: impl Into<String>,
    ) -> Result<()> {
        self.must_be_named("removing a logical volume")?;
        let request = LvmServiceLogicalVolumeRemoveRequest {
            volume_group: volume_group.into(),
            logical_volume: logical_volume.into(),
        };
        self.call(request, |raw, request| async move { raw.lvm().logical_volume_remove(request).await })
            .await?;
        Ok(())
    }

    /// Removes a volume group **with all logical volumes in it** (`machine.LVMService/VolumeGroupRemove`, os:admin,
    /// anyone in maintenance mode, from Talos 1.14).
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent, unless the node is named or in
    /// maintenance mode.
    pub async fn remove_volume_group(&self, volume_group: impl Into<String>) -> Result<()> {
        self.must_be_named("removing a volume group")?;
        let request = LvmServiceVolumeGroupRemoveRequest { volume_group: volume_group.into() };
        self.call(request, |raw, request| async move { raw.lvm().volume_group_remove(request).await })
            .await?;
        Ok(())
    }

    /// Takes the label of a physical volume off a device, such as `/dev/sdb`, that belongs to no volume group any more
    /// (`machine.LVMService/PhysicalVolumeRemove`, os:admin, anyone in maintenance mode, from Talos 1.14).
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent, unless the node is named or in
    /// maintenance mode.
    pub async fn remove_physical_volume(&self, device: impl Into<String>) -> Result<()> {
        self.must_be_named("removing a physical volume")?;
        let request = LvmServicePhysicalVolumeRemoveRequest { device: device.into() };
        self.call(request, |raw, request| async move { raw.lvm().physical_volume_remove(request).await })
            .await?;
        Ok(())
    }
}
