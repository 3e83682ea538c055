//! Certificates and keys that the configuration holds as PEM text.

use talos_secret::pem;

use crate::types::PemPair;
use crate::validate::{Findings, Validation};

/// Checks that the text at `keys` is made of certificates, and says whether it is. They are not decoded.
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
            && let Some(first) = pem::parse(&pair.cert).first()
            && let Some(problem) = found.options().certificate_problem(first.content.expose())
        {
            found.error("cert", problem);
        }
        if pair.key.is_empty() {
            found.missing("key", "the PEM of the private key");
        } else if let Some(problem) = private_key_problem(pair.key.expose(), found.options()) {
            found.error("key", problem);
        }
    });
}

/// What is wrong with the PEM of a private key. As Talos does, only the first block is looked at, and its label says
/// how it is encoded.
fn private_key_problem(text: &str, options: &dyn Validation) -> Option<String> {
    let blocks = pem::parse(text);
    let Some(block) = blocks.first() else {
        return Some("no PEM: write the text from -----BEGIN … PRIVATE KEY----- on".to_owned());
    };
    let der = block.content.expose();
    let kind = KeyKind::of(der);
    let is_as_labelled = match block.label.as_str() {
        pem::RSA_PRIVATE_KEY => matches!(kind, Some(KeyKind::Pkcs1 { .. })),
        pem::EC_PRIVATE_KEY => matches!(kind, Some(KeyKind::Sec1)),
        pem::ED25519_PRIVATE_KEY => matches!(kind, Some(KeyKind::Pkcs8 { algorithm: ED25519, .. })),
        pem::PRIVATE_KEY => matches!(kind, Some(KeyKind::Pkcs8 { .. })),
        label => return Some(format!("the first block is {label:?}, not a private key")),
    };
    if !is_as_labelled {
        return Some(format!("the key is not encoded as its label {:?} says: write it anew", block.label));
    }
    let problem = options.private_key_problem(der)?;
    (!kind.is_some_and(|kind| kind.is_foreign(der))).then_some(problem)
}

/// What is wrong with the PEM of a key that signs. Of the keys that Talos knows, only X25519 can't.
pub(crate) fn signing_key_problem(text: &str, options: &dyn Validation) -> Option<String> {
    let problem = private_key_problem(text, options);
    let blocks = pem::parse(text);
    let kind = blocks.first().and_then(|block| KeyKind::of(block.content.expose()));
    let is_x25519 = matches!(kind, Some(KeyKind::Pkcs8 { algorithm: X25519, .. }));
    problem.or_else(|| is_x25519.then(|| "an X25519 key can't sign: use RSA or ECDSA".to_owned()))
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// P-224 and P-521, with tag and length.
const FOREIGN_CURVES: [&[u8]; 2] =
    [&[OBJECT_ID, 5, 0x2b, 0x81, 0x04, 0x00, 0x21], &[OBJECT_ID, 5, 0x2b, 0x81, 0x04, 0x00, 0x23]];
/// Lengths in bytes of the RSA moduli that this library works with.
const RSA_LENGTHS: [usize; 4] = [256, 384, 512, 1024];

/// How a key is encoded.
enum KeyKind<'a> {
    Pkcs1 { modulus: &'a [u8] },
    Sec1,
    Pkcs8 { algorithm: &'a [u8], key: &'a [u8] },
}

impl<'a> KeyKind<'a> {
    fn of(der: &'a [u8]) -> Option<Self> {
        let (SEQUENCE, body, []) = split(der)? else { return None };
        let (INTEGER, _, rest) = split(body)? else { return None };
        match split(rest)? {
            (INTEGER, modulus, _) => Some(Self::Pkcs1 { modulus }),
            (OCTET_STRING, ..) => Some(Self::Sec1),
            (SEQUENCE, algorithm, rest) => {
                let (OBJECT_ID, algorithm, _) = split(algorithm)? else { return None };
                let (OCTET_STRING, key, _) = split(rest)? else { return None };
                Some(Self::Pkcs8 { algorithm, key })
            }
            _ => None,
        }
    }

    /// Whether Talos knows this kind, but this library does not: small or odd RSA keys, P-224, P-521, X25519. Only
    /// the frame of such keys is checked.
    fn is_foreign(&self, der: &[u8]) -> bool {
        let on_foreign_curve =
            || FOREIGN_CURVES.iter().any(|curve| der.windows(curve.len()).any(|part| part == *curve));
        match self {
            Self::Pkcs1 { modulus } => {
                let length = modulus.iter().skip_while(|byte| **byte == 0).count();
                length > 0
                    && (!RSA_LENGTHS.contains(&length) || modulus.first().is_some_and(|byte| *byte != 0))
            }
            Self::Sec1 => on_foreign_curve(),
            Self::Pkcs8 { algorithm: RSA, key } => Self::of(key).is_some_and(|key| key.is_foreign(der)),
            Self::Pkcs8 { algorithm, .. } => *algorithm == X25519 || on_foreign_curve(),
        }
    }
}

/// The tag and the content of the first DER value, and what follows it.
fn split(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f).min(4))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
