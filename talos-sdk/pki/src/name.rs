//! Distinguished names: organizations and a common name, in the shape in which Go writes them.

use x509_parser::x509::X509Name;
use yasna::DERWriter;
use yasna::models::ObjectIdentifier;

use crate::{Error, ErrorKind, Result};

const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
const ORGANIZATION: &[u64] = &[2, 5, 4, 10];

/// The DER of a name with these parts. Several organizations share one relative name, a SET sorted as DER asks.
pub(crate) fn encode(organizations: &[String], common_name: Option<&str>) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            if !organizations.is_empty() {
                writer.next().write_set_of(|writer| {
                    for organization in organizations {
                        write_attribute(writer.next(), ORGANIZATION, organization);
                    }
                });
            }
            if let Some(name) = common_name {
                writer.next().write_set_of(|writer| write_attribute(writer.next(), COMMON_NAME, name));
            }
        });
    })
}

fn write_attribute(writer: DERWriter<'_>, oid: &[u64], value: &str) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(oid));
        if is_printable(value) {
            writer.next().write_printable_string(value);
        } else {
            writer.next().write_utf8_string(value);
        }
    });
}

/// Whether Go writes `value` as PrintableString.
fn is_printable(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte))
}

/// Organizations and common name of a parsed name.
pub(crate) fn parts(name: &X509Name<'_>) -> (Vec<String>, Option<String>) {
    let text =
        |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| attribute.as_str().ok().map(str::to_owned);
    (name.iter_organization().filter_map(text).collect(), name.iter_common_name().find_map(text))
}

/// The same name for rcgen, or nothing where rcgen would write other bytes than `der`: it knows neither several values
/// in one relative name nor a second attribute of one type.
pub(crate) fn to_rcgen(der: &[u8]) -> Result<Option<rcgen::DistinguishedName>> {
    use x509_parser::prelude::FromDer as _;
    let (_, parsed) = X509Name::from_der(der)
        .map_err(|error| Error::new(ErrorKind::Certificate, "the name cannot be read").with_source(error))?;
    let (organizations, common_name) = parts(&parsed);
    if organizations.len() > 1 || encode(&organizations, common_name.as_deref()) != der {
        return Ok(None);
    }
    let mut name = rcgen::DistinguishedName::new();
    let organization = organizations.into_iter().next().map(|text| (rcgen::DnType::OrganizationName, text));
    let common_name = common_name.map(|text| (rcgen::DnType::CommonName, text));
    for (kind, text) in organization.into_iter().chain(common_name) {
        let value = match text.as_str().try_into() {
            Ok(printable) if is_printable(&text) => rcgen::DnValue::PrintableString(printable),
            _ => rcgen::DnValue::Utf8String(text),
        };
        name.push(kind, value);
    }
    Ok(Some(name))
}
