//! Specifications on the wire as an older version of Talos encodes them.

use bytes::Bytes;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};

/// How one field was different.
enum Older {
    /// A message in which fields were different.
    Inside(&'static [Field]),
    /// A `fixed32` before 1.12.
    Fixed,
    /// A map of texts under this number before 1.13, where it is a map of lists of texts now.
    Texts(u32),
}

type Field = (u32, Older);

const FIXED: u16 = 12;
const TEXTS: u16 = 13;

const VLAN: &[Field] = &[(1, Older::Fixed)];
const BOND: &[Field] =
    &[(18, Older::Fixed), (19, Older::Fixed), (20, Older::Fixed), (22, Older::Fixed), (23, Older::Fixed)];
const RANGES: &[Field] = &[(1, Older::Inside(&[(1, Older::Fixed), (2, Older::Fixed)]))];
const LAYER_4: &[Field] = &[(2, Older::Inside(RANGES)), (3, Older::Inside(RANGES))];
const RULE: &[Field] = &[(7, Older::Inside(LAYER_4)), (9, Older::Inside(&[(1, Older::Fixed)]))];

/// The types with fields that were different.
const TYPES: &[(&str, &[Field])] = &[
    ("APIServerConfigs.kubernetes.talos.dev", &[(13, Older::Texts(7))]),
    ("ControllerManagerConfigs.kubernetes.talos.dev", &[(10, Older::Texts(6))]),
    ("EtcdConfigs.etcd.talos.dev", &[(7, Older::Texts(4))]),
    ("EtcdSpecs.etcd.talos.dev", &[(7, Older::Texts(4))]),
    ("KubeletConfigs.kubernetes.talos.dev", &[(15, Older::Texts(4))]),
    ("LinkSpecs.net.talos.dev", &[(10, Older::Inside(VLAN)), (11, Older::Inside(BOND))]),
    ("LinkStatuses.net.talos.dev", &[(26, Older::Inside(VLAN)), (28, Older::Inside(BOND))]),
    ("NfTablesChains.net.talos.dev", &[(4, Older::Inside(RULE))]),
    ("SchedulerConfigs.kubernetes.talos.dev", &[(8, Older::Texts(3))]),
];

/// A specification of this type as Talos 1.`minor` encodes it. What cannot be read stays as it is.
pub(super) fn encode(kind: &str, proto: Bytes, minor: u16) -> Bytes {
    let fields = TYPES.iter().find(|(name, _)| *name == kind).filter(|_| minor < FIXED.max(TEXTS));
    fields.and_then(|(_, fields)| rewrite(&proto, fields, minor)).map_or(proto, Bytes::from)
}

fn rewrite(message: &[u8], fields: &[Field], minor: u16) -> Option<Vec<u8>> {
    let mut rest = message;
    let mut out = Vec::with_capacity(message.len());
    while !rest.is_empty() {
        let whole = rest;
        let (number, wire) = decode_key(&mut rest).ok()?;
        let value = match wire {
            WireType::Varint => {
                let before = rest;
                decode_varint(&mut rest).ok()?;
                before.get(..before.len() - rest.len())?
            }
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
                take(&mut rest, length)?
            }
            WireType::ThirtyTwoBit => take(&mut rest, 4)?,
            WireType::SixtyFourBit => take(&mut rest, 8)?,
            WireType::StartGroup | WireType::EndGroup => return None,
        };
        let older = fields.iter().find(|(field, _)| *field == number).map(|(_, older)| older);
        match (older, wire) {
            (Some(Older::Inside(inside)), WireType::LengthDelimited) => {
                put(number, &rewrite(value, inside, minor)?, &mut out);
            }
            (Some(Older::Fixed), WireType::Varint) if minor < FIXED => {
                let number_on_wire = decode_varint(&mut &*value).ok()?;
                encode_key(number, WireType::ThirtyTwoBit, &mut out);
                out.extend_from_slice(&u32::try_from(number_on_wire).ok()?.to_le_bytes());
            }
            (Some(Older::Texts(early)), WireType::LengthDelimited) if minor < TEXTS => {
                put(*early, &text_entry(value)?, &mut out);
            }
            _ => out.extend_from_slice(whole.get(..whole.len() - rest.len())?),
        }
    }
    Some(out)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (value, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(value)
}

fn put(number: u32, value: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// An entry whose value is a list of texts, as one whose value is the last of them.
fn text_entry(entry: &[u8]) -> Option<Vec<u8>> {
    #[derive(Clone, PartialEq, prost::Message)]
    struct Entry {
        #[prost(string, tag = "1")]
        key: String,
        #[prost(message, optional, tag = "2")]
        value: Option<talos_proto::talos::resource::definitions::k8s::ArgValues>,
    }
    use prost::Message;
    let entry = Entry::decode(entry).ok()?;
    let mut out = Vec::new();
    put(1, entry.key.as_bytes(), &mut out);
    put(2, entry.value?.values.last()?.as_bytes(), &mut out);
    Some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use prost::Message;
    use talos_proto::talos::resource::definitions::network::{LinkStatusSpec, VlanSpec};

    use super::*;

    #[test]
    fn numbers_were_fixed() {
        let status = LinkStatusSpec {
            index: 3,
            vlan: Some(VlanSpec { vid: 100, ..VlanSpec::default() }),
            ..LinkStatusSpec::default()
        };
        let now: Bytes = status.encode_to_vec().into();
        let kind = "LinkStatuses.net.talos.dev";
        assert_eq!(encode(kind, now.clone(), 12), now);
        let early = encode(kind, now.clone(), 11);
        // Field 1 of the inner message as four bytes.
        assert!(early.windows(5).any(|window| window == [0x0d, 100, 0, 0, 0]), "{early:?}");
        assert!(LinkStatusSpec::decode(early).is_err());
        assert_eq!(encode("Members.cluster.talos.dev", now.clone(), 9), now);
        assert_eq!(encode(kind, Bytes::from_static(b"\xff"), 9), b"\xff"[..]);
    }

    #[test]
    fn arguments_were_texts() {
        use talos_proto::talos::resource::definitions::k8s::{ArgValues, SchedulerConfigSpec};
        let values = ArgValues { values: vec!["1".into(), "2".into()] };
        let spec = SchedulerConfigSpec {
            extra_args: [("v".to_owned(), values)].into(),
            ..SchedulerConfigSpec::default()
        };
        let now: Bytes = spec.encode_to_vec().into();
        let kind = "SchedulerConfigs.kubernetes.talos.dev";
        assert_eq!(encode(kind, now.clone(), 13), now);
        assert_eq!(encode(kind, now, 12), [&[0x1a, 6, 0x0a, 1][..], b"v", &[0x12, 1], b"2"].concat());
    }
}
