//! Version contracts: which Talos release a generated configuration is written for.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// The Talos minor release that generated secrets and configurations must suit.
///
/// A node refuses keys it does not know, so a configuration for an older release leaves out what came later.
/// Each predicate is one difference between releases. Later releases compare greater, and
/// [`Contract::CURRENT`] (no release named, the newest behaviour) is greater than all of them.
///
/// ```
/// use talos_machineconfig::Contract;
///
/// let contract: Contract = "v1.9.4".parse()?;
/// assert_eq!(contract, Contract::V1_9);
/// assert!(contract.host_dns_enabled() && !contract.multidoc_network_config_supported());
/// # Ok::<(), talos_machineconfig::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contract {
    minor: u16,
}

macro_rules! releases {
    ($($name:ident = $minor:literal,)*) => {
        impl Contract {
            $(
                #[doc = concat!("Talos 1.", $minor, ".")]
                pub const $name: Self = Self { minor: $minor };
            )*

            /// Every release with a contract of its own, oldest first; [`Contract::CURRENT`] is not among them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

releases! {
    V1_0 = 0,
    V1_1 = 1,
    V1_2 = 2,
    V1_3 = 3,
    V1_4 = 4,
    V1_5 = 5,
    V1_6 = 6,
    V1_7 = 7,
    V1_8 = 8,
    V1_9 = 9,
    V1_10 = 10,
    V1_11 = 11,
    V1_12 = 12,
    V1_13 = 13,
    V1_14 = 14,
    V1_15 = 15,
}

impl Contract {
    /// The newest behaviour, whatever release that is.
    pub const CURRENT: Self = Self { minor: u16::MAX };

    /// Reads `v1.9`, `1.9.4` or `v1.14.0-rc.1`; only the first two numbers count.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownContract`] if the text is no version, or a release this crate has no contract for.
    pub fn parse(version: &str) -> Result<Self> {
        let numbers = version.strip_prefix('v').unwrap_or(version);
        let mut parts = numbers.splitn(3, '.');
        let (major, minor) = (number(parts.next()), number(parts.next()));
        let (Some(major), Some(minor)) = (major, minor) else {
            return Err(unknown(format!("{version:?} is not a Talos version")));
        };
        Self::ALL
            .iter()
            .copied()
            .find(|known| major == 1 && known.minor == minor)
            .ok_or_else(|| unknown(format!("there is no contract for Talos v{major}.{minor}")))
    }

    const fn since(self, minor: u16) -> bool {
        self.minor >= minor
    }

    /// Pod security admission is configured in the API server (1.1).
    pub const fn pod_security_admission_enabled(self) -> bool {
        self.since(1)
    }

    /// Nodes get a stable host name (1.2).
    pub const fn stable_hostname_enabled(self) -> bool {
        self.since(2)
    }

    /// The kubelet uses the runtime's default seccomp profile (1.2).
    pub const fn kubelet_default_runtime_seccomp_profile_enabled(self) -> bool {
        self.since(2)
    }

    /// Kubernetes images are mirrored from `registry.k8s.io` (1.2 alone).
    pub const fn kubernetes_alternate_image_registries(self) -> bool {
        self.minor == 2
    }

    /// Scheduling on control planes has its present key rather than the one with the old name (1.2).
    pub const fn kubernetes_allow_scheduling_on_control_planes(self) -> bool {
        self.since(2)
    }

    /// Discovery through Kubernetes is off (1.2).
    pub const fn kubernetes_discovery_backend_disabled(self) -> bool {
        self.since(2)
    }

    /// The Talos API checks the extended key usage of client certificates (1.3).
    pub const fn apid_ext_key_usage_check_enabled(self) -> bool {
        self.since(3)
    }

    /// The API server has an audit policy (1.3).
    pub const fn api_server_audit_policy_supported(self) -> bool {
        self.since(3)
    }

    /// The kubelet's manifests directory is off (1.3).
    pub const fn kubelet_manifests_directory_disabled(self) -> bool {
        self.since(3)
    }

    /// Secrets at rest are encrypted with secretbox rather than AES-CBC (1.3).
    pub const fn secretbox_encryption_supported(self) -> bool {
        self.since(3)
    }

    /// Disk quota support is on (1.5).
    pub const fn disk_quota_support_enabled(self) -> bool {
        self.since(5)
    }

    /// KubePrism is on (1.6).
    pub const fn kube_prism_enabled(self) -> bool {
        self.since(6)
    }

    /// The host's DNS resolver is on (1.7).
    pub const fn host_dns_enabled(self) -> bool {
        self.since(7)
    }

    /// The Kubernetes service account key is RSA rather than ECDSA (1.7).
    pub const fn use_rsa_service_account_key(self) -> bool {
        self.since(7)
    }

    /// Workers know the cluster's name (1.8).
    pub const fn cluster_name_for_workers(self) -> bool {
        self.since(8)
    }

    /// The host's DNS resolver answers for CoreDNS (1.8).
    pub const fn host_dns_forward_kube_dns_to_host(self) -> bool {
        self.since(8)
    }

    /// Control planes carry the label that keeps external load balancers away (1.8).
    pub const fn add_exclude_from_external_load_balancer(self) -> bool {
        self.since(8)
    }

    /// UEFI secure boot enrolment can be enforced (1.8).
    pub const fn secure_boot_enroll_enforcement_supported(self) -> bool {
        self.since(8)
    }

    /// Volumes are encrypted by `VolumeConfig` documents (1.11).
    pub const fn volume_config_encryption_supported(self) -> bool {
        self.since(11)
    }

    /// Host name and registries have documents of their own (1.12).
    pub const fn multidoc_network_config_supported(self) -> bool {
        self.since(12)
    }

    /// The switch that turns pod security policies off is no longer written (1.12).
    pub const fn hide_disable_psp(self) -> bool {
        self.since(12)
    }

    /// The RBAC and key usage switches are no longer written (1.12).
    pub const fn hide_rbac_and_key_usage(self) -> bool {
        self.since(12)
    }

    /// The endpoint's host is written into the API server's certificate names (up to 1.11).
    pub const fn populate_cluster_sans_from_endpoint(self) -> bool {
        !self.since(12)
    }

    /// GRUB takes the kernel command line from the unified kernel image (1.12).
    pub const fn grub_use_uki_cmdline_default(self) -> bool {
        self.since(12)
    }

    /// KubeSpan has a document of its own (1.13).
    pub const fn kube_span_multidoc_config(self) -> bool {
        self.since(13)
    }

    /// The host's DNS resolver is configured in `ResolverConfig` (1.14).
    pub const fn host_dns_multidoc_config(self) -> bool {
        self.since(14)
    }

    /// The discovery service has a document of its own (1.14).
    pub const fn discovery_service_multidoc_config(self) -> bool {
        self.since(14)
    }

    /// The cluster's identity has a document of its own (1.14).
    pub const fn discovery_identity_multidoc_config(self) -> bool {
        self.since(14)
    }

    /// Installation is described by `UnattendedInstallConfig` (1.14).
    pub const fn unattended_install_config(self) -> bool {
        self.since(14)
    }

    /// Kubernetes is described by documents of its own (1.14).
    pub const fn multidoc_kubernetes_config_supported(self) -> bool {
        self.since(14)
    }

    /// File systems are trimmed by default (1.14).
    pub const fn filesystem_trim_enabled_by_default(self) -> bool {
        self.since(14)
    }

    /// Workloads are isolated by default (1.14).
    pub const fn workload_isolation_enabled_by_default(self) -> bool {
        self.since(14)
    }

    /// Kernel parameters have a document of their own (1.14).
    pub const fn multidoc_sysctl_config_supported(self) -> bool {
        self.since(14)
    }

    /// Kernel modules have documents of their own (1.14).
    pub const fn multidoc_kernel_module_config_supported(self) -> bool {
        self.since(14)
    }
}

impl Default for Contract {
    fn default() -> Self {
        Self::CURRENT
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::CURRENT { f.write_str("current") } else { write!(f, "v1.{}", self.minor) }
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contract({self})")
    }
}

impl FromStr for Contract {
    type Err = Error;

    fn from_str(version: &str) -> Result<Self> {
        Self::parse(version)
    }
}

fn number(part: Option<&str>) -> Option<u16> {
    part.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

fn unknown(problem: String) -> Error {
    let newest = Contract::ALL.last().copied().unwrap_or(Contract::CURRENT);
    Error::new(ErrorKind::UnknownContract, format!("{problem}: use {} to {newest}", Contract::V1_0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_two_numbers_count() {
        for (text, contract) in [
            ("v1.9.4", Contract::V1_9),
            ("1.13", Contract::V1_13),
            ("v1.14.0-rc.1", Contract::V1_14),
            ("v1.0.", Contract::V1_0),
        ] {
            assert_eq!(Contract::parse(text).unwrap(), contract, "{text}");
        }
    }

    #[test]
    fn what_is_no_known_release_is_an_error_that_names_the_known_ones() {
        for text in ["v0.1", "v1.16", "v9.9", "v1", "", "v", "1.x", "v1.14-rc.1", "vv1.9", "v+1.9", "v0.0"] {
            let error = Contract::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnknownContract, "{text}");
            assert!(error.to_string().ends_with("use v1.0 to v1.15"), "{error}");
        }
    }

    #[test]
    fn current_is_newer_than_every_release() {
        assert!(Contract::ALL.iter().all(|release| *release < Contract::CURRENT));
        assert!(Contract::CURRENT.multidoc_kubernetes_config_supported());
        assert!(!Contract::CURRENT.kubernetes_alternate_image_registries());
        assert_eq!(Contract::CURRENT.to_string(), "current");
    }
}
