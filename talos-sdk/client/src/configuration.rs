//! The configuration of a machine, read and changed.

use std::fmt;

use bytes::Bytes;
use prost::Message;
use talos_pki::SecretString;
use talos_proto::resource::config::MachineConfigSpec;

use crate::reply::malformed;
use crate::resources::{Resource, Untyped};
use crate::{Applied, ApplyOptions, Error, ErrorKind, Node, Result};

const NAMESPACE: &str = "config";
const KIND: &str = "MachineConfigs.config.talos.dev";
/// The one that is in use.
const ACTIVE: &str = "v1alpha1";
/// The one that the next boot begins with (from 1.11 on).
const SAVED: &str = "persistent";

/// A configuration as a machine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Configuration {
    /// YAML of one or several documents, byte for byte, with all its secrets.
    pub text: SecretString,
    /// Grows with each change, until the machine reboots.
    pub version: Option<u64>,
}

/// What a machine uses and what it will boot with.
pub(crate) struct Configurations {
    active: Configuration,
    saved: Option<Configuration>,
}

impl Configurations {
    /// Whether one is tried out, or staged, that the other does not know.
    pub(crate) fn differ(&self) -> bool {
        self.saved.as_ref().is_some_and(|saved| saved.text.expose() != self.active.text.expose())
    }

    fn versions(&self) -> (Option<u64>, Option<u64>) {
        (self.active.version, self.saved.as_ref().and_then(|saved| saved.version))
    }
}

impl Node {
    /// The configuration that the machine uses (`cosi.resource.State/Get` of a `MachineConfig`, os:admin).
    ///
    /// [`ErrorKind::NotFound`]: it has none yet.
    pub async fn configuration(&self) -> Result<Configuration> {
        self.configuration_of(ACTIVE).await
    }

    /// The configuration that the machine boots with next time (`cosi.resource.State/Get` of a `MachineConfig`,
    /// os:admin, Talos 1.11 and later). It is another one than that [in use](Self::configuration) while one is tried
    /// out, or is staged.
    ///
    /// [`ErrorKind::NotFound`]: it has none, or does not tell in its version.
    pub async fn saved_configuration(&self) -> Result<Configuration> {
        self.configuration_of(SAVED).await
    }

    /// Changes the configuration of the machine: gets it, gives its text to `patch`, and applies what that makes of it.
    /// `None` if that is the same text; then nothing is applied.
    ///
    /// [`ErrorKind::FailedPrecondition`], with nothing applied: another configuration is being tried out or is staged,
    /// which this would undo; or the configuration changed while `patch` worked. In the second case, patch again. The
    /// machine has no means to exclude a change between the last look and the apply, a moment later.
    /// [`ErrorKind::InvalidArgument`]: `patch` failed, or the machine does not accept what it made. Else as
    /// [`apply_configuration`](Self::apply_configuration).
    ///
    /// ```
    /// use talos_client::ApplyOptions;
    /// use talos_machineconfig::{Patch, patch_text};
    /// # use talos_client::{Client, ClientOptions, talosconfig::TalosConfig};
    /// # use talos_sim::{ClusterOptions, Simulation, SimulationOptions};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let simulation = Simulation::start(SimulationOptions::default())?;
    /// # let cluster = simulation.cluster(ClusterOptions::default().with_control_planes(1)).await?;
    /// # let talosconfig = TalosConfig::from_yaml(cluster.talosconfig(talos_client::talos_pki::Role::Admin)?.expose())?;
    /// # let client = Client::connect(&talosconfig, ClientOptions::default())?;
    /// # let node = client.node(cluster.control_planes()[0].address().to_string());
    /// let patch = Patch::parse("machine:\n  sysctls:\n    vm.swappiness: \"1\"\n")?;
    /// let applied = node
    ///     .patch_configuration(
    ///         |text| patch_text(text, &[patch]).map(|patched| patched.text.expose().to_owned()),
    ///         ApplyOptions::default(),
    ///     )
    ///     .await?;
    /// assert!(applied.is_some());
    /// assert!(node.configuration().await?.text.expose().contains("vm.swappiness"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn patch_configuration<E>(
        &self,
        patch: impl FnOnce(&str) -> Result<String, E>,
        options: ApplyOptions,
    ) -> Result<Option<Applied>>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.must_be_one_machine("a patch")?;
        let before = self.configurations().await?;
        if before.differ() {
            return Err(self.refusal(
                "another configuration is tried out or staged on the machine, and a patch of the one in use would \
                 undo that: wait until the trial is over, reboot, or apply a whole configuration",
            ));
        }
        let patched = patch(before.active.text.expose()).map_err(|error| {
            let error: Box<dyn std::error::Error + Send + Sync> = error.into();
            let text = format!("the configuration could not be patched: {error}");
            Error::new(ErrorKind::InvalidArgument, text).with_shared_source(error.into()).at(
                None,
                self.name(),
                None,
            )
        })?;
        if patched == before.active.text.expose() {
            return Ok(None);
        }
        let patched = SecretString::new(patched);
        if self.configurations().await?.versions() != before.versions() {
            return Err(self.refusal(
                "somebody else has changed the configuration of the machine meanwhile: patch it again",
            ));
        }
        self.apply_configuration(patched.expose(), options).await.map(Some)
    }

    fn refusal(&self, text: &str) -> Error {
        Error::new(ErrorKind::FailedPrecondition, text).at(None, self.name(), None)
    }

    pub(crate) async fn configurations(&self) -> Result<Configurations> {
        let active = self.configuration().await?;
        let saved = match self.saved_configuration().await {
            Ok(saved) => Some(saved),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        Ok(Configurations { active, saved })
    }

    async fn configuration_of(&self, id: &str) -> Result<Configuration> {
        let resource = self.resources_untyped(NAMESPACE, KIND).get(id).await?;
        read(resource).map_err(|error| error.at(Some("Get"), self.name(), None))
    }
}

fn read(resource: Resource<Untyped>) -> Result<Configuration> {
    let Resource { metadata, spec, .. } = resource;
    let text = if spec.proto.is_empty() {
        // With any annotation, the documents are in a string; without, they are the specification itself.
        match metadata.annotations.is_empty() {
            true => spec.yaml,
            false => {
                talos_yaml::from_str(&spec.yaml).map_err(|_| malformed("the configuration is no text"))?
            }
        }
    } else {
        of_message(spec.proto)?
    };
    Ok(Configuration { text: SecretString::new(text), version: metadata.version })
}

fn of_message(message: Bytes) -> Result<String> {
    let spec = MachineConfigSpec::decode(message)
        .map_err(|error| malformed("the configuration can't be read").with_source(error))?;
    // The error of the conversion holds the bytes, and they are secret.
    String::from_utf8(spec.yaml_marshalled.into()).map_err(|_| malformed("the configuration is no text"))
}

impl fmt::Debug for Configurations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configurations").field("differ", &self.differ()).finish_non_exhaustive()
    }
}
