//! A plain HTTP client of the simulator: nothing in it knows OpenStack.

use std::sync::Arc;
use std::time::Duration;

use openstack_sim::{OpenStackSim, Options};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

pub struct Api {
    pub cloud: OpenStackSim,
    pub http: Client,
    pub token: String,
    pub base: String,
}

/// A status and a body.
pub type Answer = (u16, Value);

pub fn client() -> Client {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

impl Api {
    pub async fn start(options: Options) -> Self {
        let cloud = OpenStackSim::start(options.with_user("tester", "secret")).await.unwrap();
        let base = cloud.auth_url().strip_suffix("/identity/v3").unwrap().to_owned();
        let mut api = Self { cloud, http: client(), token: String::new(), base };
        api.log_in().await;
        api
    }

    pub async fn log_in(&mut self) {
        let reply = self.post_token(password("secret")).await;
        assert_eq!(reply.status(), 201);
        self.token = reply.headers()["x-subject-token"].to_str().unwrap().to_owned();
    }

    pub async fn post_token(&self, auth: Value) -> Response {
        let url = format!("{}/identity/v3/auth/tokens", self.base);
        self.http.post(url).json(&json!({"auth": auth})).send().await.unwrap()
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http
            .request(method, format!("{}{path}", self.base))
            .header("x-auth-token", &self.token)
            .header("openstack-api-version", "compute 2.90")
            .header("accept", "application/json")
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request("GET", path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        answer(self.request("DELETE", path)).await
    }

    pub async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        answer(self.request(method, path).json(&body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, body).await
    }

    /// Makes something and gives its id.
    pub async fn make(&self, path: &str, one: &str, body: Value) -> String {
        let (status, body) = self.post(path, json!({one: body})).await;
        assert!((200..300).contains(&status), "{path}: {status} {body}");
        body[one]["id"].as_str().unwrap().to_owned()
    }

    /// An active image with these data.
    pub async fn image(&self, data: &'static [u8]) -> String {
        let wanted = json!({"name": "disk", "disk_format": "raw", "container_format": "bare"});
        let (status, body) = self.post("/image/v2/images", wanted).await;
        assert_eq!((status, &body["status"]), (201, &json!("queued")));
        let id = body["id"].as_str().unwrap().to_owned();
        assert_eq!(answer(self.upload(&id).body(data)).await.0, 204);
        id
    }

    pub fn upload(&self, image: &str) -> reqwest::RequestBuilder {
        let path = format!("/image/v2/images/{image}/file");
        self.request("PUT", &path).header("content-type", "application/octet-stream")
    }

    /// The first network of this name.
    pub async fn network(&self, name: &str) -> String {
        let (_, body) = self.get(&format!("/network/v2.0/networks?name={name}")).await;
        body["networks"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a server is in a state other than `BUILD`, and shows it.
    pub async fn built(&self, id: &str) -> Value {
        loop {
            let (status, body) = self.get(&format!("/compute/v2.1/servers/{id}")).await;
            assert_eq!(status, 200);
            if body["server"]["status"] != "BUILD" {
                return body["server"].clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub fn password(password: &str) -> Value {
    json!({
        "identity": {"methods": ["password"], "password": {"user": {
            "name": "tester", "password": password, "domain": {"name": "Default"},
        }}},
        "scope": {"project": {"name": "sim", "domain": {"id": "default"}}},
    })
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    let body = reply.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
