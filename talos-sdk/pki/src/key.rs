//! Private keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom as LibraryRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA512, RsaKeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use crate::foreign::{self, Foreign};
use crate::{Algorithm, Error, ErrorKind, Fingerprint, Random, Result, SecretBytes, SecretString, pem};

/// A private key with its public half. Cheap to clone; `Debug` shows the algorithm only.
#[derive(Clone)]
pub struct PrivateKey(Arc<Inner>);

struct Inner {
    algorithm: Algorithm,
    /// In the encoding in which Talos writes this kind: PKCS#8 v1, SEC 1 or PKCS#1.
    der: SecretBytes,
    spki: Vec<u8>,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    /// A key that can be looked at, not used.
    Foreign,
}

impl PrivateKey {
    /// Makes a new key.
    ///
    /// An RSA key keeps the calling thread busy, for about a second at 4096 bits.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        Self::generate_with(algorithm, &crate::SystemRandom)
    }

    /// As [`PrivateKey::generate`], with the seed of an Ed25519 key taken from `random`. Keys of other kinds always
    /// come from the random source of the cryptographic library.
    pub fn generate_with(algorithm: Algorithm, random: &dyn Random) -> Result<Self> {
        let failed = |error| Error::new(ErrorKind::Crypto, "could not make a key").with_source(error);
        if let Some(curve) = algorithm.curve() {
            return Self::from_ecdsa(algorithm, EcdsaKeyPair::generate(curve).map_err(failed)?);
        }
        let size = match algorithm {
            Algorithm::Rsa2048 => KeySize::Rsa2048,
            Algorithm::Rsa3072 => KeySize::Rsa3072,
            Algorithm::Rsa4096 => KeySize::Rsa4096,
            Algorithm::Rsa8192 => KeySize::Rsa8192,
            Algorithm::EcdsaP224 | Algorithm::Rsa(_) => {
                let message =
                    format!("no {algorithm} keys are made here: use Ed25519, ECDSA P-256 or RSA-4096");
                return Err(Error::new(ErrorKind::Options, message));
            }
            _ => {
                let mut seed = Zeroizing::new([0; 32]);
                random.fill(&mut *seed)?;
                return Self::ed25519_from_seed(&seed);
            }
        };
        let pair = aws_lc_rs::rsa::KeyPair::generate(size).map_err(failed)?;
        Self::from_rsa(pair)
    }

    /// The Ed25519 key of a seed (RFC 8032, section 5.1.5). The same seed gives the same key.
    pub fn ed25519_from_seed(seed: &[u8; 32]) -> Result<Self> {
        Self::from_ed25519(Ed25519KeyPair::from_seed_unchecked(seed).map_err(rejected)?)
    }

    /// Reads the first private key of `text`: `PRIVATE KEY` and `ED25519 PRIVATE KEY` (PKCS#8), `EC PRIVATE KEY`
    /// (SEC 1) or `RSA PRIVATE KEY` (PKCS#1). What the label says of the encoding does not matter.
    ///
    /// Errors: [`ErrorKind::Pem`] without such a block, [`ErrorKind::Key`] if the key is encrypted, damaged or of an
    /// unknown kind.
    pub fn from_pem(text: &str) -> Result<Self> {
        let block = pem::parse(text).into_iter().find(|block| block.label.ends_with(pem::PRIVATE_KEY));
        let Some(block) = block else {
            return Err(Error::new(ErrorKind::Pem, "the text holds no PRIVATE KEY block"));
        };
        if is_encrypted(&block.label) {
            return Err(encrypted());
        }
        Self::from_der(block.content.expose())
    }

    /// Reads the first block of `text`, in the encoding that its label stands for, as Talos reads the keys of a
    /// secrets bundle: `RSA PRIVATE KEY` is PKCS#1, `EC PRIVATE KEY` SEC 1, `ED25519 PRIVATE KEY` PKCS#8 of an Ed25519
    /// key, `PRIVATE KEY` PKCS#8 of any.
    ///
    /// Errors: [`ErrorKind::Pem`] without a block, [`ErrorKind::Key`] if the label is another or does not fit.
    pub fn from_first_block(text: &str) -> Result<Self> {
        let Some(block) = pem::parse(text).into_iter().next() else {
            return Err(Error::new(ErrorKind::Pem, "the text holds no PEM block, write a PRIVATE KEY block"));
        };
        let wanted = match block.label.as_str() {
            pem::RSA_PRIVATE_KEY => Encoding::Pkcs1,
            pem::EC_PRIVATE_KEY => Encoding::Sec1,
            pem::ED25519_PRIVATE_KEY | pem::PRIVATE_KEY => Encoding::Pkcs8,
            label if is_encrypted(label) => return Err(encrypted()),
            label => {
                let message = format!(
                    "the first PEM block is {label:?}, no key: begin with PRIVATE KEY, RSA PRIVATE KEY, EC PRIVATE KEY or ED25519 PRIVATE KEY"
                );
                return Err(Error::new(ErrorKind::Key, message));
            }
        };
        let key = Self::from_der(block.content.expose())?;
        let fits = Encoding::of(block.content.expose()) == Some(wanted)
            && (block.label != pem::ED25519_PRIVATE_KEY || key.algorithm() == Algorithm::Ed25519);
        if fits {
            return Ok(key);
        }
        let message = format!(
            "the key below the label {:?} is {} in another encoding: for PKCS#8 write PRIVATE KEY",
            block.label,
            key.algorithm()
        );
        Err(Error::new(ErrorKind::Key, message))
    }

    /// Reads a key from PKCS#8, SEC 1 or PKCS#1.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        // Length and version of an Ed25519 key decide quickly; a curve refuses keys of another curve.
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            return Self::from_ed25519(pair);
        }
        for algorithm in [Algorithm::EcdsaP256, Algorithm::EcdsaP384, Algorithm::EcdsaP521] {
            if let Some(curve) = algorithm.curve()
                && let Ok(pair) = EcdsaKeyPair::from_private_key_der(curve, der)
            {
                return Self::from_ecdsa(algorithm, pair);
            }
        }
        match RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)) {
            Ok(pair) => Self::from_rsa(pair),
            Err(error) => match foreign::read(der) {
                Some(Foreign { algorithm, der, spki }) => Ok(Self::new(algorithm, der, spki, Pair::Foreign)),
                None => Err(rejected(error)),
            },
        }
    }

    fn from_ed25519(pair: Ed25519KeyPair) -> Result<Self> {
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(unwritable)?;
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(unwritable)?;
        let (der, spki) = (der.as_ref().to_vec(), spki.as_ref().to_vec());
        Ok(Self::new(Algorithm::Ed25519, der, spki, Pair::Ed25519(pair)))
    }

    fn from_ecdsa(algorithm: Algorithm, pair: EcdsaKeyPair) -> Result<Self> {
        let der: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().map_err(unwritable)?;
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(unwritable)?;
        let (der, spki) = (der.as_ref().to_vec(), spki.as_ref().to_vec());
        Ok(Self::new(algorithm, der, spki, Pair::Ecdsa(pair)))
    }

    fn from_rsa(pair: RsaKeyPair) -> Result<Self> {
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(unwritable)?;
        let der = inner_key(pkcs8.as_ref())?;
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(unwritable)?;
        let spki = spki.as_ref().to_vec();
        // The library knows the length in bytes only.
        let algorithm = foreign::rsa_algorithm(&der)
            .ok_or_else(|| Error::new(ErrorKind::Key, "the RSA key is not PKCS#1"))?;
        Ok(Self::new(algorithm, der, spki, Pair::Rsa(pair)))
    }

    fn new(algorithm: Algorithm, der: impl Into<SecretBytes>, spki: Vec<u8>, pair: Pair) -> Self {
        Self(Arc::new(Inner { algorithm, der: der.into(), spki, pair }))
    }

    /// The key as PEM under the label and in the encoding of Talos.
    #[must_use]
    pub fn to_pem(&self) -> SecretString {
        let label = match self.family() {
            Family::Ed25519 => pem::ED25519_PRIVATE_KEY,
            Family::Ecdsa => pem::EC_PRIVATE_KEY,
            Family::Rsa => pem::RSA_PRIVATE_KEY,
        };
        SecretString::new(pem::encode(label, self.0.der.expose()).as_str())
    }

    /// The kind of the key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The public key as SubjectPublicKeyInfo in DER (RFC 5280, section 4.1).
    #[must_use]
    pub fn public_key_spki(&self) -> &[u8] {
        &self.0.spki
    }

    /// The public key as PEM under the label of Talos: `PUBLIC KEY` for RSA, `EC PUBLIC KEY`, `ED25519 PUBLIC KEY`.
    #[must_use]
    pub fn public_key_to_pem(&self) -> String {
        let label = match self.family() {
            Family::Ed25519 => "ED25519 PUBLIC KEY",
            Family::Ecdsa => "EC PUBLIC KEY",
            Family::Rsa => "PUBLIC KEY",
        };
        pem::encode(label, &self.0.spki).to_string()
    }

    /// The fingerprint of the public key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_spki(&self.0.spki)
    }

    /// The key as rustls takes it.
    #[must_use]
    pub fn to_rustls(&self) -> PrivateKeyDer<'static> {
        let der = self.0.der.expose().to_vec();
        match self.family() {
            Family::Ed25519 => PrivatePkcs8KeyDer::from(der).into(),
            Family::Ecdsa => PrivateSec1KeyDer::from(der).into(),
            Family::Rsa => PrivatePkcs1KeyDer::from(der).into(),
        }
    }

    /// Fails with [`ErrorKind::Key`] if this key can be looked at only.
    pub(crate) fn check_signs(&self) -> Result<()> {
        if !matches!(self.0.pair, Pair::Foreign) {
            return Ok(());
        }
        let message = format!(
            "keys of the kind {} can be read, but nothing is signed with them: use Ed25519, ECDSA P-256, P-384 or P-521, or RSA of 2048 to 8192 bits",
            self.algorithm()
        );
        Err(Error::new(ErrorKind::Key, message))
    }

    fn family(&self) -> Family {
        match self.0.algorithm.of_issued() {
            Algorithm::Ed25519 => Family::Ed25519,
            Algorithm::EcdsaP256 => Family::Ecdsa,
            _ => Family::Rsa,
        }
    }

    /// Signs `message` with the signature of the algorithm.
    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.check_signs()?;
        let failed = |error| Error::new(ErrorKind::Crypto, "could not sign").with_source(error);
        match &self.0.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Ecdsa(pair) => {
                Ok(pair.sign(&LibraryRandom::new(), message).map_err(failed)?.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA512, &LibraryRandom::new(), message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Pair::Foreign => Ok(Vec::new()),
        }
    }
}

enum Family {
    Ed25519,
    Ecdsa,
    Rsa,
}

/// How a private key is written down.
#[derive(PartialEq)]
enum Encoding {
    Pkcs1,
    Sec1,
    Pkcs8,
}

impl Encoding {
    /// All three are sequences that begin with a version; a number, the bytes of the key, or an algorithm follow.
    fn of(der: &[u8]) -> Option<Self> {
        let length_bytes = match *der.get(1)? {
            short if short < 0x80 => 0,
            long => usize::from(long & 0x7F),
        };
        match der.get(length_bytes + 5)? {
            0x02 => Some(Self::Pkcs1),
            0x04 => Some(Self::Sec1),
            0x30 => Some(Self::Pkcs8),
            _ => None,
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.0.algorithm).finish()
    }
}

/// The octet string of a PKCS#8 key: for RSA the PKCS#1 structure.
fn inner_key(pkcs8: &[u8]) -> Result<Vec<u8>> {
    yasna::parse_der(pkcs8, |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_u8()?;
            reader.next().read_der()?;
            reader.next().read_bytes()
        })
    })
    .map_err(|error| Error::new(ErrorKind::Key, "the private key is not PKCS#8").with_source(error))
}

fn is_encrypted(label: &str) -> bool {
    label.starts_with("ENCRYPTED ")
}

fn encrypted() -> Error {
    Error::new(ErrorKind::Key, "the private key is encrypted: decrypt it first")
}

fn rejected(error: aws_lc_rs::error::KeyRejected) -> Error {
    let message = "the private key is damaged or of an unsupported kind: use Ed25519, ECDSA P-256, P-384 or P-521, or RSA";
    Error::new(ErrorKind::Key, message).with_source(error)
}

fn unwritable(error: aws_lc_rs::error::Unspecified) -> Error {
    Error::new(ErrorKind::Crypto, "could not encode a key").with_source(error)
}
