//! Extensions of certificates (RFC 5280, section 4.2), each as DER.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag};

use crate::der::{self, BOOLEAN, Der, Element, Malformed, OCTET_STRING, Oid};

const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const SUBJECT_KEY_ID: &[u64] = &[2, 5, 29, 14];
const AUTHORITY_KEY_ID: &[u64] = &[2, 5, 29, 35];
const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];

/// What the key of a certificate may be used for in TLS (extended key usage).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Usage {
    /// To be a server.
    Server,
    /// To be a client. Talos wants this and nothing else of its API clients.
    Client,
}

impl Usage {
    fn oid(self) -> &'static [u64] {
        match self {
            Self::Server => &[1, 3, 6, 1, 5, 5, 7, 3, 1],
            Self::Client => &[1, 3, 6, 1, 5, 5, 7, 3, 2],
        }
    }
}

/// What a key may do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeyUsage {
    Sign,
    /// Kubernetes also lets keys of another side be encrypted with it.
    SignAndEncipher,
    SignAndCertify,
}

/// One extension.
#[derive(Debug, Clone)]
pub(crate) struct Extension {
    oid: &'static [u64],
    critical: bool,
    value: Vec<u8>,
}

impl Extension {
    fn new(oid: &'static [u64], critical: bool, value: impl FnOnce(DERWriter<'_>)) -> Self {
        Self { oid, critical, value: yasna::construct_der(value) }
    }

    /// What the key is for, beyond TLS.
    pub(crate) fn key_usage(usage: KeyUsage) -> Self {
        // Bit 0 is digitalSignature, bit 2 keyEncipherment, bit 5 keyCertSign.
        let (bits, length): (u8, usize) = match usage {
            KeyUsage::Sign => (0b1000_0000, 1),
            KeyUsage::SignAndEncipher => (0b1010_0000, 3),
            KeyUsage::SignAndCertify => (0b1000_0100, 6),
        };
        Self::new(KEY_USAGE, true, |writer| writer.write_bitvec_bytes(&[bits], length))
    }

    pub(crate) fn extended_key_usage(usages: &[Usage]) -> Self {
        Self::new(EXTENDED_KEY_USAGE, false, |writer| {
            writer.write_sequence(|writer| {
                for usage in usages {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(usage.oid()));
                }
            });
        })
    }

    /// The certificate is an authority's, with chains of any length below it.
    pub(crate) fn authority() -> Self {
        Self::new(BASIC_CONSTRAINTS, true, |writer| {
            writer.write_sequence(|writer| writer.next().write_bool(true));
        })
    }

    pub(crate) fn subject_key_id(id: &[u8]) -> Self {
        Self::new(SUBJECT_KEY_ID, false, |writer| writer.write_bytes(id))
    }

    pub(crate) fn authority_key_id(id: &[u8]) -> Self {
        Self::new(AUTHORITY_KEY_ID, false, |writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged_implicit(Tag::context(0), |writer| writer.write_bytes(id));
            });
        })
    }

    /// DNS names first, then addresses, as Go orders them; critical where the subject is empty.
    pub(crate) fn subject_alt_name(dns_names: &[String], ip_addresses: &[IpAddr], critical: bool) -> Self {
        Self::new(SUBJECT_ALT_NAME, critical, |writer| {
            writer.write_sequence(|writer| {
                for name in dns_names {
                    writer
                        .next()
                        .write_tagged_implicit(Tag::context(2), |writer| writer.write_bytes(name.as_bytes()));
                }
                for address in ip_addresses {
                    writer.next().write_tagged_implicit(Tag::context(7), |writer| match address {
                        IpAddr::V4(address) => writer.write_bytes(&address.octets()),
                        IpAddr::V6(address) => writer.write_bytes(&address.octets()),
                    });
                }
            });
        })
    }

    pub(crate) fn write(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            writer.next().write_oid(&ObjectIdentifier::from_slice(self.oid));
            if self.critical {
                writer.next().write_bool(true);
            }
            writer.next().write_bytes(&self.value);
        });
    }
}

/// What extensions say that were read.
#[derive(Default)]
pub(crate) struct Extensions {
    pub(crate) authority: bool,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) usages: Vec<Usage>,
    pub(crate) names: AltNames,
}

/// Names of a subject beside its distinguished name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AltNames {
    pub(crate) dns_names: Vec<String>,
    pub(crate) ip_addresses: Vec<IpAddr>,
}

impl Extensions {
    /// Reads a list of extensions. There must not be two of a kind; one with damaged content says nothing.
    pub(crate) fn read(list: &mut Der<'_>) -> Result<Self, Malformed> {
        let mut read = Self::default();
        let mut seen = Vec::new();
        let mut list = list.sequence()?;
        while !list.is_empty() {
            let mut parts = list.sequence()?;
            let kind = parts.oid()?;
            let _critical = parts.optional(BOOLEAN)?;
            let content = parts.value(OCTET_STRING)?;
            if seen.contains(&kind) {
                return Err(Malformed);
            }
            seen.push(kind);
            let _ = read.add(kind, content.inside());
        }
        Ok(read)
    }

    fn add(&mut self, kind: Oid<'_>, mut content: Der<'_>) -> Result<(), Malformed> {
        if kind.is(BASIC_CONSTRAINTS) {
            self.authority =
                content.sequence()?.optional(BOOLEAN)?.is_some_and(|value| value.content == [0xFF]);
        } else if kind.is(SUBJECT_KEY_ID) {
            self.subject_key_id = Some(content.value(OCTET_STRING)?.content.to_vec());
        } else if kind.is(EXTENDED_KEY_USAGE) {
            let mut list = content.sequence()?;
            let mut kinds = Vec::new();
            while !list.is_empty() {
                kinds.push(list.oid()?);
            }
            let is_named = |usage: &Usage| kinds.iter().any(|kind| kind.is(usage.oid()));
            self.usages = [Usage::Server, Usage::Client].into_iter().filter(is_named).collect();
        } else if kind.is(SUBJECT_ALT_NAME) {
            let mut list = content.sequence()?;
            let mut names = AltNames::default();
            while !list.is_empty() {
                names.add(list.any()?);
            }
            self.names = names;
        }
        Ok(())
    }
}

impl AltNames {
    /// Adds a DNS name or an address; names of other kinds are left out.
    fn add(&mut self, name: Element<'_>) {
        const DNS_NAME: u8 = der::context(2);
        const IP_ADDRESS: u8 = der::context(7);
        match name.tag {
            DNS_NAME => self.dns_names.extend(String::from_utf8(name.content.to_vec())),
            IP_ADDRESS => self.ip_addresses.extend(address(name.content)),
            _ => {}
        }
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(v4).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| Ipv6Addr::from(v6).into())
}
