//! Documents of the operating system.

mod environment;
mod install;
mod kernel;

pub use environment::{
    ConfigFile, EnvironmentConfig, EtcFileConfig, EventSinkConfig, ExtensionServiceConfig, KmsgLogConfig,
    SideroLinkConfig,
};
pub use install::{InstallDiskSelectorSpec, InstallProvisioningSpec, InstallerSpec, UnattendedInstallConfig};
pub use kernel::{
    KernelModuleConfig, OomConfig, PciDriverRebindConfig, SecurityProfileConfig, SysctlConfig, SysfsConfig,
    UdevRulesConfig, WatchdogTimerConfig,
};
