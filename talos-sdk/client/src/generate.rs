//! Configurations made by a machine. Up to Talos 1.12.

use talos_pki::SecretString;
use talos_proto::machine::machine_config::MachineType;
use talos_proto::machine::{
    ClusterConfig, ClusterNetworkConfig, ControlPlaneConfig, GenerateConfigurationRequest, InstallConfig,
    MachineConfig,
};

use crate::reply::malformed;
use crate::{Node, Result};

/// What a machine is to make a configuration of, for [`Node::generate_configuration`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenerateConfigurationOptions {
    /// The name of the cluster.
    pub cluster: String,
    /// Where Kubernetes is reached, such as `https://10.0.0.1:6443`.
    pub endpoint: String,
    /// Whether it is for a control plane, not for a worker.
    pub control_plane: bool,
    /// The version of Kubernetes, such as `1.31.4`; that of the machine's Talos if `None`.
    pub kubernetes_version: Option<String>,
    /// The disk to install to, such as `/dev/sda`.
    pub install_disk: Option<String>,
    /// The installer image; that of the machine's Talos if `None`.
    pub install_image: Option<String>,
    /// The host name of the machine.
    pub hostname: Option<String>,
    /// The domain of services; `cluster.local` if `None`.
    pub dns_domain: Option<String>,
    /// Whether pods may run on control planes.
    pub allow_scheduling_on_control_planes: bool,
}

impl GenerateConfigurationOptions {
    /// For a control plane of a cluster of this name, with Kubernetes at this address.
    #[must_use]
    pub fn control_plane(cluster: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self {
            cluster: cluster.into(),
            endpoint: endpoint.into(),
            control_plane: true,
            kubernetes_version: None,
            install_disk: None,
            install_image: None,
            hostname: None,
            dns_domain: None,
            allow_scheduling_on_control_planes: false,
        }
    }

    /// Installs this image to this disk.
    #[must_use]
    pub fn with_install(mut self, disk: impl Into<String>, image: impl Into<String>) -> Self {
        self.install_disk = Some(disk.into());
        self.install_image = Some(image.into());
        self
    }

    /// For this version of Kubernetes.
    #[must_use]
    pub fn with_kubernetes_version(mut self, version: impl Into<String>) -> Self {
        self.kubernetes_version = Some(version.into());
        self
    }

    /// Lets pods run on control planes.
    #[must_use]
    pub fn with_scheduling_on_control_planes(mut self) -> Self {
        self.allow_scheduling_on_control_planes = true;
        self
    }
}

/// What a machine made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GeneratedConfiguration {
    /// The configuration, as YAML. It holds the secrets of a new cluster.
    pub machine_config: SecretString,
    /// A talosconfig for that cluster, as YAML, without endpoints.
    pub talosconfig: SecretString,
}

impl Node {
    /// Lets a machine make a configuration for a new cluster, with secrets of its own
    /// (`machine.MachineService/GenerateConfiguration`, os:admin, anyone in maintenance mode).
    ///
    /// Machines from Talos 1.13 on have no such method any more; the crate `talos-machineconfig` makes configurations
    /// for all versions, and without a machine.
    pub async fn generate_configuration(
        &self,
        options: GenerateConfigurationOptions,
    ) -> Result<GeneratedConfiguration> {
        let text = Option::unwrap_or_default;
        let request = GenerateConfigurationRequest {
            config_version: "v1alpha1".to_owned(),
            cluster_config: Some(ClusterConfig {
                name: options.cluster,
                control_plane: Some(ControlPlaneConfig { endpoint: options.endpoint }),
                cluster_network: Some(ClusterNetworkConfig {
                    dns_domain: options.dns_domain.unwrap_or_else(|| "cluster.local".to_owned()),
                    cni_config: None,
                }),
                allow_scheduling_on_control_planes: options.allow_scheduling_on_control_planes,
            }),
            machine_config: Some(MachineConfig {
                r#type: if options.control_plane {
                    MachineType::TypeControlPlane
                } else {
                    MachineType::TypeWorker
                }
                .into(),
                install_config: Some(InstallConfig {
                    install_disk: text(options.install_disk),
                    install_image: text(options.install_image),
                }),
                network_config: options
                    .hostname
                    .map(|hostname| talos_proto::machine::NetworkConfig { hostname, interfaces: Vec::new() }),
                kubernetes_version: text(options.kubernetes_version),
            }),
            override_time: None,
        };
        let reply = self
            .call(request, |raw, request| async move { raw.machine().generate_configuration(request).await })
            .await?
            .single()?;
        let [machine_config] = reply.data.as_slice() else {
            return Err(malformed(format!(
                "the machine made {} configurations instead of one",
                reply.data.len()
            )));
        };
        let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => Ok(SecretString::from(text)),
            Err(_) => Err(malformed("the configuration that the machine made is no text")),
        };
        Ok(GeneratedConfiguration {
            machine_config: text(machine_config)?,
            talosconfig: text(&reply.talosconfig)?,
        })
    }
}
