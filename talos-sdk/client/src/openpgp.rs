//! The part of OpenPGP (RFC 4880, RFC 9580) that SideroV1 needs: a secret key of Ed25519, and detached signatures.

mod certification;
mod packet;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

use self::certification::{Certified, newest};
use self::packet::{Packets, Reader, dearmor};

/// How far the clocks of a client and its server may be apart.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Why a key can't be used, without a byte of it.
pub type Reason = &'static str;

const ENCRYPTED: Reason = "the OpenPGP key is locked with a passphrase, and only keys without one are read";
const MALFORMED: Reason = "the OpenPGP key is incomplete or damaged";

/// A secret key of Ed25519 that may sign, in version 4 of OpenPGP.
pub struct SecretKey {
    algorithm: Algorithm,
    pair: Ed25519KeyPair,
    fingerprint: [u8; 20],
    created: SystemTime,
    expires: Option<SystemTime>,
}

/// The two numbers that OpenPGP has for Ed25519, which write keys and signatures differently.
#[derive(Clone, Copy, PartialEq)]
enum Algorithm {
    /// 22, of the time before RFC 9580: multi-precision integers.
    EdDsaLegacy,
    /// 27: 32 and 64 bytes as they are.
    Ed25519,
}

impl Algorithm {
    fn number(self) -> u8 {
        match self {
            Self::EdDsaLegacy => 22,
            Self::Ed25519 => 27,
        }
    }

    fn of(number: u8) -> Result<Self, Reason> {
        match number {
            22 => Ok(Self::EdDsaLegacy),
            27 => Ok(Self::Ed25519),
            1..=3 => Err("the OpenPGP key is of RSA: only keys of Ed25519 sign here"),
            16 | 20 => Err("the OpenPGP key is of Elgamal: only keys of Ed25519 sign here"),
            17 => Err("the OpenPGP key is of DSA: only keys of Ed25519 sign here"),
            18 => Err("the OpenPGP key is of ECDH, which can't sign: only keys of Ed25519 sign here"),
            19 => Err("the OpenPGP key is of ECDSA: only keys of Ed25519 sign here"),
            25 | 26 => {
                Err("the OpenPGP key is of X25519 or X448, which can't sign: only keys of Ed25519 do here")
            }
            28 => Err("the OpenPGP key is of Ed448: only keys of Ed25519 sign here"),
            _ => Err("the OpenPGP key is of an unknown algorithm: only keys of Ed25519 sign here"),
        }
    }
}

/// The object identifier of Ed25519 in keys of algorithm 22.
const ED25519_CURVE: [u8; 9] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

impl SecretKey {
    /// Reads a key as text, with its self-signatures, which are verified: they say what it may do and how long.
    pub fn from_armored(text: &str) -> Result<Self, Reason> {
        Self::from_packets(&dearmor(text)?)
    }

    /// Reads a key as packets.
    pub fn from_packets(bytes: &[u8]) -> Result<Self, Reason> {
        let mut packets = Packets::new(bytes);
        let body = match packets.next().ok_or(MALFORMED)?? {
            (5, body) => body,
            (6, _) => return Err("this is the public part of an OpenPGP key: the secret one signs"),
            _ => return Err(MALFORMED),
        };
        let mut reader = Reader::new(body);
        match reader.u8()? {
            4 => {}
            6 => return Err("the OpenPGP key is of version 6: only version 4 is read"),
            _ => return Err("the OpenPGP key is of an old or unknown version: only version 4 is read"),
        }
        let created = UNIX_EPOCH + Duration::from_secs(reader.u32()?.into());
        let algorithm = Algorithm::of(reader.u8()?)?;
        let public: [u8; 32] = match algorithm {
            Algorithm::Ed25519 => reader.array()?,
            Algorithm::EdDsaLegacy => {
                let length = reader.u8()?;
                if reader.take(length.into())? != ED25519_CURVE {
                    return Err("the OpenPGP key is of another curve than Ed25519");
                }
                match reader.integer()? {
                    [0x40, point @ ..] => point.try_into().map_err(|_| MALFORMED)?,
                    _ => return Err(MALFORMED),
                }
            }
        };
        let public_body = body.get(..body.len() - reader.rest().len()).ok_or(MALFORMED)?;
        if reader.u8()? != 0 {
            return Err(ENCRYPTED);
        }
        let secret = reader.rest();
        let mut seed = Zeroizing::new([0; 32]);
        match algorithm {
            Algorithm::Ed25519 => seed.copy_from_slice(reader.take(32)?),
            Algorithm::EdDsaLegacy => {
                // Integers have no leading zeros.
                let integer = reader.integer()?;
                let start = 32_usize.checked_sub(integer.len()).ok_or(MALFORMED)?;
                seed[start..].copy_from_slice(integer);
            }
        }
        let covered = &secret[..secret.len() - reader.rest().len()];
        let sum = covered.iter().fold(0_u16, |sum, byte| sum.wrapping_add((*byte).into()));
        if reader.u16()? != sum || !reader.rest().is_empty() {
            return Err("the checksum of the OpenPGP key is wrong: it is damaged");
        }
        let pair = Ed25519KeyPair::from_seed_and_public_key(&*seed, &public)
            .map_err(|_| "the secret and the public part of the OpenPGP key do not belong together")?;

        // What is hashed for the key, here and in its certifications.
        let mut framed = vec![0x99];
        framed.extend(u16::try_from(public_body.len()).map_err(|_| MALFORMED)?.to_be_bytes());
        framed.extend(public_body);
        let mut fingerprint = [0; 20];
        fingerprint.copy_from_slice(digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, &framed).as_ref());
        let Certified { flags, key_lifetime, signature_expires } =
            newest(packets, &framed, pair.public_key().as_ref(), algorithm)?;
        if flags.is_some_and(|flags| flags & 0x02 == 0) {
            return Err("the OpenPGP key may not sign: its own certification allows other uses only");
        }
        let key_expires = key_lifetime.map(|lifetime| created + lifetime);
        let expires = key_expires.into_iter().chain(signature_expires).min();
        Ok(Self { algorithm, pair, fingerprint, created, expires })
    }

    /// The fingerprint, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// When the key stops being valid, if ever.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Whether the key was made later than now, by more than clocks may differ.
    pub fn is_from_the_future(&self, now: SystemTime) -> bool {
        self.created > now + SKEW
    }

    /// A detached signature of a binary document, as one packet.
    pub fn sign(&self, document: &[u8], now: SystemTime) -> Vec<u8> {
        // A signature older than its key counts for nothing, so a clock that is a little behind is helped.
        let seconds = now.max(self.created).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        let mut head = vec![4, 0x00, self.algorithm.number(), 8];
        let mut subpackets = vec![5, 2];
        subpackets.extend(seconds.to_be_bytes());
        subpackets.extend([22, 33, 4]);
        subpackets.extend(self.fingerprint);
        head.extend([0, subpackets.len() as u8]);
        head.extend(subpackets);

        let mut hashed = digest::Context::new(&SHA256);
        hashed.update(document);
        hashed.update(&trailed(&head));
        let hash = hashed.finish();
        let signature = self.pair.sign(hash.as_ref());
        let mut body = head;
        // No subpackets without a signature, then the start of the hash.
        body.extend([0, 0]);
        body.extend(&hash.as_ref()[..2]);
        match self.algorithm {
            Algorithm::Ed25519 => body.extend(signature.as_ref()),
            Algorithm::EdDsaLegacy => {
                for half in signature.as_ref().chunks(32) {
                    packet::put_integer(&mut body, half);
                }
            }
        }
        // Tag 2, and a length below 192.
        let mut packet = vec![0xc0 | 2, body.len() as u8];
        packet.extend(body);
        packet
    }
}

/// The fields of a signature that it covers itself, and their length.
fn trailed(head: &[u8]) -> Vec<u8> {
    let mut trailed = head.to_vec();
    trailed.extend([4, 0xff]);
    trailed.extend((head.len() as u32).to_be_bytes());
    trailed
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}
