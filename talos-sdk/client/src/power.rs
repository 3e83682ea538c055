//! Turning a machine off and on.

use talos_proto::machine::RebootRequest;
use talos_proto::machine::reboot_request::Mode;

use crate::{Node, Result};

/// How a machine reboots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RebootMode {
    /// After services stopped, by kexec where that is possible.
    #[default]
    Default,
    /// After services stopped, through the firmware.
    PowerCycle,
    /// At once, without stopping services.
    Force,
}

impl Node {
    /// Reboots the machine (`machine.MachineService/Reboot`, os:admin or os:operator).
    ///
    /// The answer comes before the work is done. It is the id that the [events](Self::events) of this reboot carry as
    /// their actor: open them first to miss nothing.
    pub async fn reboot(&self, mode: RebootMode) -> Result<String> {
        let mode = match mode {
            RebootMode::Default => Mode::Default,
            RebootMode::PowerCycle => Mode::Powercycle,
            RebootMode::Force => Mode::Force,
        };
        let message = RebootRequest { mode: mode.into() };
        let reply =
            self.call(message, |raw, request| async move { raw.machine().reboot(request).await }).await?;
        Ok(reply.single()?.actor_id)
    }
}
