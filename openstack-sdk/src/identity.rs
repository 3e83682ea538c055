//! Keystone: who the token is for, and EC2 credentials.

use std::fmt;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::json;

use crate::cloud::Cloud;
use crate::error::{Error, Result};
use crate::request::{Request, segment};
use crate::secret::Secret;
use crate::service::ServiceType;

/// The calls of the Identity API v3. Made by [`Cloud::identity`].
#[derive(Debug, Clone)]
pub struct IdentityClient {
    cloud: Cloud,
}

/// Something with an id and a name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Identified {
    /// The id.
    pub id: String,
    /// The name.
    #[serde(default)]
    pub name: String,
}

/// What a token is for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenInfo {
    /// The user.
    pub user: Identified,
    /// The project, if the token is for one.
    pub project: Option<Identified>,
    /// What the user may do there.
    pub roles: Vec<Identified>,
    /// When it ends, by the server's clock.
    pub expires_at: Option<SystemTime>,
}

/// A pair of keys for services that speak the EC2 or S3 API.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct Ec2Credential {
    /// The access key.
    pub access: String,
    #[serde(deserialize_with = "secret")]
    /// The secret key.
    pub secret: Secret,
    /// The project it is for.
    #[serde(rename = "tenant_id")]
    pub project_id: String,
}

impl fmt::Debug for Ec2Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ec2Credential")
            .field("access", &self.access)
            .field("secret", &self.secret)
            .field("project_id", &self.project_id)
            .finish()
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Secret, D::Error> {
    String::deserialize(input).map(Secret::from)
}

impl IdentityClient {
    pub(crate) fn new(cloud: Cloud) -> IdentityClient {
        IdentityClient { cloud }
    }

    /// Whom the current token is for.
    ///
    /// # Errors
    /// When there is no token and none can be had.
    pub async fn token_info(&self) -> Result<TokenInfo> {
        Ok(self.cloud.token().await?.info.clone())
    }

    /// The token itself, for another program or library. It ends like any other.
    ///
    /// # Errors
    /// When there is no token and none can be had.
    pub async fn token(&self) -> Result<Secret> {
        let header = self.cloud.token().await?.header();
        header
            .to_str()
            .map(Secret::from)
            .map_err(|error| Error::protocol("Keystone's token is not plain text").with_source(error))
    }

    /// The id of the token's project.
    ///
    /// # Errors
    /// When the token is for no project.
    pub async fn project_id(&self) -> Result<String> {
        self.token_info().await?.project.map(|project| project.id).ok_or_else(|| {
            Error::config(format!(
                "{} logs in without a project, set project_name or project_id",
                self.cloud.config().label()
            ))
        })
    }

    async fn ec2_request(&self, method: http::Method, rest: &str) -> Result<Request> {
        let user = self.token_info().await?.user.id;
        let path = format!("users/{}/credentials/OS-EC2{rest}", segment(&user));
        Ok(Request::new(method, ServiceType::IDENTITY, path))
    }

    /// The user's EC2 credentials, of all projects.
    ///
    /// # Errors
    /// When Keystone refuses.
    pub async fn ec2_credentials(&self) -> Result<Vec<Ec2Credential>> {
        let request = self.ec2_request(http::Method::GET, "").await?;
        self.cloud.fetch(&request, "credentials").await
    }

    /// Makes EC2 credentials for the token's project.
    ///
    /// # Errors
    /// When Keystone refuses; it does so to restricted application credentials.
    pub async fn create_ec2_credential(&self) -> Result<Ec2Credential> {
        let body = json!({"tenant_id": self.project_id().await?});
        let request = self.ec2_request(http::Method::POST, "").await?.with_value(&body);
        self.cloud.fetch(&request, "credential").await
    }

    /// Deletes EC2 credentials by their access key.
    ///
    /// # Errors
    /// When there are none of that key.
    pub async fn delete_ec2_credential(&self, access: &str) -> Result<()> {
        let rest = format!("/{}", segment(access));
        self.cloud.send(&self.ec2_request(http::Method::DELETE, &rest).await?).await.map(drop)
    }
}
