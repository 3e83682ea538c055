//! The resource API.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use talos_pki::Role;
use talos_proto::cosi::resource as cosi;
use tonic::Status;

use super::Context;
use crate::grpc::Answer;
use crate::resources::{Collection, Query, ResourceType, View, Watch, WatchBy, namespaces};

/// The collection, if it exists and the caller may read it, and what this machine sees of it.
fn collection(cx: &Context<'_>, namespace: &str, kind: &str) -> Result<(Arc<Collection>, View), Status> {
    let minor = cx.run.minor();
    if !namespaces(minor).contains(namespace) {
        return Err(Status::permission_denied(format!("namespace {namespace:?} is not supported")));
    }
    let unknown = || Status::permission_denied(format!("resource type {kind:?} is not supported"));
    let found = ResourceType::find(kind, minor).ok_or_else(unknown)?;
    if found.sensitive && !cx.roles.contains(Role::Admin) {
        return Err(Status::permission_denied("not authorized"));
    }
    let collection = cx.run.store.collection(namespace, found).ok_or_else(unknown)?;
    Ok((collection, View::new(namespace, kind, cx.run.node.disk().node_id.clone())))
}

pub(super) fn get(cx: &Context<'_>, request: &cosi::GetRequest) -> Result<Answer, Status> {
    let (collection, view) = collection(cx, &request.namespace, &request.r#type)?;
    let found = collection.get(&request.id).filter(|found| view.shows(found.id())).ok_or_else(|| {
        let cosi::GetRequest { namespace, r#type, id, .. } = request;
        Status::not_found(format!("resource {type}({namespace}/{id}) does not exist"))
    })?;
    Ok(Answer::one(&cosi::GetResponse { resource: Some(view.of(found.to_proto())) }))
}

pub(super) fn list(cx: &Context<'_>, request: &cosi::ListRequest) -> Result<Answer, Status> {
    let (collection, view) = collection(cx, &request.namespace, &request.r#type)?;
    let options = request.options.clone().unwrap_or_default();
    let query = Query::new(&options.label_query, options.id_query.as_ref())?;
    let seen = view.clone();
    let found =
        collection.list().into_iter().filter(move |found| seen.shows(found.id()) && query.matches(found));
    let found = found.map(move |found| Ok(cosi::ListResponse { resource: Some(view.of(found.to_proto())) }));
    Ok(Answer::many(stream::iter(found)))
}

pub(super) fn watch(cx: &Context<'_>, request: cosi::WatchRequest) -> Result<Answer, Status> {
    let (collection, view) = collection(cx, &request.namespace, &request.r#type)?;
    let options = request.options.unwrap_or_default();
    let by = match request.id {
        Some(id) => WatchBy::Id(id),
        None => WatchBy::Kind(Query::new(&options.label_query, options.id_query.as_ref())?),
    };
    let watch = Watch::new(collection, by, &options, view, cx.run.cookie, cx.run.minor())?;
    // Clients of the first version of the protocol do not know these two.
    let early = request.api_version < 1;
    let known = move |event: &cosi::Event| {
        !early || !matches!(event.event_type(), cosi::EventType::Bootstrapped | cosi::EventType::Errored)
    };
    let hello = stream::iter([Ok(cosi::WatchResponse::default())]);
    let rest = stream::unfold(watch, move |mut watch| async move {
        let mut responses = watch.next().await?;
        for response in &mut responses {
            response.event.retain(known);
        }
        Some((stream::iter(responses.into_iter().map(Ok)), watch))
    });
    Ok(Answer::many(hello.chain(rest.flatten())))
}
