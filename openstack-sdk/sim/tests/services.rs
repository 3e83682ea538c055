//! What the simulated services answer, seen over HTTP. The expected codes and bodies are those of OpenStack Zed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![allow(unreachable_pub, reason = "the helpers are shared between test programs")]

mod common;

use common::{Api, answer, password};
use openstack_sim::{Clock, Options, Quota};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

#[tokio::test]
async fn identity() {
    let api = Api::start(Options::default()).await;
    assert_eq!(api.get("/identity").await.0, 300);
    assert_eq!(api.post_token(password("wrong")).await.status(), 401);

    let reply = api.post_token(json!({"identity": {"methods": ["token"], "token": {"id": api.token}}})).await;
    assert_eq!(reply.status(), 201);
    let token: Value = reply.json().await.unwrap();
    let kinds: Vec<&str> = token["token"]["catalog"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["identity", "image", "compute", "network"]);
    let nothing = api.post_token(json!({"identity": {"methods": ["token"], "token": {"id": "x"}}})).await;
    assert_eq!(nothing.status(), 404);

    let user = token["token"]["user"]["id"].as_str().unwrap();
    let path = format!("/identity/v3/users/{user}/application_credentials");
    let (status, made) = api.post(&path, json!({"application_credential": {"name": "app"}})).await;
    assert_eq!(status, 201);
    let app = |secret: &Value| {
        json!({"identity": {"methods": ["application_credential"], "application_credential": {
            "id": made["application_credential"]["id"], "secret": secret,
        }}})
    };
    assert_eq!(api.post_token(app(&made["application_credential"]["secret"])).await.status(), 201);
    assert_eq!(api.post_token(app(&json!("wrong"))).await.status(), 401);

    let path = format!("/identity/v3/users/{user}/credentials/OS-EC2");
    let (status, made) = api.post(&path, json!({"tenant_id": api.cloud.project_id()})).await;
    assert_eq!(status, 201);
    let one = format!("{path}/{}", made["credential"]["access"].as_str().unwrap());
    assert_eq!(api.delete(&one).await.0, 204);
    assert_eq!(api.get(&one).await.0, 404);
}

#[tokio::test]
async fn tokens_end() {
    let seconds = Arc::new(AtomicU64::new(1_000_000_000));
    let clock = Arc::clone(&seconds);
    let clock: Arc<dyn Clock> =
        Arc::new(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
    let mut api =
        Api::start(Options::default().with_clock(clock).with_token_lifetime(Duration::from_secs(60))).await;
    assert_eq!(api.get("/image/v2/images").await.0, 200);
    seconds.fetch_add(60, Ordering::Relaxed);
    assert_eq!(api.get("/image/v2/images").await.0, 401);
    api.log_in().await;
    assert_eq!(api.get("/compute/v2.1/servers").await.0, 200);
    api.cloud.expire_tokens();
    let (status, body) = api.get("/compute/v2.1/servers").await;
    assert_eq!((status, &body["error"]["title"]), (401, &json!("Unauthorized")));
}

#[tokio::test]
async fn images() {
    let api = Api::start(Options::default()).await;
    let id = api.image(b"abc").await;
    let path = format!("/image/v2/images/{id}");
    let (_, image) = api.get(&path).await;
    assert_eq!(image["status"], "active");
    assert_eq!(image["checksum"], "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(image["size"], 3);
    let back = api.request("GET", &format!("{path}/file")).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(&back[..], b"abc");
    assert_eq!(answer(api.upload(&id).body("more")).await.0, 409);
    assert_eq!(answer(api.upload("none").body("more")).await.0, 404);
    assert_eq!(answer(api.request("PUT", &format!("{path}/file")).body("x")).await.0, 415);

    let patch = "application/openstack-images-v2.1-json-patch";
    let change =
        |body: Value| api.request("PATCH", &path).header("content-type", patch).body(body.to_string());
    let (status, image) = answer(change(json!([
        {"op": "add", "path": "/schematic", "value": "s1"},
        {"op": "replace", "path": "/visibility", "value": "community"},
    ])))
    .await;
    assert_eq!((status, &image["schematic"], &image["visibility"]), (200, &json!("s1"), &json!("community")));
    assert_eq!(answer(change(json!([{"op": "remove", "path": "/none"}]))).await.0, 409);
    assert_eq!(answer(change(json!([{"op": "replace", "path": "/size", "value": 1}]))).await.0, 403);
    assert_eq!(answer(api.request("PATCH", &path).json(&json!([]))).await.0, 415);
    assert_eq!(api.post("/image/v2/images", json!({"visibility": "public"})).await.0, 403);
    assert_eq!(api.post("/image/v2/images", json!({"disk_format": "floppy"})).await.0, 400);

    let names = |body: &Value| body["images"].as_array().unwrap().len();
    assert_eq!(names(&api.get("/image/v2/images?visibility=community&schematic=s1").await.1), 1);
    assert_eq!(names(&api.get("/image/v2/images?schematic=s2").await.1), 0);

    assert_eq!(answer(change(json!([{"op": "add", "path": "/protected", "value": true}]))).await.0, 200);
    assert_eq!(api.delete(&path).await.0, 403);
    assert_eq!(answer(change(json!([{"op": "add", "path": "/protected", "value": false}]))).await.0, 200);
    assert_eq!(api.delete(&path).await.0, 204);
    assert_eq!(api.get(&path).await.0, 404);
}

#[tokio::test]
async fn images_come_by_pages() {
    let api = Api::start(Options::default()).await;
    for number in 0..30 {
        assert_eq!(api.post("/image/v2/images", json!({"name": format!("i{number}")})).await.0, 201);
    }
    let (_, first) = api.get("/image/v2/images").await;
    assert_eq!(first["images"].as_array().unwrap().len(), 25);
    assert_eq!(first["images"][0]["name"], "i29");
    let (_, second) = api.get(&format!("/image{}", first["next"].as_str().unwrap())).await;
    assert_eq!(second["images"].as_array().unwrap().len(), 5);
    assert_eq!(second.get("next"), None);
}

#[tokio::test]
async fn networks() {
    let api = Api::start(Options::default()).await;
    let net = |path: &str| format!("/network/v2.0/{path}");
    let kind = |body: &Value| body["NeutronError"]["type"].as_str().unwrap_or_default().to_owned();
    let network = api.make(&net("networks"), "network", json!({"name": "n"})).await;
    let subnet = |more: Value| {
        let mut body =
            json!({"network_id": network, "ip_version": 4, "cidr": "127.99.0.0/29", "enable_dhcp": false});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"subnet": body})
    };
    let (status, body) = api.post(&net("subnets"), subnet(json!({"enable_dhcp": true}))).await;
    assert_eq!((status, kind(&body).as_str()), (400, "InvalidInput"));
    let (status, made) = api.post(&net("subnets"), subnet(json!({}))).await;
    assert_eq!(status, 201);
    assert_eq!(made["subnet"]["gateway_ip"], "127.99.0.1");
    assert_eq!(api.post(&net("subnets"), subnet(json!({}))).await.0, 400);
    let subnet = made["subnet"]["id"].as_str().unwrap();

    let port = |more: Value| json!({"port": {"network_id": network, "fixed_ips": [more]}});
    let (status, first) = api.post(&net("ports"), port(json!({"subnet_id": subnet}))).await;
    assert_eq!((status, &first["port"]["fixed_ips"][0]["ip_address"]), (201, &json!("127.99.0.2")));
    let (status, body) = api.post(&net("ports"), port(json!({"ip_address": "127.99.0.2"}))).await;
    assert_eq!((status, kind(&body).as_str()), (409, "IpAddressAlreadyAllocated"));
    let (status, body) =
        api.post(&net("ports"), port(json!({"subnet_id": subnet, "ip_address": "10.1.1.1"}))).await;
    assert_eq!((status, kind(&body).as_str()), (400, "InvalidIpForSubnet"));
    for _ in 3..=6 {
        assert_eq!(api.post(&net("ports"), json!({"port": {"network_id": network}})).await.0, 201);
    }
    let (status, body) = api.post(&net("ports"), json!({"port": {"network_id": network}})).await;
    assert_eq!((status, kind(&body).as_str()), (409, "IpAddressGenerationFailure"));
    let (status, body) = api.post(&net("ports"), json!({"port": {"network_id": network, "colour": 1}})).await;
    assert_eq!((status, kind(&body).as_str()), (400, "HTTPBadRequest"));

    let id = first["port"]["id"].as_str().unwrap();
    let tags = format!("{}/tags", net(&format!("ports/{id}")));
    assert_eq!(api.send("PUT", &tags, json!({"tags": ["cluster=a", "b"]})).await.0, 200);
    let (_, found) = api.get(&net("ports?tags=b,cluster=a&fields=id")).await;
    assert_eq!(found, json!({"ports": [{"id": id}]}));
    assert_eq!(api.get(&net("ports?tags=b,c")).await.1, json!({"ports": []}));
    assert_eq!(api.delete(&format!("{tags}/none")).await.0, 404);

    let (status, body) = api.delete(&net(&format!("networks/{network}"))).await;
    assert_eq!((status, kind(&body).as_str()), (409, "NetworkInUse"));
    let (status, body) = api.delete(&net(&format!("subnets/{subnet}"))).await;
    assert_eq!((status, kind(&body).as_str()), (409, "SubnetInUse"));
    let (_, all) = api.get(&net(&format!("ports?network_id={network}"))).await;
    for port in all["ports"].as_array().unwrap() {
        assert_eq!(api.delete(&net(&format!("ports/{}", port["id"].as_str().unwrap()))).await.0, 204);
    }
    assert_eq!(api.delete(&net(&format!("networks/{network}"))).await.0, 204);
    let (status, body) = api.get(&net(&format!("subnets/{subnet}"))).await;
    assert_eq!((status, kind(&body).as_str()), (404, "SubnetNotFound"));
}

#[tokio::test]
async fn security_groups() {
    let api = Api::start(Options::default()).await;
    let kind = |body: &Value| body["NeutronError"]["type"].as_str().unwrap_or_default().to_owned();
    let groups = "/network/v2.0/security-groups";
    let rules = "/network/v2.0/security-group-rules";
    let group = api.make(groups, "security_group", json!({"name": "g"})).await;
    let rule = |more: Value| {
        let mut body = json!({"security_group_id": group, "direction": "ingress"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"security_group_rule": body})
    };
    let https = json!({"protocol": "tcp", "port_range_min": 443, "port_range_max": 443});
    assert_eq!(api.post(rules, rule(https.clone())).await.0, 201);
    let refused = [
        (409, "SecurityGroupRuleExists", https),
        (400, "SecurityGroupProtocolRequiredWithPorts", json!({"port_range_min": 1, "port_range_max": 2})),
        (
            400,
            "SecurityGroupInvalidPortRange",
            json!({"protocol": "tcp", "port_range_min": 3, "port_range_max": 2}),
        ),
        (400, "SecurityGroupRuleParameterConflict", json!({"remote_ip_prefix": "fd00::/8"})),
        (404, "SecurityGroupNotFound", json!({"remote_group_id": "none"})),
    ];
    for (status, name, more) in refused {
        let (got, body) = api.post(rules, rule(more.clone())).await;
        assert_eq!((got, kind(&body).as_str()), (status, name), "{more}");
    }
    let (_, shown) = api.get(&format!("{groups}/{group}")).await;
    assert_eq!(shown["security_group"]["security_group_rules"].as_array().unwrap().len(), 3);
    let network = api.network("internal").await;
    let port = json!({"network_id": network, "security_groups": [group]});
    let port = api.make("/network/v2.0/ports", "port", port).await;
    let (status, body) = api.delete(&format!("{groups}/{group}")).await;
    assert_eq!((status, kind(&body).as_str()), (409, "SecurityGroupInUse"));
    assert_eq!(api.delete(&format!("/network/v2.0/ports/{port}")).await.0, 204);
    assert_eq!(api.delete(&format!("{groups}/{group}")).await.0, 204);
    assert_eq!(api.post(groups, json!({"security_group": {"name": "default"}})).await.0, 409);
}

#[tokio::test]
async fn floating_addresses() {
    let api = Api::start(Options::default()).await;
    let (inside, outside) = (api.network("internal").await, api.network("external").await);
    let floatings = "/network/v2.0/floatingips";
    let (status, _) = api.post(floatings, json!({"floatingip": {"floating_network_id": inside}})).await;
    assert_eq!(status, 400);
    let floating = api.make(floatings, "floatingip", json!({"floating_network_id": outside})).await;
    let port = api.make("/network/v2.0/ports", "port", json!({"network_id": inside})).await;
    let one = format!("{floatings}/{floating}");
    let (status, body) = api.send("PUT", &one, json!({"floatingip": {"port_id": port}})).await;
    assert_eq!((status, &body["floatingip"]["status"]), (200, &json!("ACTIVE")));
    assert_eq!(api.delete(&format!("/network/v2.0/ports/{port}")).await.0, 204);
    let (_, body) = api.get(&one).await;
    assert_eq!(body["floatingip"]["port_id"], Value::Null);

    let lonely = api.make("/network/v2.0/networks", "network", json!({"name": "lonely"})).await;
    let subnet = json!({"network_id": lonely, "ip_version": 4, "cidr": "10.9.0.0/24"});
    api.make("/network/v2.0/subnets", "subnet", subnet).await;
    let port = api.make("/network/v2.0/ports", "port", json!({"network_id": lonely})).await;
    let (status, body) = api.send("PUT", &one, json!({"floatingip": {"port_id": port}})).await;
    assert_eq!(
        (status, &body["NeutronError"]["type"]),
        (404, &json!("ExternalGatewayForFloatingIPNotFound"))
    );
}

/// Machines that write down what is asked of them.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl openstack_sim::Machines for Recorder {
    fn boot(&self, boot: openstack_sim::Boot) -> openstack_sim::BoxFuture<'_, Result<(), String>> {
        let data = String::from_utf8(boot.user_data.unwrap_or_default().to_vec()).unwrap();
        self.write(format!("boot {} {:?} {data}", boot.name, boot.addresses));
        Box::pin(async { Ok(()) })
    }

    fn delete<'a>(&'a self, _server_id: &'a str) -> openstack_sim::BoxFuture<'a, ()> {
        self.write("delete".into());
        Box::pin(async {})
    }

    fn reboot<'a>(&'a self, _server_id: &'a str) -> openstack_sim::BoxFuture<'a, ()> {
        self.write("reboot".into());
        Box::pin(async {})
    }

    fn console(&self, _server_id: &str) -> String {
        "one\ntwo\nthree\n".into()
    }
}

#[tokio::test]
async fn a_server_and_its_machine() {
    let machines = Arc::new(Recorder::default());
    let network: openstack_sim::Cidr = "127.99.1.0/24".parse().unwrap();
    let options = Options::default().with_machines(machines.clone()).with_tenant_network(network);
    let api = Api::start(options).await;
    let image = api.image(b"disk").await;
    let network = api.network("internal").await;
    let port = json!({"network_id": network, "fixed_ips": [{"ip_address": "127.99.1.7"}]});
    let port = api.make("/network/v2.0/ports", "port", port).await;
    let servers = "/compute/v2.1/servers";
    let wanted = json!({
        "name": "cp-1", "imageRef": image, "flavorRef": "m1.small", "networks": [{"port": port}],
        "user_data": "aGVsbG8=", "tags": ["cluster=a"], "metadata": {"k": "v"},
    });
    let id = api.make(servers, "server", wanted.clone()).await;
    let server = api.built(&id).await;
    assert_eq!(server["status"], "ACTIVE");
    assert_eq!(server["addresses"]["internal"][0]["addr"], "127.99.1.7");
    assert_eq!(*machines.0.lock().unwrap(), ["boot cp-1 [127.99.1.7] hello"]);
    let (status, body) = api.post(servers, json!({"server": wanted})).await;
    assert_eq!((status, &body["conflictingRequest"]["code"]), (409, &json!(409)));

    let action = format!("{servers}/{id}/action");
    let (_, console) = api.post(&action, json!({"os-getConsoleOutput": {"length": 2}})).await;
    assert_eq!(console["output"], "two\nthree\n");
    assert_eq!(api.post(&action, json!({"reboot": {"type": "HARD"}})).await.0, 202);
    assert_eq!(api.post(&action, json!({"fly": null})).await.0, 400);

    let count = |body: &Value| body["servers"].as_array().unwrap().len();
    assert_eq!(count(&api.get(&format!("{servers}/detail?tags=cluster=a")).await.1), 1);
    assert_eq!(count(&api.get(&format!("{servers}?tags=cluster=b")).await.1), 0);
    assert_eq!(count(&api.get(&format!("{servers}?name=%5Ecp-1%24")).await.1), 1);
    assert_eq!(
        api.request("GET", servers).header("openstack-api-version", "x").send().await.unwrap().status(),
        200
    );

    let one = format!("{servers}/{id}");
    assert_eq!(api.delete(&one).await.0, 204);
    while api.get(&one).await.0 != 404 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(machines.0.lock().unwrap()[1..], ["reboot", "delete"]);
    let (_, port) = api.get(&format!("/network/v2.0/ports/{port}")).await;
    assert_eq!((&port["port"]["device_id"], &port["port"]["status"]), (&json!(""), &json!("DOWN")));
}

#[tokio::test]
async fn servers_that_are_refused_leave_nothing() {
    let quota = |instances| {
        let mut quota = Quota::default();
        quota.instances = instances;
        quota
    };
    let api = Api::start(Options::default().with_quota(quota(1))).await;
    let image = api.image(b"disk").await;
    let good = json!({"name": "s", "imageRef": image, "flavorRef": "m1.small", "networks": "none"});
    let bad = [
        json!({"name": ""}),
        json!({"flavorRef": "none"}),
        json!({"imageRef": "none"}),
        json!({"networks": [{"port": "none"}]}),
        json!({"networks": null}),
        json!({"user_data": "A".repeat(65_536)}),
        json!({"metadata": {"k": "v".repeat(256)}}),
        json!({"tags": ["a/b"]}),
    ];
    for more in bad {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, body) = api.post("/compute/v2.1/servers", json!({"server": body})).await;
        assert_eq!((status, &body["badRequest"]["code"]), (400, &json!(400)), "{more}");
    }
    assert!(api.cloud.servers().is_empty());
    let mut largest = good.clone();
    largest["user_data"] = json!("AAA=".repeat(16_384)[..65_532]);
    assert_eq!(api.post("/compute/v2.1/servers", json!({"server": largest})).await.0, 400);
    largest["user_data"] = json!("AAAA".repeat(16_383));
    api.make("/compute/v2.1/servers", "server", largest).await;
    let (status, body) = api.post("/compute/v2.1/servers", json!({"server": good})).await;
    assert_eq!((status, &body["forbidden"]["code"]), (403, &json!(403)));
}

#[tokio::test]
async fn microversions() {
    let api = Api::start(Options::default()).await;
    let ask = |version: &'static str| {
        let url = format!("{}/compute/v2.1/os-server-groups", api.base);
        let body = json!({"server_group": {"name": "g", "policy": "soft-anti-affinity"}});
        answer(
            api.http
                .post(url)
                .header("x-auth-token", &api.token)
                .header("openstack-api-version", version)
                .json(&body),
        )
    };
    assert_eq!(ask("compute 2.64").await.0, 200);
    assert_eq!(ask("compute 2.63").await.0, 400);
    assert_eq!(ask("compute latest").await.0, 200);
    assert_eq!(ask("compute 2.999").await.0, 406);
    assert_eq!(ask("compute two").await.0, 400);
    assert_eq!(ask("image 2.1").await.0, 400);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let api = Api::start(Options::default().with_seed(7)).await;
        let port = json!({"network_id": api.network("internal").await});
        ids.push((api.cloud.project_id(), api.make("/network/v2.0/ports", "port", port).await));
    }
    assert_eq!(ids[0], ids[1]);
}
