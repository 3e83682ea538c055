//! Private keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom as LibraryRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA512, RsaKeyPair,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Fingerprint, Random, Result, SecretBytes, SecretString, pem};

/// Kind of a key, with the signature that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 (RFC 8032): authority and clients of the Talos API.
    Ed25519,
    /// ECDSA on P-256 with SHA-256: authorities of Kubernetes, etcd and the aggregation layer.
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384. Talos makes none.
    EcdsaP384,
    /// RSA of 2048 bits, PKCS#1 v1.5 with SHA-512. Talos makes none, kubeadm does.
    Rsa2048,
    /// RSA of 3072 bits, otherwise as [`Algorithm::Rsa2048`].
    Rsa3072,
    /// RSA of 4096 bits: the service account key, and Talos authorities made with `--rsa`. Making one takes about a
    /// second of processor time: in an async program, do it on a blocking thread.
    Rsa4096,
    /// RSA of 8192 bits, otherwise as [`Algorithm::Rsa2048`].
    Rsa8192,
}

impl Algorithm {
    fn curve(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            Self::EcdsaP256 => Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            Self::EcdsaP384 => Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            _ => None,
        }
    }

    fn of_rsa(pair: &RsaKeyPair) -> Result<Self> {
        Ok(match pair.public_modulus_len() * 8 {
            2048 => Self::Rsa2048,
            3072 => Self::Rsa3072,
            4096 => Self::Rsa4096,
            8192 => Self::Rsa8192,
            bits => {
                let message =
                    format!("RSA keys of {bits} bits are not supported: use 2048, 3072, 4096 or 8192");
                return Err(Error::new(ErrorKind::Key, message));
            }
        })
    }

    pub(crate) fn to_rcgen(self) -> &'static rcgen::SignatureAlgorithm {
        match self {
            Self::Ed25519 => &rcgen::PKCS_ED25519,
            Self::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 | Self::Rsa8192 => &rcgen::PKCS_RSA_SHA512,
        }
    }
}

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
    /// (SEC 1) or `RSA PRIVATE KEY` (PKCS#1).
    pub fn from_pem(text: &str) -> Result<Self> {
        let block = pem::parse(text).into_iter().find(|block| block.label.ends_with(pem::PRIVATE_KEY));
        let Some(block) = block else {
            return Err(Error::new(ErrorKind::Pem, "the text holds no PRIVATE KEY block"));
        };
        if block.label.starts_with("ENCRYPTED ") {
            return Err(Error::new(ErrorKind::Key, "the private key is encrypted: decrypt it first"));
        }
        Self::from_der(block.content.expose())
    }

    /// Reads a key from PKCS#8, SEC 1 or PKCS#1.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        // Length and version of an Ed25519 key decide quickly; a curve refuses keys of another curve.
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            return Self::from_ed25519(pair);
        }
        for algorithm in [Algorithm::EcdsaP256, Algorithm::EcdsaP384] {
            if let Some(curve) = algorithm.curve()
                && let Ok(pair) = EcdsaKeyPair::from_private_key_der(curve, der)
            {
                return Self::from_ecdsa(algorithm, pair);
            }
        }
        let pair = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)).map_err(rejected)?;
        Self::from_rsa(pair)
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
        let algorithm = Algorithm::of_rsa(&pair)?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(unwritable)?;
        let der = inner_key(pkcs8.as_ref())?;
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(unwritable)?;
        let spki = spki.as_ref().to_vec();
        Ok(Self::new(algorithm, der, spki, Pair::Rsa(pair)))
    }

    fn new(algorithm: Algorithm, der: Vec<u8>, spki: Vec<u8>, pair: Pair) -> Self {
        Self(Arc::new(Inner { algorithm, der: der.into(), spki, pair }))
    }

    /// The key as PEM under the label and in the encoding of Talos.
    #[must_use]
    pub fn to_pem(&self) -> SecretString {
        let label = match self.0.pair {
            Pair::Ed25519(_) => pem::ED25519_PRIVATE_KEY,
            Pair::Ecdsa(_) => pem::EC_PRIVATE_KEY,
            Pair::Rsa(_) => pem::RSA_PRIVATE_KEY,
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
        let label = match self.0.pair {
            Pair::Ed25519(_) => "ED25519 PUBLIC KEY",
            Pair::Ecdsa(_) => "EC PUBLIC KEY",
            Pair::Rsa(_) => "PUBLIC KEY",
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
        match self.0.pair {
            Pair::Ed25519(_) => PrivatePkcs8KeyDer::from(der).into(),
            Pair::Ecdsa(_) => PrivateSec1KeyDer::from(der).into(),
            Pair::Rsa(_) => PrivatePkcs1KeyDer::from(der).into(),
        }
    }

    /// Signs `message` with the signature of the algorithm.
    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>> {
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
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.0.algorithm).finish()
    }
}

impl rcgen::PublicKeyData for PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        match &self.0.pair {
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
            Pair::Ecdsa(pair) => pair.public_key().as_ref(),
            Pair::Rsa(pair) => pair.public_key().as_ref(),
        }
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.0.algorithm.to_rcgen()
    }
}

impl rcgen::SigningKey for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signature(message).map_err(|_| rcgen::Error::RemoteKeyError)
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

fn rejected(error: aws_lc_rs::error::KeyRejected) -> Error {
    let message =
        "the private key is damaged or of an unsupported kind: use Ed25519, ECDSA P-256 or P-384, or RSA";
    Error::new(ErrorKind::Key, message).with_source(error)
}

fn unwritable(error: aws_lc_rs::error::Unspecified) -> Error {
    Error::new(ErrorKind::Crypto, "could not encode a key").with_source(error)
}
