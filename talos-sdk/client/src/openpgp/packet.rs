//! Armor, packets and what they are made of. Nothing is read past the end of what is there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{MALFORMED, Reason};

/// No key of one person comes near this.
const MOST: usize = 64 << 10;

/// The bytes inside the armor. Its check sum is not looked at, as RFC 9580 wants: packets have checks of their own.
pub(super) fn dearmor(text: &str) -> Result<Zeroizing<Vec<u8>>, Reason> {
    if text.len() > MOST {
        return Err("the OpenPGP key is larger than 64 KiB");
    }
    let mut lines = text.lines().map(str::trim);
    if !lines.any(|line| line == "-----BEGIN PGP PRIVATE KEY BLOCK-----") {
        return Err("there is no `BEGIN PGP PRIVATE KEY BLOCK`: the key must be a secret one, and armored");
    }
    // Headers end with an empty line.
    if !lines.any(str::is_empty) {
        return Err(MALFORMED);
    }
    let mut inside = Zeroizing::new(String::with_capacity(text.len()));
    for line in lines {
        if line.starts_with('=') || line.starts_with('-') {
            return STANDARD.decode(inside.as_bytes()).map(Zeroizing::new).map_err(|_| MALFORMED);
        }
        inside.push_str(line);
    }
    Err(MALFORMED)
}

/// Tag and body of each packet.
pub(super) struct Packets<'a>(Reader<'a>);

impl<'a> Packets<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    fn packet(&mut self) -> Result<(u8, &'a [u8]), Reason> {
        let reader = &mut self.0;
        let first = reader.u8()?;
        if first & 0x80 == 0 {
            return Err(MALFORMED);
        }
        if first & 0x40 != 0 {
            let length = reader.length()?;
            return Ok((first & 0x3f, reader.take(length)?));
        }
        let length = match first & 0x03 {
            0 => reader.u8()?.into(),
            1 => reader.u16()?.into(),
            2 => reader.u32()? as usize,
            _ => return Err(MALFORMED),
        };
        Ok(((first >> 2) & 0x0f, reader.take(length)?))
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<(u8, &'a [u8]), Reason>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.rest().is_empty() {
            return None;
        }
        let packet = self.packet();
        if packet.is_err() {
            self.0 = Reader::new(&[]);
        }
        Some(packet)
    }
}

/// Reads from the start of some bytes.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Reason> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        self.take(N)?.try_into().map_err(|_| MALFORMED)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Reason> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Reason> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Reason> {
        self.array().map(u32::from_be_bytes)
    }

    /// The length of a packet or subpacket; packets in parts are for data, not for keys.
    pub(super) fn length(&mut self) -> Result<usize, Reason> {
        match self.u8()? {
            first @ 0..192 => Ok(first.into()),
            first @ 192..224 => Ok(((usize::from(first) - 192) << 8) + usize::from(self.u8()?) + 192),
            255 => Ok(self.u32()? as usize),
            _ => Err(MALFORMED),
        }
    }

    /// The length of a subpacket, where two bytes reach further.
    pub(super) fn subpacket_length(&mut self) -> Result<usize, Reason> {
        match self.u8()? {
            first @ 0..192 => Ok(first.into()),
            255 => Ok(self.u32()? as usize),
            first => Ok(((usize::from(first) - 192) << 8) + usize::from(self.u8()?) + 192),
        }
    }

    /// A multi-precision integer, big-endian.
    pub(super) fn integer(&mut self) -> Result<&'a [u8], Reason> {
        let bits = usize::from(self.u16()?);
        self.take(bits.div_ceil(8))
    }
}

/// Writes bytes, big-endian, as a multi-precision integer.
pub(super) fn put_integer(into: &mut Vec<u8>, bytes: &[u8]) {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = &bytes[zeros..];
    let unused = significant.first().map_or(0, |byte| byte.leading_zeros() as usize);
    into.extend(((significant.len() * 8 - unused) as u16).to_be_bytes());
    into.extend(significant);
}
