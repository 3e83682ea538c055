//! Software RAID. From Talos 1.14.

use talos_proto::machine::MdDestroyRequest;

use crate::{Node, Result};

impl Node {
    /// Stops an array, such as `/dev/md0`, and clears its members: **what is on it is lost**
    /// (`machine.MDService/Destroy`, os:admin, anyone in maintenance mode, from Talos 1.14).
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument): the device is no path in `/dev`.
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent, unless the node is named or in
    /// maintenance mode.
    pub async fn destroy_array(&self, device: impl Into<String>) -> Result<()> {
        self.must_be_named("destroying an array")?;
        let request = MdDestroyRequest { device: device.into() };
        self.call(request, |raw, request| async move { raw.md().destroy(request).await }).await?;
        Ok(())
    }
}
