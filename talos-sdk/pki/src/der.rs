//! DER as it is read: what is taken out borrows from the bytes.

use std::fmt;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0C;
pub(crate) const NUMERIC_STRING: u8 = 0x12;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag of a value that its structure numbers.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// As [`context`], of values with values inside.
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xA0 | number
}

/// The bytes are not DER, or not the structure that they ought to be.
#[derive(Debug)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the DER is damaged or of another structure")
    }
}

impl std::error::Error for Malformed {}

/// One value.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With tag and length.
    pub(crate) raw: &'a [u8],
}

impl<'a> Element<'a> {
    /// The values inside.
    pub(crate) fn inside(self) -> Der<'a> {
        Der(self.content)
    }
}

/// Values one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Fails if there are more values.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// The next value, whatever it is. Tags above 30 don't occur in certificates.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, Malformed> {
        let (&tag, rest) = self.0.split_first().ok_or(Malformed)?;
        let (&first, rest) = rest.split_first().ok_or(Malformed)?;
        let (length, rest) = match first {
            0..=0x7F => (usize::from(first), rest),
            // A length of up to four bytes, which has to be the shortest.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F)).ok_or(Malformed)?;
                let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
                if bytes[0] == 0 || length < 0x80 {
                    return Err(Malformed);
                }
                (length, rest)
            }
            _ => return Err(Malformed),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        if tag & 0x1F == 0x1F {
            return Err(Malformed);
        }
        let raw = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        Ok(Element { tag, content, raw })
    }

    /// The next value, which has this tag.
    pub(crate) fn value(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        self.optional(tag)?.ok_or(Malformed)
    }

    /// The next value if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.0.first() == Some(&tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// The values inside of the next value, which is a SEQUENCE.
    pub(crate) fn sequence(&mut self) -> Result<Der<'a>, Malformed> {
        self.value(SEQUENCE).map(Element::inside)
    }

    /// The bytes of a BIT STRING.
    pub(crate) fn bits(&mut self) -> Result<&'a [u8], Malformed> {
        match self.value(BIT_STRING)?.content {
            [0..8, bytes @ ..] => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    pub(crate) fn oid(&mut self) -> Result<Oid<'a>, Malformed> {
        match self.value(OBJECT_IDENTIFIER)?.content {
            bytes @ [.., 0..0x80] => Ok(Oid(bytes)),
            _ => Err(Malformed),
        }
    }
}

/// An object identifier.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Oid<'a>(&'a [u8]);

impl Oid<'_> {
    pub(crate) fn is(self, numbers: &[u64]) -> bool {
        self.numbers() == numbers
    }

    /// Its numbers; those that are too large become the largest there is.
    fn numbers(self) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut number = 0_u64;
        for byte in self.0 {
            number = number.saturating_mul(128).saturating_add(u64::from(byte & 0x7F));
            if byte & 0x80 != 0 {
                continue;
            }
            // The first two are written as one.
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first);
                number -= 40 * first;
            }
            numbers.push(std::mem::take(&mut number));
        }
        numbers
    }
}

impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.numbers().iter().map(u64::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}
