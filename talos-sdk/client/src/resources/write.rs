//! Writing resources, on servers that let it be done. Talos itself does not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use talos_proto::cosi::resource as proto;
use tokio::time::Instant;
use tonic::Code;

use super::{Metadata, Phase, Resource, Resources, SpecData, SpecEncode, Untyped, decode};
use crate::reply::malformed;
use crate::{Error, ErrorKind, Result};

/// So often a change is tried again that others got in before.
const TRIES: usize = 16;

/// In which phase a resource must be to be updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExpectedPhase {
    /// It stays.
    Running,
    /// It goes.
    TearingDown,
    /// Either.
    Any,
}

/// Which servers take a teardown as one call. Older ones are asked once.
#[derive(Debug, Default)]
pub(super) struct OneCall {
    no_teardown: AtomicBool,
    no_teardown_and_destroy: AtomicBool,
}

/// Writes are for servers such as Omni. Talos lets nobody write resources through its API and answers
/// [`ErrorKind::PermissionDenied`] to every call here that changes something.
///
/// Such a server may refuse with [`ErrorKind::Conflict`], [`ErrorKind::WrongPhase`], [`ErrorKind::WrongOwner`],
/// [`ErrorKind::FinalizersPending`], [`ErrorKind::AlreadyExists`] and [`ErrorKind::NotFound`].
impl<S: SpecEncode> Resources<S> {
    /// Makes a resource, and gives it as it is then (`cosi.resource.State/Create`).
    ///
    /// ```no_run
    /// # use talos_client::resources::{Resource, types::runtime::DiagnosticSpec};
    /// # async fn example(node: talos_client::Node) -> Result<(), talos_client::Error> {
    /// let diagnostics = node.resources::<DiagnosticSpec>();
    /// let spec = DiagnosticSpec { message: "too warm".into(), ..Default::default() };
    /// let made = diagnostics.create(&Resource::new("temperature", spec)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create(&self, resource: &Resource<S>) -> Result<Resource<S>> {
        let message = proto::CreateRequest {
            resource: Some(self.to_proto(resource)?),
            options: Some(proto::CreateOptions { owner: self.owner.clone() }),
        };
        let reply = self.node.call(message, |raw, request| async move { raw.state().create(request).await });
        let reply = reply.await.map_err(|error| refused(error, None))?;
        let made = reply.message.resource.ok_or_else(|| malformed("the reply holds no resource"));
        made.and_then(decode).map_err(|error| reply.origin.place(error))
    }

    /// Writes a resource that was read before, and gives it as it is then (`cosi.resource.State/Update`).
    ///
    /// [`ErrorKind::Conflict`]: it has changed since it was read; [`modify`](Self::modify) reads it again by itself.
    /// [`ErrorKind::WrongPhase`]: it is in another phase.
    ///
    /// Fields that this library does not know yet are lost, unless the resources are [`Untyped`].
    pub async fn update(&self, resource: &Resource<S>, phase: ExpectedPhase) -> Result<Resource<S>> {
        let expected_phase = match phase {
            ExpectedPhase::Running => Some(Phase::Running.as_str().to_owned()),
            ExpectedPhase::TearingDown => Some(Phase::TearingDown.as_str().to_owned()),
            ExpectedPhase::Any => None,
        };
        let message = proto::UpdateRequest {
            new_resource: Some(self.to_proto(resource)?),
            options: Some(proto::UpdateOptions { owner: self.owner.clone(), expected_phase }),
        };
        let reply = self.node.call(message, |raw, request| async move { raw.state().update(request).await });
        let reply = reply.await.map_err(|error| refused(error, Some(ErrorKind::Conflict)))?;
        let written = reply.message.resource.ok_or_else(|| malformed("the reply holds no resource"));
        written.and_then(decode).map_err(|error| reply.origin.place(error))
    }

    /// Reads a resource, changes it and writes it, again if others got in before.
    pub async fn modify(
        &self,
        id: &str,
        phase: ExpectedPhase,
        mut change: impl FnMut(&mut Resource<S>),
    ) -> Result<Resource<S>> {
        let mut tries = 1;
        loop {
            let mut resource = self.get(id).await?;
            change(&mut resource);
            match self.update(&resource, phase).await {
                Err(error) if error.kind() == ErrorKind::Conflict && tries < TRIES => tries += 1,
                written => return written,
            }
        }
    }

    fn to_proto(&self, resource: &Resource<S>) -> Result<proto::Resource> {
        let Untyped { proto, yaml } = resource.spec.encode_spec()?;
        let metadata = Metadata {
            namespace: self.namespace.clone(),
            kind: self.kind.clone(),
            ..resource.metadata.clone()
        };
        Ok(proto::Resource {
            metadata: Some(metadata.into_proto()),
            spec: Some(proto::Spec { proto_spec: proto, yaml_spec: yaml }),
        })
    }
}

impl<S: SpecData> Resources<S> {
    /// Writes in the name of this owner; without it, of none. A resource can be changed only by its owner.
    #[must_use]
    pub fn with_owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = owner.into();
        self
    }

    /// The same resources as they are sent.
    #[must_use]
    pub fn untyped(&self) -> Resources<Untyped> {
        Resources {
            node: self.node.clone(),
            namespace: self.namespace.clone(),
            kind: self.kind.clone(),
            labels: self.labels.clone(),
            ids: self.ids.clone(),
            owner: self.owner.clone(),
            one_call: self.one_call.clone(),
            spec: std::marker::PhantomData,
        }
    }

    /// Removes a resource at once (`cosi.resource.State/Destroy`).
    ///
    /// [`ErrorKind::FinalizersPending`]: others need it still; see
    /// [`teardown_and_destroy`](Self::teardown_and_destroy).
    pub async fn destroy(&self, id: &str) -> Result<()> {
        let message = proto::DestroyRequest {
            namespace: self.namespace.clone(),
            r#type: self.kind.clone(),
            id: id.to_owned(),
            options: Some(proto::DestroyOptions { owner: self.owner.clone() }),
        };
        let reply = self.node.call(message, |raw, request| async move { raw.state().destroy(request).await });
        reply.await.map(drop).map_err(|error| refused(error, Some(ErrorKind::FinalizersPending)))
    }

    /// Marks a resource as about to go, and says whether it can be destroyed: no finalizer is left
    /// (`cosi.resource.State/Teardown`, or two calls where the server is older).
    ///
    /// It is no error if it is marked already.
    pub async fn teardown(&self, id: &str) -> Result<bool> {
        if !self.one_call.no_teardown.load(Ordering::Relaxed) {
            let message = proto::TeardownRequest {
                namespace: self.namespace.clone(),
                r#type: self.kind.clone(),
                id: id.to_owned(),
                options: Some(proto::TeardownOptions { owner: self.owner.clone() }),
            };
            let call =
                self.node.call(message, |raw, request| async move { raw.state().teardown(request).await });
            match call.await {
                Ok(reply) => return Ok(reply.message.destroy_ready),
                Err(error) if is_missing(&error) => self.one_call.no_teardown.store(true, Ordering::Relaxed),
                Err(error) => return Err(refused(error, Some(ErrorKind::Conflict))),
            }
        }
        let resources = self.untyped();
        let resource = resources.get(id).await?;
        let resource = match resource.metadata.phase {
            Phase::TearingDown => resource,
            Phase::Running => {
                resources
                    .modify(id, ExpectedPhase::Any, |resource| resource.metadata.phase = Phase::TearingDown)
                    .await?
            }
        };
        Ok(resource.metadata.finalizers.is_empty())
    }

    /// Marks a resource as about to go, waits for a limited time until no finalizer is left, and destroys it
    /// (`cosi.resource.State/TeardownAndDestroy`, or several calls where the server is older).
    ///
    /// [`ErrorKind::DeadlineExceeded`]: it was not in that time; it stays marked.
    pub async fn teardown_and_destroy(&self, id: &str, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        if !self.one_call.no_teardown_and_destroy.load(Ordering::Relaxed) {
            let message = proto::TeardownAndDestroyRequest {
                namespace: self.namespace.clone(),
                r#type: self.kind.clone(),
                id: id.to_owned(),
                options: Some(proto::TeardownAndDestroyOptions { owner: self.owner.clone() }),
            };
            let node = self.node.clone().with_timeout(within);
            let call = node
                .call(message, |raw, request| async move { raw.state().teardown_and_destroy(request).await });
            match call.await {
                Ok(_) => return Ok(()),
                Err(error) if is_missing(&error) => {
                    self.one_call.no_teardown_and_destroy.store(true, Ordering::Relaxed);
                }
                Err(error) => return Err(refused(error, Some(ErrorKind::Conflict))),
            }
        }
        if !self.teardown(id).await? {
            let free = |found: Option<&Resource<Untyped>>| {
                found.is_none_or(|found| found.metadata.finalizers.is_empty())
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if self.untyped().wait_for(id, free, left).await?.is_none() {
                return Ok(());
            }
        }
        self.destroy(id).await
    }

    /// Keeps a resource from being destroyed, in the names given (a read and an update, again if others got in
    /// before).
    pub async fn add_finalizers<F: Into<String>>(
        &self,
        id: &str,
        finalizers: impl IntoIterator<Item = F>,
    ) -> Result<()> {
        let added: Vec<String> = finalizers.into_iter().map(Into::into).collect();
        self.change_finalizers(id, |finalizers| {
            for name in &added {
                if !finalizers.contains(name) {
                    finalizers.push(name.clone());
                }
            }
        })
        .await
    }

    /// Lets a resource be destroyed again, as far as these names are concerned.
    pub async fn remove_finalizers<F: Into<String>>(
        &self,
        id: &str,
        finalizers: impl IntoIterator<Item = F>,
    ) -> Result<()> {
        let removed: Vec<String> = finalizers.into_iter().map(Into::into).collect();
        self.change_finalizers(id, |finalizers| finalizers.retain(|name| !removed.contains(name))).await
    }

    /// Finalizers are those of others, so it is done in the name of the owner whoever that is.
    async fn change_finalizers(&self, id: &str, change: impl Fn(&mut Vec<String>)) -> Result<()> {
        let resources = self.untyped();
        let owner = resources.get(id).await?.metadata.owner;
        let resources = resources.with_owner(owner);
        resources
            .modify(id, ExpectedPhase::Any, |resource| change(&mut resource.metadata.finalizers))
            .await
            .map(drop)
    }
}

/// Whether the server has no such method.
fn is_missing(error: &Error) -> bool {
    error.code() == Some(Code::Unimplemented)
}

/// Why a write was refused. What a failed precondition means depends on the method.
fn refused(error: Error, precondition: Option<ErrorKind>) -> Error {
    let Some(status) = error.status() else { return error };
    let text = status.message().to_owned();
    let (kind, message) = match (status.code(), precondition) {
        (Code::PermissionDenied, _) if text.contains("write access is not allowed") => (
            ErrorKind::PermissionDenied,
            "Talos lets nobody write resources through its API: change the machine configuration instead"
                .to_owned(),
        ),
        (Code::PermissionDenied, _) if text.contains("owned by") => (
            ErrorKind::WrongOwner,
            format!("only its owner can change a resource ({text}): write as the owner"),
        ),
        (Code::FailedPrecondition, Some(ErrorKind::FinalizersPending)) => (
            ErrorKind::FinalizersPending,
            format!(
                "others still need the resource ({text}): tear it down and wait for its finalizers to go"
            ),
        ),
        (Code::FailedPrecondition, Some(kind)) => {
            (kind, format!("the resource has changed since it was read ({text}): read it again"))
        }
        (Code::InvalidArgument, Some(ErrorKind::Conflict)) if text.contains("phase") => {
            (ErrorKind::WrongPhase, format!("the resource is in another phase ({text})"))
        }
        _ => return error,
    };
    let place = |part: Option<&str>| part.map(str::to_owned);
    let (method, node, endpoint) = (place(error.method()), place(error.node()), place(error.endpoint()));
    Error::new(kind, message).with_source(status.clone()).at(
        method.as_deref(),
        node.as_deref(),
        endpoint.as_deref(),
    )
}
