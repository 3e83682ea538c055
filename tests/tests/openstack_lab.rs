//! The OpenStack contract: one walk through every call of `openstack-sdk`, on the simulated cloud and, when
//! `OSLAB_DIR` names the folder of a running lab, on real Keystone, Glance, Nova and Neutron.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use openstack_sdk::compute::{GroupPolicy, NewServer, RebootKind, ServerQuery, ServerStatus};
use openstack_sdk::image::{
    FileSource, ImageQuery, ImageStatus, ImageUpdate, NewImage, SourceError, SourceFuture, UploadBody,
    UploadOptions, UploadSource, Visibility,
};
use openstack_sdk::network::{
    Filter, NewFloatingIp, NewNetwork, NewPort, NewRule, NewSubnet, PortUpdate, Tagged,
};
use openstack_sdk::{
    Auth, Cloud, CloudConfig, Credential, Error, ErrorKind, Request, Scope, ServiceType, User, danger,
};
use openstack_sim::{OpenStackSim, Options};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Ten servers at once can take a real Nova a minute on a small machine.
const LONG: Duration = Duration::from_secs(180);
const NOTHING: &str = "00000000-0000-0000-0000-000000000000";

/// A cloud and what it was born with.
struct Place {
    cloud: Cloud,
    flavor: &'static str,
    /// A network with a router to the outside.
    inside: &'static str,
    /// Marks everything that this run makes.
    mark: String,
}

impl Place {
    fn new(cloud: Cloud, flavor: &'static str, inside: &'static str) -> Place {
        Place { cloud, flavor, inside, mark: format!("walk.{:08x}", fastrand::u32(..)) }
    }

    fn tag(&self) -> String {
        format!("cluster={}", self.mark)
    }
}

#[tokio::test]
async fn the_simulated_cloud_keeps_the_contract() {
    let sim = OpenStackSim::start(Options::default()).await.unwrap();
    let config = CloudConfig::from_yaml(&sim.clouds_yaml(), "sim").unwrap();
    let cloud = Cloud::connect(config.clone()).await.unwrap();
    let place = Place::new(cloud, "m1.small", "internal");
    walk(&place, &config).await;
}

#[tokio::test]
async fn a_real_cloud_keeps_the_contract() {
    let Some(folder) = std::env::var_os("OSLAB_DIR").map(PathBuf::from) else {
        eprintln!("skipped: OSLAB_DIR names no running lab; tests/openstack-lab.sh starts one");
        return;
    };
    let connect = async |name: &str| {
        let config = CloudConfig::from_file(&folder.join("clouds.yaml"), name).unwrap();
        (Cloud::connect(config.clone()).await.unwrap(), config)
    };
    let (_, _) = connect("lab-appcred").await;
    let (admin, _) = connect("lab-admin").await;
    let (cloud, config) = connect("lab").await;
    if config.auth_url().starts_with("https:") {
        let stranger = CloudConfig::new(config.auth_url(), config.auth().clone()).unwrap();
        let error = Cloud::connect(stranger.clone()).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Tls, "its authority is the lab's own: {error}");
        Cloud::connect(danger::skip_certificate_check(stranger)).await.unwrap();
    }
    let place = Place::new(cloud, "m1.tiny", "inside");
    walk(&place, &config).await;
    imports(&place).await;
    power(&place).await;
    faults_and_quotas(&place, &admin).await;
}

async fn walk(place: &Place, config: &CloudConfig) {
    let step = |name: &str| eprintln!("walk: {name}");
    step("identity");
    identity(place, config).await;
    step("image");
    let image = image(place).await;
    step("network");
    let (network, port) = network(place).await;
    step("server");
    server(place, &image, &port).await;
    step("floating address");
    floating_ip(place).await;
    step("clean up");
    clean_up(place, &image, &network).await;
}

async fn identity(place: &Place, config: &CloudConfig) {
    let identity = place.cloud.identity();
    let info = identity.token_info().await.unwrap();
    let project = identity.project_id().await.unwrap();
    assert!(!info.roles.is_empty() && info.expires_at.is_some());

    let same_project = async |auth: Auth| {
        let cloud = Cloud::connect(config.clone().with_auth(auth)).await.unwrap();
        assert_eq!(cloud.identity().project_id().await.unwrap(), project);
        cloud.compute().flavors().await.unwrap();
    };
    same_project(Auth::token(identity.token().await.unwrap())).await;

    // By the raw way, since this crate has no call for it.
    let path = format!("users/{}/application_credentials", info.user.id);
    let body = json!({"application_credential": {"name": place.mark}});
    let request = Request::post(ServiceType::IDENTITY, &path).with_json(&body).unwrap();
    let made: Value = place.cloud.send(&request).await.unwrap().json().unwrap();
    let made = &made["application_credential"];
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    same_project(Auth::application_credential(id, secret)).await;
    let by_name = |secret: &str| Auth::ApplicationCredential {
        credential: Credential::Name { name: place.mark.clone(), user: User::Id(info.user.id.clone()) },
        secret: secret.into(),
    };
    same_project(by_name(secret)).await;
    for auth in [
        by_name("no-such-secret"),
        Auth::application_credential("no-such-id", "no-such-secret"),
        Auth::token("no-such-token"),
        Auth::password("no-such-user", "no-such-secret", "no-such-project"),
        Auth::Password {
            user: User::Id(info.user.id.clone()),
            password: "no-such-secret".into(),
            scope: Scope::Unscoped,
        },
    ] {
        let error = Cloud::connect(config.clone().with_auth(auth)).await.unwrap_err();
        assert!(error.is_unauthorized() && !format!("{error:?}").contains("no-such"), "{error:?}");
    }
    let delete = Request::delete(ServiceType::IDENTITY, format!("{path}/{id}"));
    place.cloud.send(&delete).await.unwrap();
    assert!(place.cloud.send(&delete).await.unwrap_err().is_not_found());

    let made = identity.create_ec2_credential().await.unwrap();
    assert_eq!(made.project_id, project);
    let all = identity.ec2_credentials().await.unwrap();
    let found = all.iter().find(|one| one.access == made.access).unwrap();
    assert_eq!(found.secret.expose(), made.secret.expose());
    identity.delete_ec2_credential(&made.access).await.unwrap();
    assert!(identity.delete_ec2_credential(&made.access).await.unwrap_err().is_not_found());

    // A token that was good and no longer is, as services see it in the middle of a run.
    let revoke = Request::delete(ServiceType::IDENTITY, "auth/tokens").with_header(
        "x-subject-token".parse().unwrap(),
        identity.token().await.unwrap().expose().parse().unwrap(),
    );
    place.cloud.send(&revoke).await.unwrap();
    place.cloud.identity().ec2_credentials().await.unwrap();
    place.cloud.image().images(&ImageQuery::new()).await.unwrap();
}

/// Some bytes and then an error.
struct Broken(Bytes);

impl UploadSource for Broken {
    fn open(&self) -> SourceFuture<'_> {
        let pieces = [Ok(self.0.clone()), Err(SourceError::from("the source broke"))];
        Box::pin(async move { Ok(UploadBody::new(stream::iter(pieces))) })
    }
}

/// Bytes of a number that is not told beforehand.
struct Unsized(Bytes);

impl UploadSource for Unsized {
    fn open(&self) -> SourceFuture<'_> {
        let pieces: Vec<_> = self.0.chunks(100_000).map(|piece| Ok(self.0.slice_ref(piece))).collect();
        Box::pin(async move { Ok(UploadBody::new(stream::iter(pieces))) })
    }
}

async fn image(place: &Place) -> String {
    let images = place.cloud.image();
    let new = NewImage::new(&place.mark)
        .with_visibility(Visibility::Community)
        .with_min_disk(1)
        .with_tag(place.tag())
        .with_property("talos_version", "v1.9.4");
    let made = images.create_image(&new).await.unwrap();
    assert_eq!((made.status, made.size), (ImageStatus::Queued, None));
    let id = made.id;
    let bytes: Bytes = (0..3_000_000u32).map(|at| (at % 253) as u8).collect();

    let broken = Broken(bytes.slice(..500_000));
    let error = images.upload(&id, &broken, UploadOptions::default(), LONG).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Source, "{error}");
    wait_until("queued again", async || images.image(&id).await.unwrap().status == ImageStatus::Queued).await;

    let uploaded = images.upload(&id, &bytes, UploadOptions::default(), LONG).await.unwrap();
    assert_eq!((uploaded.bytes, uploaded.image.size), (3_000_000, Some(3_000_000)));
    assert_eq!(uploaded.image.hash_algorithm.as_deref(), Some("sha512"));
    assert!(uploaded.sha512.is_some() && uploaded.sha512 == uploaded.image.hash);
    let again = images.upload(&id, &bytes, UploadOptions::default(), LONG).await.unwrap_err();
    assert!(again.is_conflict(), "{again}");

    let error = images.create_image(&NewImage::new(&place.mark).with_disk_format("xz")).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::BadRequest, "{error}");
    let taken = images.create_image(&NewImage::new(&place.mark).with_id(&id)).await.unwrap_err();
    assert!(taken.is_conflict(), "{taken}");

    // One from a file and one of unknown size.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.raw");
    std::fs::write(&path, &bytes).unwrap();
    let sources: [&dyn UploadSource; 2] = [&FileSource::new(&path), &Unsized(bytes.clone())];
    for source in sources {
        let other = images.create_image(&NewImage::new(&place.mark).with_tag(place.tag())).await.unwrap();
        let uploaded = images.upload(&other.id, source, UploadOptions::default(), LONG).await.unwrap();
        assert_eq!(uploaded.image.size, Some(3_000_000));
    }

    let named = ImageQuery::new().with_name(&place.mark).with_tag(place.tag());
    assert_eq!(images.images(&named).await.unwrap().len(), 3);
    let paged = place.cloud.list::<Value>(&named.request().with_query("limit", "1"), "images").await.unwrap();
    assert_eq!(paged.len(), 3, "over three pages");
    let ours = named
        .with_visibility(Visibility::Community)
        .with_property("talos_version", "v1.9.4")
        .with_status(ImageStatus::Active)
        .with_owner(place.cloud.identity().project_id().await.unwrap());
    let found = images.images(&ours).await.unwrap();
    assert_eq!(found.iter().map(|image| &image.id).collect::<Vec<_>>(), [&id]);
    assert_eq!(found[0].property("talos_version"), Some("v1.9.4"));
    let error = images.find_image(&place.mark).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Ambiguous, "{error}");

    let update = ImageUpdate::new()
        .with_property("schematic/id", "376567")
        .with_name(format!("{}-renamed", place.mark))
        .with_visibility(&Visibility::Private);
    let changed = images.update_image(&id, &update).await.unwrap();
    assert_eq!(
        (changed.property("schematic/id"), &changed.visibility),
        (Some("376567"), &Visibility::Private)
    );
    let update = ImageUpdate::new().without_property("schematic/id");
    assert_eq!(images.update_image(&id, &update).await.unwrap().property("schematic/id"), None);
    let error = images.update_image(&id, &update).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    images.add_tag(&id, "more").await.unwrap();
    assert!(images.image(&id).await.unwrap().tags.contains(&"more".to_owned()));
    assert_eq!(images.find_image(&format!("{}-renamed", place.mark)).await.unwrap().id, id);
    images.import_methods().await.unwrap();
    assert!(images.image(NOTHING).await.unwrap_err().is_not_found());
    assert!(images.delete_image(NOTHING).await.unwrap_err().is_not_found());
    id
}

async fn network(place: &Place) -> (String, String) {
    let client = place.cloud.network();
    let network =
        client.create_network(&NewNetwork::new(&place.mark).with_description("a walk")).await.unwrap();
    client.set_tags(Tagged::Networks, &network.id, &[&place.tag(), "more"]).await.unwrap();
    client.remove_tag(Tagged::Networks, &network.id, "more").await.unwrap();
    assert!(client.remove_tag(Tagged::Networks, &network.id, "more").await.unwrap_err().is_not_found());
    assert_eq!(client.tags(Tagged::Networks, &network.id).await.unwrap(), [place.tag()]);
    assert_eq!(client.networks(&Filter::new().with_tag(place.tag())).await.unwrap().len(), 1);
    assert_eq!(client.find_network(&place.mark).await.unwrap().id, network.id);
    assert_eq!(client.find_network(&network.id).await.unwrap().name, place.mark);

    // A subnet of this machine's own addresses, where a test can listen. Low numbers are left to the simulator.
    let prefix = format!("127.{}.{}", fastrand::u8(32..64), fastrand::u8(..));
    let new = NewSubnet::new(&network.id, format!("{prefix}.0/24")).with_name(&place.mark);
    let subnet = client.create_subnet(&new.with_dhcp(false).without_gateway()).await.unwrap();
    assert_eq!((subnet.gateway_ip, subnet.enable_dhcp), (None, false));
    let overlapping = NewSubnet::new(&network.id, format!("{prefix}.0/25")).with_dhcp(false);
    let error = client.create_subnet(&overlapping).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::BadRequest, "{error}");
    assert_eq!(client.find_subnet(&place.mark).await.unwrap().id, subnet.id);

    let group = client.create_security_group(&place.mark, "a walk").await.unwrap();
    client.set_tags(Tagged::SecurityGroups, &group.id, &[&place.tag()]).await.unwrap();
    for rule in [
        NewRule::ingress(&group.id).with_ports("tcp", 6443, 6443).with_remote_prefix("0.0.0.0/0"),
        NewRule::ingress(&group.id).with_ports("tcp", 50_000, 50_001).with_remote_group(&group.id),
        NewRule::ingress(&group.id).with_protocol("icmp"),
        NewRule::ingress(&group.id).with_ipv6(),
    ] {
        let made = client.create_rule(&rule).await.unwrap();
        assert!(rule.matches(&made), "{rule:?} {made:?}");
        assert!(client.create_rule(&rule).await.unwrap_err().is_conflict());
    }
    let group = client.security_group(&group.id).await.unwrap();
    assert_eq!((group.rules.len(), group.tags), (6, vec![place.tag()]), "four, and two that every group has");

    let new = NewPort::new(&place.mark, &network.id)
        .with_address(&subnet.id, format!("{prefix}.10"))
        .with_security_group(&group.id)
        .with_tag(place.tag())
        .with_tag("node=cp-1");
    let port = client.create_port(&new).await.unwrap();
    assert_eq!(port.address(), Some(format!("{prefix}.10").as_str()));
    assert!(!port.is_in_use());
    let taken = client.create_port(&new).await.unwrap_err();
    assert!(taken.is_conflict() && !taken.is_quota_exceeded(), "{taken}");
    let outside = NewPort::new("x", &network.id).with_address(&subnet.id, "10.1.1.1");
    assert_eq!(*client.create_port(&outside).await.unwrap_err().kind(), ErrorKind::BadRequest);
    let nowhere = NewPort::new("x", NOTHING);
    assert!(client.create_port(&nowhere).await.unwrap_err().is_not_found());
    let both = Filter::new().with_tag(place.tag()).with_tag("node=cp-1").with_network(&network.id);
    assert_eq!(client.ports(&both).await.unwrap().len(), 1);
    assert!(client.ports(&both.with_tag("node=cp-2")).await.unwrap().is_empty());
    let update = PortUpdate::new().with_name("renamed");
    assert_eq!(client.update_port(&port.id, &update).await.unwrap().name, "renamed");
    assert!(client.delete_security_group(&group.id).await.unwrap_err().is_conflict());
    assert!(client.delete_network(&network.id).await.unwrap_err().is_conflict());
    assert!(client.port(NOTHING).await.unwrap_err().is_not_found());
    assert!(client.delete_port(NOTHING).await.unwrap_err().is_not_found());

    let quotas = client.quotas().await.unwrap();
    assert!(quotas.port.used >= 1 && quotas.security_group.used >= 1);
    (network.id, port.id)
}

async fn server(place: &Place, image: &str, port: &str) {
    let compute = place.cloud.compute();
    let range = compute.microversions().await.unwrap().unwrap();
    assert!(range.oldest < range.newest);
    let flavor = compute.find_flavor(place.flavor).await.unwrap();
    assert_eq!(compute.find_flavor(&flavor.id).await.unwrap(), flavor);
    let group = compute.create_server_group(&place.mark, &GroupPolicy::SoftAntiAffinity).await.unwrap();
    assert_eq!(group.policy, GroupPolicy::SoftAntiAffinity);
    assert!(compute.server_groups_named(&place.mark).await.unwrap().contains(&group));

    let secret = "machine: {token: a-secret-of-the-machine}";
    let like = |flavor: &str, port: &str| {
        NewServer::new(&place.mark, flavor)
            .with_image(image)
            .with_port(port)
            .with_user_data(secret)
            .with_config_drive(true)
            .with_metadata("cluster", &place.mark)
            .with_tag(place.tag())
            .with_group(&group.id)
    };
    let new = like(&flavor.id, port);
    for wrong in [
        new.clone().with_image(NOTHING),
        new.clone().with_group(NOTHING),
        new.clone().with_tag("a/b"),
        like("no-such-flavor", port),
        like(&flavor.id, NOTHING),
    ] {
        let error = compute.create_server(&wrong).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::BadRequest, "{error}");
        assert!(!error.to_string().contains("bWFjaGluZT"), "{error}");
    }
    let id = compute.create_server(&new).await.unwrap();
    let only = [id.clone()];
    let server = compute.wait_for_server(&id, &ServerStatus::Active, LONG).await.unwrap();
    assert_eq!((server.image_id(), server.flavor()), (Some(image), Some(place.flavor)));
    assert!(server.has_config_drive());
    assert_eq!(
        (server.tags.clone(), server.metadata["cluster"].clone()),
        (vec![place.tag()], place.mark.clone())
    );
    let plugged = place.cloud.network().port(port).await.unwrap();
    assert_eq!(plugged.device_id, id);
    let addresses = server.addresses.values().flatten().map(|one| one.address.as_str()).collect::<Vec<_>>();
    assert_eq!(addresses, [plugged.address().unwrap()]);
    assert_eq!(compute.server_groups_named(&place.mark).await.unwrap()[0].members, only);

    let one = |query: ServerQuery| {
        let compute = compute.clone();
        async move { compute.servers(&query).await.unwrap().into_iter().map(|one| one.id).collect::<Vec<_>>() }
    };
    assert_eq!(one(ServerQuery::new().with_name(&place.mark)).await, only);
    assert_eq!(one(ServerQuery::new().with_tag(place.tag())).await, only);
    assert_eq!(one(ServerQuery::new().with_metadata("cluster", &place.mark)).await, only);
    assert_eq!(one(ServerQuery::new().with_tag(place.tag()).with_status(ServerStatus::Active)).await, only);
    assert!(one(ServerQuery::new().with_tag(place.tag()).with_tag("other")).await.is_empty());
    assert!(one(ServerQuery::new().with_name(format!("{}.", place.mark))).await.is_empty());

    let console = compute.console_output(&id, None).await.unwrap();
    let last = compute.console_output(&id, Some(1)).await.unwrap();
    assert!(console.contains(last.trim_end()));
    compute.set_server_tags(&id, &[&place.tag(), "renewed"]).await.unwrap();
    assert_eq!(one(ServerQuery::new().with_tag("renewed")).await, only);
    compute.reboot_server(&id, RebootKind::Hard).await.unwrap();
    compute.wait_for_server(&id, &ServerStatus::Active, LONG).await.unwrap();
    let limits = compute.limits().await.unwrap();
    assert!(limits.instances.used >= 1 && limits.server_groups.used >= 1);

    compute.delete_server(&id).await.unwrap();
    compute.wait_for_server_deleted(&id, LONG).await.unwrap();
    assert!(compute.delete_server(&id).await.unwrap_err().is_not_found());
    assert!(compute.console_output(&id, None).await.unwrap_err().is_not_found());
    let unplugged = place.cloud.network().port(port).await.unwrap();
    assert!(!unplugged.is_in_use(), "a port that Nova did not make stays");
    compute.delete_server_group(&group.id).await.unwrap();
    assert!(compute.delete_server_group(&group.id).await.unwrap_err().is_not_found());
}

async fn floating_ip(place: &Place) {
    let client = place.cloud.network();
    let outside = client.external_network().await.unwrap();
    assert!(outside.is_external);
    let inside = client.find_network(place.inside).await.unwrap();
    let new = NewPort::new(&place.mark, &inside.id).with_subnet(&inside.subnets[0]).with_tag(place.tag());
    let port = client.create_port(&new).await.unwrap();
    let new = NewFloatingIp::new(&outside.id).with_description("a walk");
    let address = client.create_floating_ip(&new).await.unwrap();
    assert_eq!((address.port_id, address.description.as_str()), (None, "a walk"));
    client.set_tags(Tagged::FloatingIps, &address.id, &[&place.tag()]).await.unwrap();
    let led = client.associate_floating_ip(&address.id, Some(&port.id)).await.unwrap();
    assert_eq!((led.port_id.as_ref(), led.fixed_ip_address.as_deref()), (Some(&port.id), port.address()));
    let ours = client.floating_ips(&Filter::new().with_tag(place.tag())).await.unwrap();
    assert_eq!((ours.len(), &ours[0].address), (1, &address.address));
    let free = client.associate_floating_ip(&address.id, None).await.unwrap();
    assert_eq!(free.port_id, None);
    let wrong = client.create_floating_ip(&NewFloatingIp::new(&inside.id)).await.unwrap_err();
    assert_eq!(*wrong.kind(), ErrorKind::BadRequest, "{wrong}");
    client.delete_floating_ip(&address.id).await.unwrap();
    assert!(client.floating_ip(&address.id).await.unwrap_err().is_not_found());
    client.delete_port(&port.id).await.unwrap();
}

/// What tear down does: everything that carries the tag, and nothing else.
async fn clean_up(place: &Place, image: &str, network: &str) {
    let client = place.cloud.network();
    let ours = Filter::new().with_tag(place.tag());
    for port in client.ports(&ours).await.unwrap() {
        client.delete_port(&port.id).await.unwrap();
    }
    for group in client.security_groups(&ours).await.unwrap() {
        client.delete_security_group(&group.id).await.unwrap();
    }
    for network in client.networks(&ours).await.unwrap() {
        client.delete_network(&network.id).await.unwrap();
    }
    assert!(client.subnets(&Filter::new().with_network(network)).await.unwrap().is_empty());
    let images = place.cloud.image();
    for image in images.images(&ImageQuery::new().with_tag(place.tag())).await.unwrap() {
        images.delete_image(&image.id).await.unwrap();
    }
    assert!(images.image(image).await.unwrap_err().is_not_found());
}

/// Glance fetches by itself what this process serves.
async fn imports(place: &Place) {
    eprintln!("walk: import");
    let images = place.cloud.image();
    assert!(images.import_methods().await.unwrap().contains(&"web-download".to_owned()));
    let body = b"a small disk".repeat(1000);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = body.clone();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 2048];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let found = request[..length].starts_with(b"GET /disk.raw ");
            let head = if found { "200 OK" } else { "404 Not Found" };
            let body = if found { served.as_slice() } else { b"" };
            let head =
                format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
        }
    });
    let import = async |path: &str| {
        let id = images.create_image(&NewImage::new(&place.mark).with_tag(place.tag())).await.unwrap().id;
        images.import_from_url(&id, &format!("http://{address}/{path}")).await.unwrap();
        let outcome = images.wait_for_active(&id, LONG).await;
        images.delete_image(&id).await.unwrap();
        outcome
    };
    let image = import("disk.raw").await.unwrap();
    assert_eq!(image.size, Some(body.len() as u64));
    let error = import("missing.raw").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::ImageFailed, "{error}");
    server.abort();
}

/// A server off and on again, which no cluster needs and the simulator does not know.
async fn power(place: &Place) {
    eprintln!("walk: power");
    let compute = place.cloud.compute();
    let images = place.cloud.image();
    let image = images.create_image(&NewImage::new(&place.mark)).await.unwrap().id;
    images.upload(&image, &Bytes::from_static(b"disk"), UploadOptions::default(), LONG).await.unwrap();
    let flavor = compute.find_flavor(place.flavor).await.unwrap();
    let id =
        compute.create_server(&NewServer::new(&place.mark, &flavor.id).with_image(&image)).await.unwrap();
    compute.wait_for_server(&id, &ServerStatus::Active, LONG).await.unwrap();
    compute.stop_server(&id).await.unwrap();
    compute.wait_for_server(&id, &ServerStatus::Shutoff, LONG).await.unwrap();
    assert!(compute.stop_server(&id).await.unwrap_err().is_conflict());
    compute.start_server(&id).await.unwrap();
    compute.wait_for_server(&id, &ServerStatus::Active, LONG).await.unwrap();
    compute.delete_server(&id).await.unwrap();
    compute.wait_for_server_deleted(&id, LONG).await.unwrap();
    images.delete_image(&image).await.unwrap();
}

/// What only an operator can bring about.
async fn faults_and_quotas(place: &Place, admin: &Cloud) {
    eprintln!("walk: faults and quotas");
    let compute = place.cloud.compute();
    let project = place.cloud.identity().project_id().await.unwrap();
    let set_quota = async |body: Value| {
        let path = format!("os-quota-sets/{project}");
        let request =
            Request::put(ServiceType::COMPUTE, path).with_json(&json!({"quota_set": body})).unwrap();
        admin.send(&request).await.unwrap();
    };
    // No host is that large.
    let body = json!({"flavor": {"name": place.mark, "vcpus": 1, "ram": 90_000_000, "disk": 1}});
    let request = Request::post(ServiceType::COMPUTE, "flavors").with_json(&body).unwrap();
    let made: Value = admin.send(&request).await.unwrap().json().unwrap();
    let huge = made["flavor"]["id"].as_str().unwrap();
    set_quota(json!({"ram": -1, "force": true})).await;

    let images = place.cloud.image();
    let image = images.create_image(&NewImage::new(&place.mark)).await.unwrap().id;
    images.upload(&image, &Bytes::from_static(b"disk"), UploadOptions::default(), LONG).await.unwrap();
    let too_large = NewServer::new(&place.mark, huge).with_image(&image);
    let id = compute.create_server(&too_large).await.unwrap();
    let error = compute.wait_for_server(&id, &ServerStatus::Active, LONG).await.unwrap_err();
    let ErrorKind::ServerFault { code: 500, message } = error.kind() else { panic!("{error:?}") };
    assert!(message.contains("No valid host"), "{error}");
    assert!(compute.console_output(&id, None).await.unwrap_err().is_conflict());

    let flavor = compute.find_flavor(place.flavor).await.unwrap();
    set_quota(json!({"instances": 0, "server_groups": 0, "force": true})).await;
    let quota = |outcome: Result<(), Error>| {
        let error = outcome.unwrap_err();
        assert!(error.is_quota_exceeded(), "{error:?}");
    };
    quota(compute.create_server(&NewServer::new("x", &flavor.id).with_image(&image)).await.map(drop));
    quota(compute.create_server_group("x", &GroupPolicy::AntiAffinity).await.map(drop));
    let forbidden = place
        .cloud
        .send(
            &Request::put(ServiceType::COMPUTE, format!("os-quota-sets/{project}"))
                .with_json(&json!({"quota_set": {"instances": 5}}))
                .unwrap(),
        )
        .await
        .unwrap_err();
    assert_eq!(*forbidden.kind(), ErrorKind::Forbidden, "{forbidden}");

    let quotas = json!({"quota": {"port": 0, "security_group": 0, "floatingip": 0, "network": 0}});
    let path = format!("quotas/{project}");
    let request = Request::put(ServiceType::NETWORK, &path).with_json(&quotas).unwrap();
    admin.send(&request).await.unwrap();
    let client = place.cloud.network();
    let inside = client.find_network(place.inside).await.unwrap();
    quota(client.create_port(&NewPort::new("x", &inside.id)).await.map(drop));
    quota(client.create_security_group("x", "").await.map(drop));
    quota(client.create_network(&NewNetwork::new("x")).await.map(drop));
    let outside = client.external_network().await.unwrap();
    quota(client.create_floating_ip(&NewFloatingIp::new(&outside.id)).await.map(drop));

    admin.send(&Request::delete(ServiceType::NETWORK, &path)).await.unwrap();
    admin.send(&Request::delete(ServiceType::COMPUTE, format!("os-quota-sets/{project}"))).await.unwrap();
    compute.delete_server(&id).await.unwrap();
    compute.wait_for_server_deleted(&id, LONG).await.unwrap();
    images.delete_image(&image).await.unwrap();
    admin.send(&Request::delete(ServiceType::COMPUTE, format!("flavors/{huge}"))).await.unwrap();
}

async fn wait_until(what: &str, reached: impl AsyncFn() -> bool) {
    let waiting = async {
        while !reached().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("never {what}"));
}
