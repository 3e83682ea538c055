//! Distinguished names: organizations and a common name, in the shape in which Go writes them.

use yasna::DERWriter;
use yasna::models::ObjectIdentifier;

use crate::der::{self, Element, Malformed, SET};

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

/// Organizations and common name of a name, as far as they are text.
pub(crate) fn parts(name: Element<'_>) -> Result<(Vec<String>, Option<String>), Malformed> {
    let (mut organizations, mut common_name) = (Vec::new(), None);
    let mut relative_names = name.inside();
    while !relative_names.is_empty() {
        let mut attributes = relative_names.value(SET)?.inside();
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence()?;
            let kind = attribute.oid()?;
            let Some(text) = text(attribute.any()?) else { continue };
            if kind.is(ORGANIZATION) {
                organizations.push(text);
            } else if kind.is(COMMON_NAME) {
                common_name.get_or_insert(text);
            }
        }
    }
    Ok((organizations, common_name))
}

fn text(value: Element<'_>) -> Option<String> {
    match value.tag {
        der::NUMERIC_STRING | der::PRINTABLE_STRING | der::UTF8_STRING | der::IA5_STRING => {
            String::from_utf8(value.content.to_vec()).ok()
        }
        _ => None,
    }
}
