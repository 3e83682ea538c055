//! Makes an authority and, from it, a client and a server of the Talos API, and writes them into a folder:
//! `ca.crt`, `client.crt`, `client.key`, `client.csr`, `server.crt`, `server.key`.
//!
//! `cargo run -p talos-pki --example issue -- FOLDER [ed25519|p256|rsa4096]`

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use talos_pki::{
    Algorithm, CaOptions, CertificateAuthority, CertificateRequest, Identity, LeafOptions, RequestOptions,
    Role, SystemClock,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder")?);
    let algorithm = match arguments.next().as_deref() {
        None | Some("ed25519") => Algorithm::Ed25519,
        Some("p256") => Algorithm::EcdsaP256,
        Some("rsa4096") => Algorithm::Rsa4096,
        Some(other) => return Err(format!("{other} is none of ed25519, p256, rsa4096").into()),
    };
    let ca =
        CertificateAuthority::generate(&CaOptions::new("talos").with_algorithm(algorithm), &SystemClock)?;
    let roles = [Role::Admin, Role::Reader];
    let client = ca.issue(&LeafOptions::client(roles), &SystemClock)?;
    let server = LeafOptions::server()
        .with_common_name("node-1.example.org")
        .with_dns_names(["node-1", "node-1.example.org"])
        .with_ip_addresses(["10.5.0.2".parse()?, "fd00::2".parse()?]);
    let server = ca.issue(&server, &SystemClock)?;
    let request = CertificateRequest::new(&RequestOptions::default().with_roles(roles), &client.key)?;

    fs::create_dir_all(&folder)?;
    fs::write(folder.join("ca.crt"), ca.certificate.to_pem())?;
    fs::write(folder.join("client.csr"), request.to_pem())?;
    let write = |name: &str, identity: &Identity| -> std::io::Result<()> {
        fs::write(folder.join(format!("{name}.crt")), identity.certificates_to_pem())?;
        private(&folder.join(format!("{name}.key")), identity.key_to_pem().expose())
    };
    write("client", &client)?;
    write("server", &server)?;
    Ok(())
}

/// Writes a file that only its owner can read.
fn private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
