//! What others ask of a configuration, wherever it stands: in the sections or in a document of its own.

use talos_secret::SecretString;

use crate::config::Config;
use crate::document::Document;
use crate::machine_type::MachineType;
use crate::types::v1alpha1::{ClusterConfig, MachineConfig};
use crate::types::{CertificateAndKey, Url};

impl Config {
    /// What `pick` takes from the first document that has it.
    fn find<'a, T>(&'a self, pick: impl Fn(&'a Document) -> Option<T>) -> Option<T> {
        self.documents().iter().find_map(pick)
    }

    fn machine(&self) -> Option<&MachineConfig> {
        self.v1alpha1()?.machine.as_ref()
    }

    fn cluster(&self) -> Option<&ClusterConfig> {
        self.v1alpha1()?.cluster.as_ref()
    }

    /// The role of the machine; `None` without a section `machine` or with a role that does not exist.
    pub fn machine_type(&self) -> Option<MachineType> {
        self.machine()?.r#type.parse().ok()
    }

    /// The name of the cluster.
    pub fn cluster_name(&self) -> Option<&str> {
        let document = self.find(|document| match document {
            Document::KubeClusterConfig(config) => non_empty(&config.cluster_name),
            _ => None,
        });
        document.or_else(|| non_empty(&self.cluster()?.cluster_name))
    }

    /// The URL of the Kubernetes API.
    pub fn endpoint(&self) -> Option<&Url> {
        let document = self.find(|document| match document {
            Document::KubeClusterConfig(config) => Some(&config.endpoint),
            _ => None,
        });
        document.or_else(|| self.cluster()?.control_plane.as_ref()?.endpoint.as_ref())
    }

    /// The cluster's identity for discovery.
    pub fn cluster_id(&self) -> Option<&str> {
        let document = self.find(|document| match document {
            Document::DiscoveryIdentityConfig(config) => non_empty(&config.cluster_id),
            _ => None,
        });
        document.or_else(|| non_empty(&self.cluster()?.id))
    }

    /// PEM of the Talos API's certificate authority, and of its key where the machine has it.
    pub fn machine_ca(&self) -> Option<(String, Option<SecretString>)> {
        pem(self.machine()?.ca.as_ref()?)
    }

    /// The token by which machines join.
    pub fn machine_token(&self) -> Option<&SecretString> {
        Some(&*self.machine()?.token).filter(|token| !token.is_empty())
    }

    /// PEM of the Kubernetes certificate authority, and of its key where the machine has it.
    pub fn kubernetes_ca(&self) -> Option<(String, Option<SecretString>)> {
        let document = self.find(|document| match document {
            Document::KubeApiServerCaConfig(config) => match &config.issuing_ca {
                Some(pair) => Some((pair.cert.clone(), Some((*pair.key).clone()))),
                None => config.accepted_cas.first().map(|ca| (ca.clone(), None)),
            },
            _ => None,
        });
        document.or_else(|| pem(self.cluster()?.ca.as_ref()?))
    }

    /// More names and addresses for the certificate of the Talos API.
    pub fn cert_sans(&self) -> &[String] {
        self.machine().map_or(&[], |machine| &machine.cert_sans)
    }

    /// More names and addresses for the certificate of the Kubernetes API.
    pub fn api_server_cert_sans(&self) -> &[String] {
        let document = self.find(|document| match document {
            Document::KubeApiServerConfig(config) => Some(config.cert_extra_sans.as_slice()),
            _ => None,
        });
        if let Some(sans) = document {
            return sans;
        }
        let api_server = self.cluster().and_then(|cluster| cluster.api_server.as_ref());
        api_server.map_or(&[], |api_server| &api_server.cert_sans)
    }

    /// The host name, if the configuration fixes one.
    pub fn hostname(&self) -> Option<&str> {
        let document = self.find(|document| match document {
            Document::HostnameConfig(config) => non_empty(&config.hostname),
            _ => None,
        });
        document.or_else(|| non_empty(&self.machine()?.network.as_ref()?.hostname))
    }

    /// The image of the kubelet.
    pub fn kubelet_image(&self) -> Option<&str> {
        let document = self.find(|document| match document {
            Document::KubeletConfig(config) => non_empty(&config.image),
            _ => None,
        });
        document.or_else(|| non_empty(&self.machine()?.kubelet.as_ref()?.image))
    }

    /// The Kubernetes version without `v`, taken from the tag of the kubelet's image.
    pub fn kubernetes_version(&self) -> Option<&str> {
        let (_, version) = self.kubelet_image()?.rsplit_once(":v")?;
        non_empty(version.split('@').next()?)
    }

    /// The image that installs Talos.
    pub fn install_image(&self) -> Option<&str> {
        let document = self.find(|document| match document {
            Document::UnattendedInstallConfig(config) => non_empty(&config.installer.image),
            _ => None,
        });
        document.or_else(|| non_empty(&self.machine()?.install.as_ref()?.image))
    }

    /// The disk that Talos is installed to, where it is given by its path.
    pub fn install_disk(&self) -> Option<&str> {
        let document = self.find(|document| match document {
            Document::UnattendedInstallConfig(config) => {
                let condition =
                    config.provisioning.disk_selector.r#match.0.strip_prefix("disk.dev_path == \"")?;
                condition.strip_suffix('"')
            }
            _ => None,
        });
        document.or_else(|| non_empty(&self.machine()?.install.as_ref()?.disk))
    }

    /// The name of the network plugin, `none` if something else installs one. Default: `flannel`.
    pub fn cni_name(&self) -> &str {
        if self.documents().iter().any(|document| matches!(document, Document::KubeNetworkConfig(_))) {
            let flannel = |document| matches!(document, &Document::KubeFlannelCniConfig(_));
            return if self.documents().iter().any(flannel) { "flannel" } else { "none" };
        }
        let network = self.cluster().and_then(|cluster| cluster.network.as_ref());
        let cni = network.and_then(|network| network.cni.as_ref());
        cni.and_then(|cni| non_empty(&cni.name)).unwrap_or("flannel")
    }
}

fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn pem(pair: &CertificateAndKey) -> Option<(String, Option<SecretString>)> {
    let certificate = pair.crt.as_str().filter(|crt| !crt.is_empty())?;
    Some((certificate.to_owned(), pair.key.to_text().filter(|key| !key.is_empty())))
}
