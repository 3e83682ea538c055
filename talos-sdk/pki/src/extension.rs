//! Extensions of certificates (RFC 5280, section 4.2), each as DER.

use std::net::IpAddr;

use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag};

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

    pub(crate) fn to_rcgen(&self) -> rcgen::CustomExtension {
        let mut extension = rcgen::CustomExtension::from_oid_content(self.oid, self.value.clone());
        extension.set_criticality(self.critical);
        extension
    }
}
