//! `gen ca`, `gen key`, `gen csr`, `gen crt`, `gen keypair`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use talos_examples::failure::{Failure, Outcome};
use talos_examples::files;
use talos_sdk::pki::{
    Algorithm, CaOptions, CertificateAuthority, CertificateRequest, PrivateKey, RequestOptions, RoleSet,
    SignOptions, SystemClock,
};

#[derive(Args)]
pub(crate) struct Ca {
    /// Organization of the authority, also the name of its files
    #[arg(long, value_name = "ORGANIZATION")]
    organization: String,
    /// How many hours the certificate is valid
    #[arg(long, value_name = "HOURS", default_value_t = 87_600)]
    hours: u32,
    /// Make an RSA key of 4096 bits instead of an Ed25519 key
    #[arg(long)]
    rsa: bool,
}

#[derive(Args)]
pub(crate) struct Key {
    /// Name of the file, to which .key is added
    #[arg(long, value_name = "NAME")]
    name: String,
}

#[derive(Args)]
pub(crate) struct Csr {
    /// The private key, PEM; the request is written beside it, with the ending .csr
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The address that the certificate is for
    #[arg(long, value_name = "ADDRESS")]
    ip: String,
    /// Roles of the Talos API
    #[arg(long, value_name = "ROLES", value_delimiter = ',', default_value = "os:admin")]
    roles: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Crt {
    /// Name of the file, to which .crt is added
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The authority: its files without .crt and .key
    #[arg(long, value_name = "NAME")]
    ca: String,
    /// The request, PEM
    #[arg(long, value_name = "FILE")]
    csr: PathBuf,
    /// How many hours the certificate is valid
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    hours: u32,
}

#[derive(Args)]
pub(crate) struct KeyPair {
    /// Organization of the certificate, also the name of the files
    #[arg(long, value_name = "ORGANIZATION")]
    organization: String,
    /// The address that the certificate is for
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
}

impl Ca {
    pub(crate) fn make(&self, force: bool) -> Outcome {
        let [crt, hash, key] = ["crt", "sha256", "key"].map(|ending| with_ending(&self.organization, ending));
        check_all_free(&[&crt, &hash, &key], force)?;
        let algorithm = if self.rsa { Algorithm::Rsa4096 } else { Algorithm::Ed25519 };
        let options = options(&self.organization, "--organization")?
            .with_algorithm(algorithm)
            .with_validity(hours(self.hours));
        let ca = CertificateAuthority::generate(&options, &SystemClock)?;
        files::write(&crt, &ca.certificate.to_pem())?;
        files::write(&hash, &format!("sha256:{}", ca.certificate.fingerprint().to_hex()))?;
        files::write(&key, ca.key.to_pem().expose())
    }
}

impl Key {
    pub(crate) fn make(&self, force: bool) -> Outcome {
        let path = with_ending(&self.name, "key");
        files::check_free(&path, force)?;
        files::write(&path, PrivateKey::generate(Algorithm::Ed25519)?.to_pem().expose())
    }
}

impl Csr {
    pub(crate) fn make(&self, force: bool) -> Outcome {
        let key = PrivateKey::from_pem(&files::read(&self.key)?)
            .map_err(|error| Failure::of(self.key.display(), error))?;
        let address = address(&self.ip)?;
        let roles = RoleSet::parse(&self.roles).map_err(|error| Failure::of("--roles", error))?;
        let path = self.key.with_extension("csr");
        files::check_free(&path, force)?;
        let options = RequestOptions::default().with_roles(roles).with_ip_addresses([address]);
        files::write(&path, &CertificateRequest::new(&options, &key)?.to_pem())
    }
}

impl Crt {
    pub(crate) fn make(&self, force: bool) -> Outcome {
        let [certificate, key] = ["crt", "key"].map(|ending| with_ending(&self.ca, ending));
        let (certificate_text, key_text) = (files::read(&certificate)?, files::read(&key)?);
        let ca = CertificateAuthority::from_pem(&certificate_text, &key_text).map_err(|error| {
            Failure::of(format!("--ca: {} with {}", certificate.display(), key.display()), error)
        })?;
        let request = CertificateRequest::from_pem(&files::read(&self.csr)?)
            .map_err(|error| Failure::of(self.csr.display(), error))?;
        let path = with_ending(&self.name, "crt");
        files::check_free(&path, force)?;
        let options = SignOptions::client().with_validity(hours(self.hours));
        files::write(&path, &ca.sign_request(&request, &options, &SystemClock)?.to_pem())
    }
}

impl KeyPair {
    pub(crate) fn make(&self, force: bool) -> Outcome {
        let [crt, key] = ["crt", "key"].map(|ending| with_ending(&self.organization, ending));
        let address = self.ip.as_deref().map(address).transpose()?;
        check_all_free(&[&crt, &key], force)?;
        let options = options(&self.organization, "--organization")?
            .with_validity(hours(24))
            .with_ip_addresses(address);
        let pair = CertificateAuthority::generate(&options, &SystemClock)?;
        files::write(&crt, &pair.certificate.to_pem())?;
        files::write(&key, pair.key.to_pem().expose())
    }
}

fn options(organization: &str, flag: &str) -> Outcome<CaOptions> {
    match organization.trim() {
        "" => Err(Failure::new(format!("{flag} is empty: give a name, it is that of the files too"))),
        _ => Ok(CaOptions::new(organization)),
    }
}

fn check_all_free(paths: &[&Path], force: bool) -> Outcome {
    paths.iter().try_for_each(|path| files::check_free(path, force))
}

fn with_ending(name: &str, ending: &str) -> PathBuf {
    PathBuf::from(format!("{name}.{ending}"))
}

fn hours(hours: u32) -> Duration {
    Duration::from_secs(u64::from(hours) * 3600)
}

fn address(text: &str) -> Outcome<IpAddr> {
    text.parse()
        .map_err(|_| Failure::new(format!("--ip {text:?}: write an IP address such as 10.0.0.2 or fd00::2")))
}
