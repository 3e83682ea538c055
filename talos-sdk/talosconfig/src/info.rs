//! What a context is good for.

use std::collections::BTreeSet;
use std::time::SystemTime;

use crate::{Result, TalosConfig};

/// What a context says of its cluster and of its holder, without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Name of the context.
    pub context: String,
    /// The nodes a command is for when it names none.
    pub nodes: Vec<String>,
    /// Where the API is reached.
    pub endpoints: Vec<String>,
    /// Roles of the client certificate, sorted; such that this version does not know included.
    pub roles: Vec<String>,
    /// When the client certificate ends; `None` for a context without one.
    pub expires: Option<SystemTime>,
}

impl TalosConfig {
    /// What the context called `name`, or the current one, is good for.
    ///
    /// Errors: those of [`TalosConfig::current`], and [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a client
    /// certificate that is none.
    pub fn info(&self, name: Option<&str>) -> Result<Info> {
        let context = self.current(name)?;
        let certificate = context.certificate()?;
        let roles: BTreeSet<String> =
            certificate.iter().flat_map(|certificate| certificate.organizations()).cloned().collect();
        Ok(Info {
            context: name.unwrap_or(&self.context).to_owned(),
            nodes: context.nodes.clone(),
            endpoints: context.endpoints.clone(),
            roles: roles.into_iter().collect(),
            expires: certificate.map(|certificate| certificate.not_after()),
        })
    }
}
