//! The bundle as the file that `talosctl gen secrets` writes.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Serialize, Serializer};
use talos_pki::{SecretString, base64};
use talos_yaml::mapping;

use super::bundle::{
    CertificateAndKey, Certificates, ClusterSecrets, Key, KubernetesSecrets, SecretsBundle, TrustdInfo,
};
use crate::{Error, ErrorKind, Result};

/// Stands in for a key where a machine shows its configuration. Talos keeps it outside of base64.
const REDACTED: &str = "******";

// Private mirrors of the public types, so that nobody serializes secrets by accident. The order of fields is that of
// the file.

mapping! {
    struct BundleShape {
        cluster: ClusterShape = "cluster",
        secrets: SecretsShape = "secrets",
        trustdinfo: TrustdInfoShape = "trustdinfo",
        certs: CertificatesShape = "certs",
    }

    struct ClusterShape {
        id: String = "id",
        secret: Text = "secret",
    }

    struct SecretsShape {
        bootstraptoken: Text = "bootstraptoken",
        aescbcencryptionsecret: Text = "aescbcencryptionsecret" [unless Text::is_empty],
        secretboxencryptionsecret: Text = "secretboxencryptionsecret" [unless Text::is_empty],
    }

    struct TrustdInfoShape {
        token: Text = "token",
    }

    struct CertificatesShape {
        etcd: Option<PairShape> = "etcd",
        k8s: Option<PairShape> = "k8s",
        k8saggregator: Option<PairShape> = "k8saggregator",
        k8sserviceaccount: Option<KeyShape> = "k8sserviceaccount",
        os: Option<PairShape> = "os",
    }

    struct PairShape {
        crt: Base64 = "crt",
        key: Base64 = "key",
    }

    struct KeyShape {
        key: Base64 = "key",
    }
}

/// A secret as it stands in the file.
#[derive(Default)]
struct Text(SecretString);

impl Text {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// PEM text that stands in the file in base64.
#[derive(Default)]
struct Base64(SecretString);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.expose() {
            REDACTED => serializer.serialize_str(REDACTED),
            text => serializer.serialize_str(&base64::encode(text)),
        }
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = SecretString::from(String::deserialize(deserializer)?);
        if text.expose() == REDACTED {
            return Ok(Self(text));
        }
        let decoded = base64::decode_text(text.expose());
        decoded
            .map(|text| Self(text.as_str().into()))
            .ok_or_else(|| D::Error::custom("not PEM text in base64"))
    }
}

impl SecretsBundle {
    /// Reads the file that `talosctl gen secrets` writes. Unknown keys are ignored, and what is missing stays empty:
    /// see [`SecretsBundle::validate`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Syntax`] if the text is not YAML or empty, [`ErrorKind::InvalidValue`] with the line if a value has
    /// another type or is not base64.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let syntax = |error| {
            Error::new(ErrorKind::Syntax, format!("the secrets bundle is not YAML: {error}"))
                .with_source(error)
        };
        let Some(document) = talos_yaml::parse_first(text).map_err(syntax)? else {
            return Err(Error::new(ErrorKind::Syntax, "the secrets bundle is empty"));
        };
        document.check_unique_keys().map_err(syntax)?;
        let shape: BundleShape = talos_yaml::from_node(&document).map_err(|error| {
            Error::new(ErrorKind::InvalidValue, format!("secrets bundle: {error}")).with_source(error)
        })?;
        Ok(shape.into())
    }

    /// The text that `talosctl gen secrets` writes, byte for byte.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if a value can't be written.
    pub fn to_yaml(&self) -> Result<SecretString> {
        talos_yaml::to_string(&BundleShape::from(self)).map(SecretString::new).map_err(|error| {
            Error::new(ErrorKind::Internal, "the secrets bundle can't be written as YAML").with_source(error)
        })
    }
}

impl From<BundleShape> for SecretsBundle {
    fn from(shape: BundleShape) -> Self {
        let BundleShape { cluster, secrets, trustdinfo, certs } = shape;
        let some = |text: Text| (!text.is_empty()).then_some(text.0);
        Self {
            cluster: ClusterSecrets { id: cluster.id, secret: cluster.secret.0 },
            secrets: KubernetesSecrets {
                bootstraptoken: secrets.bootstraptoken.0,
                aescbcencryptionsecret: some(secrets.aescbcencryptionsecret),
                secretboxencryptionsecret: some(secrets.secretboxencryptionsecret),
            },
            trustdinfo: TrustdInfo { token: trustdinfo.token.0 },
            certs: Certificates {
                etcd: certs.etcd.map(Into::into),
                k8s: certs.k8s.map(Into::into),
                k8saggregator: certs.k8saggregator.map(Into::into),
                k8sserviceaccount: certs.k8sserviceaccount.map(|shape| Key { key: shape.key.0 }),
                os: certs.os.map(Into::into),
            },
        }
    }
}

impl From<&SecretsBundle> for BundleShape {
    fn from(bundle: &SecretsBundle) -> Self {
        let SecretsBundle { cluster, secrets, trustdinfo, certs } = bundle;
        let text = |secret: &Option<SecretString>| Text(secret.clone().unwrap_or_default());
        let pair = |pair: &Option<CertificateAndKey>| pair.as_ref().map(PairShape::from);
        Self {
            cluster: ClusterShape { id: cluster.id.clone(), secret: Text(cluster.secret.clone()) },
            secrets: SecretsShape {
                bootstraptoken: Text(secrets.bootstraptoken.clone()),
                aescbcencryptionsecret: text(&secrets.aescbcencryptionsecret),
                secretboxencryptionsecret: text(&secrets.secretboxencryptionsecret),
            },
            trustdinfo: TrustdInfoShape { token: Text(trustdinfo.token.clone()) },
            certs: CertificatesShape {
                etcd: pair(&certs.etcd),
                k8s: pair(&certs.k8s),
                k8saggregator: pair(&certs.k8saggregator),
                k8sserviceaccount: certs
                    .k8sserviceaccount
                    .as_ref()
                    .map(|key| KeyShape { key: Base64(key.key.clone()) }),
                os: pair(&certs.os),
            },
        }
    }
}

impl From<PairShape> for CertificateAndKey {
    fn from(shape: PairShape) -> Self {
        Self { crt: shape.crt.0.expose().to_owned(), key: shape.key.0 }
    }
}

impl From<&CertificateAndKey> for PairShape {
    fn from(pair: &CertificateAndKey) -> Self {
        Self { crt: Base64(pair.crt.as_str().into()), key: Base64(pair.key.clone()) }
    }
}
