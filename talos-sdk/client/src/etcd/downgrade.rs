//! Going back to an earlier version of etcd.

use std::fmt;
use std::str::FromStr;

use talos_proto::machine::{EtcdClusterDowngrade, EtcdDowngradeEnableRequest, EtcdDowngradeValidateRequest};

use crate::{Error, ErrorKind, Node, Result};

/// A minor version of etcd, such as `3.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EtcdVersion {
    /// The part before the dot.
    pub major: u32,
    /// The part after the dot.
    pub minor: u32,
}

impl fmt::Display for EtcdVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for EtcdVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten();
        text.split_once('.')
            .and_then(|(major, minor)| Some(Self { major: number(major)?, minor: number(minor)? }))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidArgument,
                    format!("{text:?} is no minor version of etcd: write it as 3.5, without a patch level"),
                )
            })
    }
}

impl Node {
    /// Asks whether etcd could go back to this version, and changes nothing. Gives the version that the cluster has
    /// (`machine.MachineService/EtcdDowngradeValidate`, os:admin, Talos 1.11 and later).
    pub async fn etcd_validate_downgrade(&self, version: EtcdVersion) -> Result<String> {
        let message = EtcdDowngradeValidateRequest { version: version.to_string() };
        let reply = self
            .call(message, |raw, request| async move { raw.machine().etcd_downgrade_validate(request).await })
            .await?
            .single()?;
        Ok(cluster_version(reply.cluster_downgrade))
    }

    /// Lets etcd go back to this version: members of it may join from now on, and the data is brought into its
    /// format. Gives the version that the cluster has.
    /// (`machine.MachineService/EtcdDowngradeEnable`, os:admin, Talos 1.11 and later).
    pub async fn etcd_enable_downgrade(&self, version: EtcdVersion) -> Result<String> {
        let message = EtcdDowngradeEnableRequest { version: version.to_string() };
        let reply = self
            .call(message, |raw, request| async move { raw.machine().etcd_downgrade_enable(request).await })
            .await?
            .single()?;
        Ok(cluster_version(reply.cluster_downgrade))
    }

    /// Takes [`etcd_enable_downgrade`](Self::etcd_enable_downgrade) back. Gives the version that the cluster has
    /// (`machine.MachineService/EtcdDowngradeCancel`, os:admin, Talos 1.11 and later).
    pub async fn etcd_cancel_downgrade(&self) -> Result<String> {
        let reply = self
            .call((), |raw, request| async move { raw.machine().etcd_downgrade_cancel(request).await })
            .await?
            .single()?;
        Ok(cluster_version(reply.cluster_downgrade))
    }
}

fn cluster_version(downgrade: Option<EtcdClusterDowngrade>) -> String {
    downgrade.unwrap_or_default().cluster_version
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn versions_have_two_numbers() {
        let version: EtcdVersion = "3.5".parse().unwrap();
        assert_eq!((version, version.to_string().as_str()), (EtcdVersion { major: 3, minor: 5 }, "3.5"));
        for text in ["", "3", "3.", ".5", "3.5.1", "v3.5", "3.+5", "3.-5"] {
            assert!(text.parse::<EtcdVersion>().is_err(), "{text}");
        }
    }
}
