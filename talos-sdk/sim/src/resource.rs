//! Resources that a test makes.

use bytes::Bytes;
use prost::Message;

use crate::error::{Error, ErrorKind};
use crate::resources::{Collection, ResourceType, Spec};
use crate::sim_node::SimNode;

/// A COSI resource for [`SimNode::put_resource`].
///
/// What it says has two forms on the wire, protobuf and YAML; give both, as Talos does, or the one that the program
/// under test reads.
///
/// ```
/// use talos_sim::SimResource;
///
/// let diagnostic = SimResource::new("Diagnostics.runtime.talos.dev", "kubelet-csr")
///     .with_yaml("message: the kubelet has no serving certificate\ndetails: []\n");
/// # let _ = diagnostic;
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct SimResource {
    /// Its full type, such as `Diagnostics.runtime.talos.dev`.
    pub kind: String,
    /// Its namespace; that of the type if there is none.
    pub namespace: Option<String>,
    /// Its id.
    pub id: String,
    spec: Spec,
}

impl SimResource {
    /// A resource that says nothing yet.
    #[must_use]
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), namespace: None, id: id.into(), spec: Spec::default() }
    }

    /// Sets the namespace.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Sets the protobuf form: the message of its type in the shape of the newest Talos. Machines of older versions
    /// send it as those encode it.
    #[must_use]
    pub fn with_proto(mut self, message: &impl Message) -> Self {
        self.spec.proto = Bytes::from(message.encode_to_vec());
        self
    }

    /// Sets the YAML form.
    #[must_use]
    pub fn with_yaml(mut self, yaml: impl Into<String>) -> Self {
        self.spec.yaml = yaml.into();
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn with_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.labels.insert(key.into(), value.into());
        self
    }

    /// Adds an annotation.
    #[must_use]
    pub fn with_annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.annotations.insert(key.into(), value.into());
        self
    }
}

impl std::fmt::Debug for SimResource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimResource").field("kind", &self.kind).field("id", &self.id).finish_non_exhaustive()
    }
}

impl SimNode {
    /// Creates a resource on this machine, or gives it a new version. Who watches it is told. It is gone with the next
    /// boot, and the machine itself may change what it has made.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] if the machine is off, or its version has no such type or namespace.
    pub fn put_resource(&self, resource: SimResource) -> Result<(), Error> {
        let SimResource { kind, namespace, id, spec } = resource;
        let run = self.0.run().ok_or_else(|| Error::new(ErrorKind::Options, "the machine is off"))?;
        let unknown = || {
            let what = format!("Talos {} has no type {kind} in namespace {namespace:?}", run.version);
            Error::new(ErrorKind::Options, what)
        };
        let known = ResourceType::find(&kind, run.minor()).ok_or_else(unknown)?;
        let namespace = namespace.as_deref().unwrap_or(known.namespace);
        let spec = run.store.encode(known.name, spec);
        let collection = run.store.collection(namespace, known).ok_or_else(unknown)?;
        Collection::put(&collection, &id, spec, run.now());
        Ok(())
    }

    /// Destroys a resource in the namespace of its type. Nothing happens if there is none.
    pub fn remove_resource(&self, kind: &str, id: &str) {
        if let Some(run) = self.0.run() {
            run.store.remove(kind, id);
        }
    }
}
