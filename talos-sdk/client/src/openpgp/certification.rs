//! What a key says about itself: how long it is valid, and for what.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use super::packet::{Packets, Reader};
use super::{Algorithm, MALFORMED, Reason, trailed};

/// What the newest certification of a key by itself says.
#[derive(Default)]
pub(super) struct Certified {
    /// What the key may do, if that is limited.
    pub(super) flags: Option<u8>,
    /// Counted from when the key was made; none is for ever.
    pub(super) key_lifetime: Option<Duration>,
    pub(super) signature_expires: Option<SystemTime>,
}

/// Reads the packets that follow the key up to its first subkey, and verifies its certifications.
pub(super) fn newest(
    packets: Packets<'_>,
    key: &[u8],
    public: &[u8],
    algorithm: Algorithm,
) -> Result<Certified, Reason> {
    let mut newest: Option<(u32, Certified)> = None;
    // What is certified: the key alone, or with a name.
    let mut subject = key.to_vec();
    for packet in packets {
        match packet? {
            (13, name) => {
                subject =
                    [key, &[0xb4], &u32::try_from(name.len()).map_err(|_| MALFORMED)?.to_be_bytes(), name]
                        .concat();
            }
            (2, body) => {
                let Some((time, certified)) = certification(body, &subject, public, algorithm)? else {
                    continue;
                };
                if newest.as_ref().is_none_or(|(newest, _)| time >= *newest) {
                    newest = Some((time, certified));
                }
            }
            // Subkeys follow, which encrypt.
            (7 | 14, _) => break,
            // Pictures are certified too, and what is certified is not known for whatever else there may be.
            _ => subject.clear(),
        }
    }
    let none = "the OpenPGP key has no certification by itself that can be verified: export it whole";
    newest.map(|(_, certified)| certified).ok_or(none)
}

/// What one signature says, and when; `None` if it is not one by the key on itself.
fn certification(
    body: &[u8],
    subject: &[u8],
    public: &[u8],
    algorithm: Algorithm,
) -> Result<Option<(u32, Certified)>, Reason> {
    let mut reader = Reader::new(body);
    if reader.u8()? != 4 {
        return Ok(None);
    }
    let kind = reader.u8()?;
    if kind == 0x20 {
        return Err("the OpenPGP key is revoked: make a new one with the tool that made this one");
    }
    let signed_with = reader.u8()?;
    let hash = match reader.u8()? {
        8 => &SHA256,
        9 => &SHA384,
        10 => &SHA512,
        _ => return Ok(None),
    };
    if !matches!(kind, 0x10..=0x13 | 0x1f) || signed_with != algorithm.number() || subject.is_empty() {
        return Ok(None);
    }
    let length = reader.u16()?.into();
    let subpackets = reader.take(length)?;
    let head = &body[..6 + length];
    let unhashed = reader.u16()?.into();
    reader.take(unhashed)?;
    reader.u16()?;
    let mut signature = [0; 64];
    match algorithm {
        Algorithm::Ed25519 => signature = reader.array()?,
        Algorithm::EdDsaLegacy => {
            for half in signature.chunks_mut(32) {
                let integer = reader.integer()?;
                let start = 32_usize.checked_sub(integer.len()).ok_or(MALFORMED)?;
                half[start..].copy_from_slice(integer);
            }
        }
    }
    let mut hashed = digest::Context::new(hash);
    hashed.update(subject);
    hashed.update(&trailed(head));
    // Somebody else's, or damaged: either way it says nothing.
    if UnparsedPublicKey::new(&ED25519, public).verify(hashed.finish().as_ref(), &signature).is_err() {
        return Ok(None);
    }
    read(subpackets).map(Some)
}

fn read(subpackets: &[u8]) -> Result<(u32, Certified), Reason> {
    let mut reader = Reader::new(subpackets);
    let mut created = None;
    let mut lifetime = 0;
    let mut certified = Certified::default();
    while !reader.rest().is_empty() {
        let length = reader.subpacket_length()?;
        let mut subpacket = Reader::new(reader.take(length)?);
        // The highest bit says that it must be understood.
        match subpacket.u8()? & 0x7f {
            2 => created = Some(subpacket.u32()?),
            3 => lifetime = subpacket.u32()?,
            9 => {
                let seconds = subpacket.u32()?;
                certified.key_lifetime = (seconds != 0).then(|| Duration::from_secs(seconds.into()));
            }
            27 => certified.flags = Some(subpacket.rest().first().copied().unwrap_or(0)),
            _ => {}
        }
    }
    let created = created.ok_or(MALFORMED)?;
    if lifetime != 0 {
        let seconds = u64::from(created) + u64::from(lifetime);
        certified.signature_expires = Some(UNIX_EPOCH + Duration::from_secs(seconds));
    }
    Ok((created, certified))
}
