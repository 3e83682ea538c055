//! Software RAID. From Talos 1.14.

use talos_proto::machine::MdDestroyRequest;

use crate::{Node, Result};

impl Node {
    /// Stops an array, such as `/dev/md0`, and clears its members: **what is on it is lost**
    /// (`machine.MDService/Destroy`, os:admin, anyone in maintenance mode, from Talos 1.14).
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument): the device is no path in `/dev`.
    pub async fn destroy_array(&self, device: impl Into<String>) -> Result<()> {
        let request = MdDestroyRequest { device: device.into() };
        self.call(request, |raw, request| async move { raw.md().destroy(request).await }).await?;
        Ok(())
    }
}
