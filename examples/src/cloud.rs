//! The cloud a cluster is brought up on.

use std::net::IpAddr;

use serde_json::Value;
use talos_sdk::openstack::{BoxFuture, Error, ErrorKind, Haproxy, LoadBalancer};
use talos_sdk::openstack_sdk::{Cloud, CloudConfig};
use talos_sim::{CloudOptions, SimulatedCloud};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::failure::{Failure, Outcome};

/// A cloud, and what it has beside OpenStack.
#[derive(Debug)]
pub struct Target {
    /// OpenStack.
    pub cloud: Cloud,
    /// Its own Image Factory.
    pub factory: Option<String>,
    /// Its own load balancer.
    pub balancer: Option<HttpBalancer>,
    /// Serves all of it, where it is simulated in this process.
    _simulated: Option<SimulatedCloud>,
}

impl Target {
    /// The cloud `name` of `clouds.yaml`.
    pub async fn named(name: &str) -> Outcome<Self> {
        Self::connect(CloudConfig::load(name)?, None).await
    }

    /// A cloud simulated in this process, for as long as the target lives.
    pub async fn simulated() -> Outcome<Self> {
        let simulated = SimulatedCloud::start(CloudOptions::default()).await?;
        let config = CloudConfig::from_yaml(&simulated.clouds_yaml(), simulated.cloud_name())?;
        Self::connect(config, Some(simulated)).await
    }

    async fn connect(config: CloudConfig, simulated: Option<SimulatedCloud>) -> Outcome<Self> {
        let text = |key| config.extra(key).and_then(Value::as_str).map(str::to_owned);
        let factory = text("talos_sim_factory_url");
        let address = text("talos_sim_load_balancer_address").and_then(|address| address.parse().ok());
        let config_url = text("talos_sim_load_balancer_config_url");
        let balancer =
            address.zip(config_url).map(|(address, config_url)| HttpBalancer { address, config_url });
        Ok(Self { cloud: Cloud::connect(config).await?, factory, balancer, _simulated: simulated })
    }
}

/// A load balancer that takes its HAProxy configuration by HTTP PUT.
#[derive(Clone, Debug)]
pub struct HttpBalancer {
    /// Where it listens.
    pub address: IpAddr,
    /// Where its configuration is put.
    pub config_url: String,
}

impl HttpBalancer {
    /// Puts the configuration and gives the status line.
    async fn put(&self, body: &str) -> Outcome<String> {
        let (host, path) = self
            .config_url
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| Failure::of("not an address of HTTP", &self.config_url))?;
        let mut stream = TcpStream::connect(host).await?;
        let head = format!(
            "PUT /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await?;
        Ok(reply.lines().next().unwrap_or_default().to_owned())
    }
}

impl LoadBalancer for HttpBalancer {
    fn apply<'a>(&'a self, haproxy: &'a Haproxy) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let failed = |why: String| {
                let message =
                    format!("the load balancer at {} did not take its configuration: {why}", self.address);
                Error::new(ErrorKind::LoadBalancer, message)
            };
            let status = self.put(&haproxy.to_config()).await;
            let status = status.map_err(|failure| failed(failure.to_string()).with_retryable(true))?;
            match status.split(' ').nth(1) {
                Some(code) if code.starts_with('2') => Ok(()),
                _ => Err(failed(format!("it answered {status:?}"))),
            }
        })
    }
}
