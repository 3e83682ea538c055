//! Documents of the operating system.

mod environment;
mod extension;
mod file;
mod install;
mod kernel;
mod log;
mod oom;
mod pci;
mod security_profile;
mod siderolink;
mod watchdog;

pub use environment::EnvironmentConfig;
pub use extension::{ConfigFile, ExtensionServiceConfig};
pub use file::EtcFileConfig;
pub use install::{InstallDiskSelectorSpec, InstallProvisioningSpec, InstallerSpec, UnattendedInstallConfig};
pub use kernel::{KernelModuleConfig, SysctlConfig, SysfsConfig, UdevRulesConfig};
pub use log::{EventSinkConfig, KmsgLogConfig};
pub use oom::OomConfig;
pub use pci::PciDriverRebindConfig;
pub use security_profile::SecurityProfileConfig;
pub use siderolink::SideroLinkConfig;
pub use watchdog::WatchdogTimerConfig;
