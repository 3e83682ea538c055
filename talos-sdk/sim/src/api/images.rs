//! Images: the service of Talos 1.13 and later, and the two methods before it.

use futures_util::stream;
use talos_proto::{common, machine};
use tonic::Status;

use super::{Context, Requests};
use crate::grpc::Answer;
use crate::images::{Image, Reference, Store, sha256};

/// An import that is larger is refused.
const IMPORT_LIMIT: usize = 1 << 30;

pub(super) fn list(cx: &Context<'_>, request: &machine::ImageServiceListRequest) -> Result<Answer, Status> {
    let store = Store::of_instance(request.containerd.as_ref())?;
    let item = |(name, image): (&String, &Image)| machine::ImageServiceListResponse {
        name: name.clone(),
        digest: image.digest.clone(),
        size: image.size,
        created_at: Some(image.created.into()),
        labels: [("io.cri-containerd.image".to_owned(), "managed".to_owned())].into(),
    };
    let items: Vec<_> = cx.run.images(store, |names| names.iter().map(item).map(Ok).collect());
    Ok(Answer::many(stream::iter(items)))
}

pub(super) fn list_early(cx: &Context<'_>, request: &machine::ImageListRequest) -> Result<Answer, Status> {
    let store = Store::of_namespace(request.namespace)?;
    let item = |(name, image): (&String, &Image)| machine::ImageListResponse {
        metadata: None,
        name: name.clone(),
        digest: image.digest.clone(),
        size: image.size,
        created_at: Some(image.created.into()),
    };
    let items: Vec<_> = cx.run.images(store, |names| names.iter().map(item).map(Ok).collect());
    Ok(Answer::many(stream::iter(items)))
}

pub(super) fn pull(cx: &Context<'_>, request: &machine::ImageServicePullRequest) -> Result<Answer, Status> {
    use machine::image_service_pull_layer_progress::Status as Layer;
    use machine::image_service_pull_response::Response;
    let store = Store::of_instance(request.containerd.as_ref())?;
    let reference = Reference::parse(&request.image_ref)?;
    let size = Image::pulled(&reference, cx.run.now()).size;
    let known = cx.run.pull(store, &reference);
    let steps: &[Layer] = match known {
        true => &[Layer::AlreadyExists],
        false => &[Layer::Downloading, Layer::DownloadComplete, Layer::Extracting, Layer::ExtractComplete],
    };
    let layers = (0..2).map(|number| sha256(format!("{} {number}", reference.digest()).as_bytes()));
    let mut responses = Vec::new();
    for layer_id in layers {
        for step in steps {
            let offset = if *step == Layer::Downloading { size / 4 } else { size / 2 };
            let progress = machine::ImageServicePullLayerProgress {
                status: (*step).into(),
                elapsed: Some(prost_types::Duration { seconds: 0, nanos: 1_000_000 }),
                offset,
                total: size / 2,
            };
            responses.push(Response::PullProgress(machine::ImageServicePullProgress {
                layer_id: layer_id.clone(),
                progress: Some(progress),
            }));
        }
    }
    responses.push(Response::Name(reference.pinned()));
    let responses = responses.into_iter();
    Ok(Answer::many(stream::iter(
        responses.map(|response| Ok(machine::ImageServicePullResponse { response: Some(response) })),
    )))
}

pub(super) fn pull_early(cx: &Context<'_>, request: &machine::ImagePullRequest) -> Result<Answer, Status> {
    let store = Store::of_namespace(request.namespace)?;
    let reference = Reference::parse(&request.reference)?;
    cx.run.pull(store, &reference);
    Ok(Answer::one(&machine::ImagePullResponse { messages: vec![machine::ImagePull { metadata: None }] }))
}

/// Takes an archive as `docker save` or an OCI layout makes it, and names the image as its manifest does.
pub(super) async fn import(cx: &Context<'_>, requests: &mut Requests) -> Result<Answer, Status> {
    use machine::image_service_import_request::Request;
    let first = requests.request::<machine::ImageServiceImportRequest>().await?;
    let Some(Request::Containerd(instance)) = first.and_then(|first| first.request) else {
        return Err(Status::invalid_argument("the first message must name the containerd"));
    };
    let store = Store::of_instance(Some(&instance))?;
    let mut archive = Vec::new();
    while let Some(next) = requests.request::<machine::ImageServiceImportRequest>().await? {
        let Some(Request::ImageChunk(common::Data { bytes, .. })) = next.request else {
            return Err(Status::internal("a later message must be a piece of the archive"));
        };
        if archive.len() + bytes.len() > IMPORT_LIMIT {
            return Err(Status::resource_exhausted("the archive is larger than the simulator takes"));
        }
        archive.extend_from_slice(&bytes);
    }
    let name = archive_name(&archive).ok_or_else(|| Status::internal("the archive has no image in it"))?;
    let image = Image {
        digest: sha256(&archive),
        size: i64::try_from(archive.len()).unwrap_or(i64::MAX),
        created: cx.run.now(),
    };
    cx.run.images(store, |names| names.insert(name.clone(), image));
    Ok(Answer::one(&machine::ImageServiceImportResponse { name }))
}

/// The name of the first image in an archive.
fn archive_name(archive: &[u8]) -> Option<String> {
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().ok()? {
        let mut entry = entry.ok()?;
        let path = entry.path().ok()?.to_string_lossy().into_owned();
        if !matches!(path.as_str(), "index.json" | "manifest.json") {
            continue;
        }
        let index: serde_json::Value = serde_json::from_reader(&mut entry).ok()?;
        let annotations = &index["manifests"][0]["annotations"];
        let names = [
            &annotations["io.containerd.image.name"],
            &annotations["org.opencontainers.image.ref.name"],
            &index[0]["RepoTags"][0],
        ];
        if let Some(name) = names.into_iter().find_map(|name| name.as_str()) {
            return Reference::parse(name).ok().map(|reference| reference.name());
        }
    }
    None
}

pub(super) fn remove(
    cx: &Context<'_>,
    request: &machine::ImageServiceRemoveRequest,
) -> Result<Answer, Status> {
    let store = Store::of_instance(request.containerd.as_ref())?;
    let removed = cx.run.images(store, |names| names.remove(&request.image_ref));
    removed.ok_or_else(|| Status::not_found(format!("there is no image {:?}", request.image_ref)))?;
    Ok(Answer::one(&()))
}

/// Looks for a rule in the configuration. A signature that one asks for is always there and good.
pub(super) fn verify(
    cx: &Context<'_>,
    request: &machine::ImageServiceVerifyRequest,
) -> Result<Answer, Status> {
    let wrong = |status: Status| Status::invalid_argument(status.message());
    let reference = Reference::parse(&request.image_ref).map_err(wrong)?;
    let name = match reference.repository.strip_prefix("docker.io/") {
        Some(path) => format!("index.docker.io/{path}"),
        None => reference.repository.clone(),
    };
    let config = cx.run.config();
    let rules = config.iter().flat_map(|config| &config.image_rules);
    let rule = rules.into_iter().find(|rule| matches(&rule.image, &name));
    let (verified, message) = match rule {
        None => (false, "no rule is for this image".to_owned()),
        Some(rule) if rule.deny == Some(true) => {
            return Err(Status::permission_denied(format!("the rule for {} refuses this image", rule.image)));
        }
        Some(rule) if rule.skip == Some(true) => {
            (false, format!("the rule for {} asks for nothing", rule.image))
        }
        Some(rule) => (true, format!("the signature that the rule for {} asks for is good", rule.image)),
    };
    Ok(Answer::one(&machine::ImageServiceVerifyResponse {
        verified,
        message,
        digested_image_ref: if verified { reference.pinned() } else { String::new() },
    }))
}

/// Whether a pattern, in which `*` stands for anything, is for this name.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return !pattern.is_empty() && pattern == name };
    let Some(mut rest) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, name, matched) in [
            ("ghcr.io/siderolabs/*", "ghcr.io/siderolabs/installer", true),
            ("*/installer", "ghcr.io/siderolabs/installer", true),
            ("ghcr.io/*/x*", "ghcr.io/a/b/xy", true),
            ("*", "anything", true),
            ("ghcr.io/*", "docker.io/x", false),
            ("a*ba", "aba", true),
            ("ab*ba", "aba", false),
            ("", "", false),
        ] {
            assert_eq!(matches(pattern, name), matched, "{pattern} {name}");
        }
    }
}
