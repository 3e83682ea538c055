//! Certificates and keys that the configuration holds as PEM text.

use talos_pki::{Algorithm, Certificate, PrivateKey, pem};

use crate::types::PemPair;
use crate::validate::Findings;

/// Checks that the text at `keys` is made of certificates. They are not decoded.
pub(crate) fn check_certificates(keys: &str, text: &str, found: &mut Findings) -> bool {
    let blocks = pem::parse(text);
    let other = blocks.iter().find(|block| block.label != pem::CERTIFICATE);
    if let Some(block) = other {
        let problem = format!("there is a block {:?} in it: leave CERTIFICATE blocks only", block.label);
        found.error(keys, problem);
    } else if blocks.is_empty() {
        found.error(keys, "no PEM: write the text from -----BEGIN CERTIFICATE----- on");
    }
    other.is_none() && !blocks.is_empty()
}

/// Checks a certificate and its key under `field`. Whether they belong together is not asked.
pub(crate) fn check_pair(field: &str, pair: &PemPair, found: &mut Findings) {
    found.within(field, |found| {
        if pair.cert.is_empty() {
            found.missing("cert", "the PEM of the certificate");
        } else if check_certificates("cert", &pair.cert, found)
            && let Err(error) = Certificate::from_pem(&pair.cert)
        {
            found.error("cert", error.to_string());
        }
        if pair.key.is_empty() {
            found.missing("key", "the PEM of the private key");
        } else if let Some(problem) = private_key_problem(pair.key.expose()) {
            found.error("key", problem);
        }
    });
}

/// What is wrong with the PEM of a private key. As Talos does, only the first block is looked at, and its label says
/// how it is encoded.
pub(crate) fn private_key_problem(text: &str) -> Option<String> {
    let blocks = pem::parse(text);
    let Some(block) = blocks.first() else {
        return Some("no PEM: write the text from -----BEGIN … PRIVATE KEY----- on".to_owned());
    };
    let der = block.content.expose();
    let is_as_labelled = match block.label.as_str() {
        pem::RSA_PRIVATE_KEY => second_tag(der) == Some(INTEGER),
        pem::EC_PRIVATE_KEY => second_tag(der) == Some(OCTET_STRING),
        pem::ED25519_PRIVATE_KEY | pem::PRIVATE_KEY => second_tag(der) == Some(SEQUENCE),
        label => return Some(format!("the first block is {label:?}, not a private key")),
    };
    match PrivateKey::from_der(der) {
        Err(error) => Some(error.to_string()),
        Ok(key)
            if is_as_labelled
                && (block.label != pem::ED25519_PRIVATE_KEY || key.algorithm() == Algorithm::Ed25519) =>
        {
            None
        }
        Ok(_) => Some(format!("the key is not what its label {:?} says: write it anew", block.label)),
    }
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The tag of what follows the version number of a key, which tells PKCS#1, SEC 1 and PKCS#8 apart.
fn second_tag(der: &[u8]) -> Option<u8> {
    let length = *der.get(1)?;
    let header = if length < 0x80 { 2 } else { 2 + usize::from(length & 0x7f) };
    let version = der.get(header..)?;
    version.get(2 + usize::from(*version.get(1)?)).copied()
}
