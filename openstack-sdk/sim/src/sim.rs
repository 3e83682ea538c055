//! A running simulated OpenStack.

use std::io;

use crate::{Call, Faults, Image, Options, Port, Server};

/// A simulated OpenStack, serving until it is dropped.
pub struct OpenStackSim {
    faults: Faults,
}

impl OpenStackSim {
    /// Starts serving on a free port of 127.0.0.1.
    ///
    /// Needs a Tokio runtime with I/O and time.
    ///
    /// # Errors
    /// When no address can be listened on.
    pub async fn start(options: Options) -> io::Result<Self> {
        let _ = options;
        Ok(Self { faults: Faults::default() })
    }

    /// Address of Keystone, version 3.
    pub fn auth_url(&self) -> String {
        String::new()
    }

    /// A `clouds.yaml` with the cloud `sim`. It has the password in it: write it with mode 0600.
    pub fn clouds_yaml(&self) -> String {
        self.clouds_yaml_with(&[])
    }

    /// [`clouds_yaml`](Self::clouds_yaml) with more keys for the cloud.
    pub fn clouds_yaml_with(&self, extra: &[(&str, &str)]) -> String {
        let _ = extra;
        String::new()
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Throws all tokens away, as if they had expired.
    pub fn expire_tokens(&self) {}

    /// Calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        Vec::new()
    }

    /// Images, oldest first.
    pub fn images(&self) -> Vec<Image> {
        Vec::new()
    }

    /// Servers, oldest first.
    pub fn servers(&self) -> Vec<Server> {
        Vec::new()
    }

    /// Ports, oldest first.
    pub fn ports(&self) -> Vec<Port> {
        Vec::new()
    }

    /// The ready-made tenant network's address range.
    pub fn tenant_network(&self) -> crate::Cidr {
        crate::Cidr::EXTERNAL
    }
}
