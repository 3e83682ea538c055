//! Specifications in the shape of older versions, brought to the newest one before they are decoded.
//!
//! What a field is, its number and wire type tell, so no version needs to be known. Bytes that do not parse are left
//! as they are, for the decoder to say what is wrong.

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};

/// What to do with one field of a message.
#[derive(Debug)]
pub(super) struct Rule {
    field: u32,
    change: Change,
}

#[derive(Debug)]
enum Change {
    /// A message with rules of its own.
    Inside(&'static [Rule]),
    /// A `fixed32` that is a `uint32` now (1.12).
    Number,
    /// A map of texts that is a map of lists of texts now, under another number (1.13).
    Arguments(u32),
    /// A mirror of a registry, whose endpoints were texts with one switch for all of them (before 1.10).
    Mirror,
    /// A map of authentication and TLS by registry that is two maps now, the second one under another number (1.12).
    Registries(u32),
}

const fn rule(field: u32, change: Change) -> Rule {
    Rule { field, change }
}

const VLAN: &[Rule] = &[rule(1, Change::Number)];
const BOND: &[Rule] = &[
    rule(18, Change::Number),
    rule(19, Change::Number),
    rule(20, Change::Number),
    rule(22, Change::Number),
    rule(23, Change::Number),
];
const PORTS: &[Rule] = &[rule(1, Change::Inside(&[rule(1, Change::Number), rule(2, Change::Number)]))];
const LAYER4: &[Rule] = &[rule(2, Change::Inside(PORTS)), rule(3, Change::Inside(PORTS))];
const FILTER_RULE: &[Rule] =
    &[rule(7, Change::Inside(LAYER4)), rule(9, Change::Inside(&[rule(1, Change::Number)]))];

pub(super) const LINK_SPEC: &[Rule] = &[rule(10, Change::Inside(VLAN)), rule(11, Change::Inside(BOND))];
pub(super) const LINK_STATUS: &[Rule] = &[rule(26, Change::Inside(VLAN)), rule(28, Change::Inside(BOND))];
pub(super) const CHAIN: &[Rule] = &[rule(4, Change::Inside(FILTER_RULE))];
pub(super) const ETCD_ARGUMENTS: &[Rule] = &[rule(4, Change::Arguments(7))];
pub(super) const API_SERVER_ARGUMENTS: &[Rule] = &[rule(7, Change::Arguments(13))];
pub(super) const CONTROLLER_MANAGER_ARGUMENTS: &[Rule] = &[rule(6, Change::Arguments(10))];
pub(super) const SCHEDULER_ARGUMENTS: &[Rule] = &[rule(3, Change::Arguments(8))];
pub(super) const KUBELET_ARGUMENTS: &[Rule] = &[rule(4, Change::Arguments(15))];
/// The value of a map entry is its field 2.
const MIRROR: &[Rule] = &[rule(2, Change::Mirror)];
pub(super) const REGISTRIES: &[Rule] = &[rule(1, Change::Inside(MIRROR)), rule(2, Change::Registries(3))];

/// The message in the newest shape; the same bytes where nothing had to change.
pub(super) fn rewrite(message: Bytes, rules: &[Rule]) -> Bytes {
    match rewritten(&message, rules) {
        Some(changed) => changed.into(),
        None => message,
    }
}

/// One field of a message as it is on the wire.
struct Field<'a> {
    number: u32,
    wire_type: WireType,
    /// Number and wire type, with the value.
    whole: &'a [u8],
    /// The value; without its length.
    value: &'a [u8],
}

/// Takes the first field off a message; `None` if there is none that can be read.
fn take<'a>(rest: &mut &'a [u8]) -> Option<Field<'a>> {
    let start = *rest;
    let (number, wire_type) = decode_key(rest).ok()?;
    let length = match wire_type {
        WireType::Varint => {
            let mut after = *rest;
            decode_varint(&mut after).ok()?;
            rest.len() - after.len()
        }
        WireType::ThirtyTwoBit => 4,
        WireType::SixtyFourBit => 8,
        WireType::LengthDelimited => usize::try_from(decode_varint(rest).ok()?).ok()?,
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    let value = rest.get(..length)?;
    rest.advance(length);
    let whole = &start[..start.len() - rest.len()];
    Some(Field { number, wire_type, whole, value })
}

/// The fields of a message that can be read as a whole. Nothing is kept of them, for there may be very many.
#[derive(Clone)]
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        if self.0.is_empty() { None } else { take(&mut self.0) }
    }
}

/// The fields of a message, if all of it can be read.
fn fields(message: &[u8]) -> Option<Fields<'_>> {
    let mut rest = message;
    while !rest.is_empty() {
        take(&mut rest)?;
    }
    Some(Fields(message))
}

/// `None` if nothing has to change, or the message can't be read.
fn rewritten(message: &[u8], rules: &[Rule]) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let mut rest = message;
    while !rest.is_empty() {
        let before = message.len() - rest.len();
        let field = take(&mut rest)?;
        let changed =
            rules.iter().find(|rule| rule.field == field.number).and_then(|rule| apply(&rule.change, &field));
        match (changed, &mut out) {
            (Some(changed), out) => out.get_or_insert_with(|| message[..before].to_vec()).extend(changed),
            (None, Some(out)) => out.extend_from_slice(field.whole),
            (None, None) => {}
        }
    }
    out
}

/// What takes the place of a field; `None` if it stays.
fn apply(change: &Change, field: &Field<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match (change, field.wire_type) {
        (Change::Number, WireType::ThirtyTwoBit) => {
            encode_key(field.number, WireType::Varint, &mut out);
            encode_varint(u64::from(u32::from_le_bytes(field.value.try_into().ok()?)), &mut out);
        }
        (Change::Inside(rules), WireType::LengthDelimited) => {
            put(field.number, &rewritten(field.value, rules)?, &mut out);
        }
        (Change::Arguments(number), WireType::LengthDelimited) => {
            let mut entry = Vec::new();
            for part in fields(field.value)? {
                match part.number {
                    2 => {
                        let mut values = Vec::new();
                        put(1, part.value, &mut values);
                        put(2, &values, &mut entry);
                    }
                    _ => entry.extend_from_slice(part.whole),
                }
            }
            put(*number, &entry, &mut out);
        }
        (Change::Mirror, WireType::LengthDelimited) => put(field.number, &mirror(field.value)?, &mut out),
        (Change::Registries(tls), WireType::LengthDelimited) => {
            let entry = fields(field.value)?;
            let key = entry.clone().find(|part| part.number == 1).map_or(&[][..], |part| part.value);
            let value = entry.clone().find(|part| part.number == 2)?.value;
            let config = registry_config(value)?;
            for (number, value) in [(*tls, config.tls), (field.number, config.auth)] {
                if let Some(value) = value {
                    let mut entry = Vec::new();
                    put(1, key, &mut entry);
                    put(2, value, &mut entry);
                    put(number, &entry, &mut out);
                }
            }
        }
        _ => return None,
    }
    Some(out)
}

/// Appends a field with a length.
fn put(number: u32, value: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(value.len() as u64, out);
    out.put_slice(value);
}

/// A mirror whose endpoints are messages; `None` if they are already.
fn mirror(message: &[u8]) -> Option<Vec<u8>> {
    let parts = fields(message)?;
    // A message begins with the number of a field, which no address does.
    let is_text =
        |part: &Field<'_>| part.number == 1 && !matches!(part.value.first(), None | Some(0x0a | 0x10));
    if !parts.clone().any(|part| is_text(&part)) {
        return None;
    }
    let override_path = parts.clone().any(|part| {
        part.number == 2
            && part.wire_type == WireType::Varint
            && part.value.iter().any(|byte| *byte & 0x7f != 0)
    });
    let mut out = Vec::new();
    for part in parts {
        if !is_text(&part) {
            out.extend_from_slice(part.whole);
            continue;
        }
        let mut endpoint = Vec::new();
        put(1, part.value, &mut endpoint);
        if override_path {
            encode_key(2, WireType::Varint, &mut endpoint);
            encode_varint(1, &mut endpoint);
        }
        put(1, &endpoint, &mut out);
    }
    Some(out)
}

#[derive(Default)]
struct RegistryConfig<'a> {
    tls: Option<&'a [u8]>,
    auth: Option<&'a [u8]>,
}

/// TLS and authentication in a registry's configuration before 1.12, both messages. `None` if it is what took its
/// place: a message of texts.
fn registry_config(message: &[u8]) -> Option<RegistryConfig<'_>> {
    let mut config = RegistryConfig::default();
    for part in fields(message)? {
        let (place, most) = match part.number {
            1 => (&mut config.tls, 3),
            2 => (&mut config.auth, 4),
            _ => return None,
        };
        let is_message = part.wire_type == WireType::LengthDelimited
            && fields(part.value)?.all(|field| (1..=most).contains(&field.number));
        if !is_message {
            return None;
        }
        *place = Some(part.value);
    }
    Some(config)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::types::{cri, etcd, k8s, network};
    use super::super::{ProtobufSpec, SpecData};
    use super::*;

    /// A field with a length.
    fn field(number: u32, value: impl AsRef<[u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        put(number, value.as_ref(), &mut out);
        out
    }

    fn fixed32(number: u32, value: u32) -> Vec<u8> {
        let mut out = Vec::new();
        prost::encoding::fixed32::encode(number, &value, &mut out);
        out
    }

    fn varint(number: u32, value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        prost::encoding::uint64::encode(number, &value, &mut out);
        out
    }

    fn entry(number: u32, key: &str, value: impl AsRef<[u8]>) -> Vec<u8> {
        field(number, [field(1, key), field(2, value)].concat())
    }

    fn read<M: SpecData>(parts: &[Vec<u8>]) -> M {
        M::decode_spec(parts.concat().into(), String::new()).unwrap()
    }

    /// What the newest version writes is left alone, to the byte.
    fn stays<M: ProtobufSpec + PartialEq>(spec: &M) {
        let bytes = Bytes::from(spec.encode_to_vec());
        assert_eq!(M::upgrade(bytes.clone()), bytes);
        assert!(M::decode_spec(bytes, String::new()).unwrap() == *spec);
    }

    #[test]
    fn links_of_1_11_have_fixed_numbers() {
        let vlan = [fixed32(1, 100), varint(2, 0x8100)].concat();
        let bond = [
            varint(10, 7),
            fixed32(18, 1),
            fixed32(19, 2),
            fixed32(20, 3),
            varint(21, 1),
            fixed32(22, 4),
            fixed32(23, 0xffff),
        ];
        let status: network::LinkStatusSpec =
            read(&[varint(1, 3), field(26, &vlan), field(28, bond.concat()), varint(40, 1)]);
        assert_eq!((status.index, status.vlan.map(|vlan| vlan.vid)), (3, Some(100)));
        let read_bond = status.bond_master.unwrap();
        assert_eq!((read_bond.mii_mon, read_bond.use_carrier), (7, true));
        assert_eq!(
            [
                read_bond.num_peer_notif,
                read_bond.tlb_dynamic_lb,
                read_bond.all_slaves_active,
                read_bond.ad_actor_sys_prio,
                read_bond.ad_user_port_key
            ],
            [1, 2, 3, 4, 0xffff]
        );
        let spec: network::LinkSpecSpec =
            read(&[field(1, "bond0"), field(10, &vlan), field(11, bond.concat())]);
        assert_eq!((spec.name.as_str(), spec.vlan), ("bond0", status.vlan));
        assert_eq!(spec.bond_master.as_ref(), Some(&read_bond));
        stays(&spec);
        stays(&network::LinkStatusSpec { bond_master: Some(read_bond), mtu: 1500, ..Default::default() });
    }

    #[test]
    fn chains_of_1_11_have_fixed_ports() {
        let ports = field(1, [fixed32(1, 80), fixed32(2, 443)].concat());
        let rule = [
            varint(12, 1),
            field(7, [field(2, &ports), field(3, &ports)].concat()),
            field(9, fixed32(1, 1400)),
        ];
        let chain: network::NfTablesChainSpec =
            read(&[field(1, "filter"), field(4, rule.concat()), field(4, varint(12, 1))]);
        assert_eq!((chain.rules.len(), chain.rules[0].anon_counter), (2, true));
        assert_eq!(chain.rules[0].clamp_mss.map(|clamp| clamp.mtu), Some(1400));
        let layer4 = chain.rules[0].match_layer4.clone().unwrap();
        for ports in [layer4.match_source_port.unwrap(), layer4.match_destination_port.unwrap()] {
            assert_eq!((ports.ranges[0].lo, ports.ranges[0].hi), (80, 443));
        }
        stays(&chain);
    }

    #[test]
    fn arguments_of_1_12_are_single_texts() {
        fn arguments(number: u32) -> Vec<u8> {
            [entry(number, "a", "1"), entry(number, "b", "")].concat()
        }
        let want = ["1", ""];
        let etcd: etcd::ConfigSpec = read(&[arguments(4)]);
        let found: Vec<_> = etcd.extra_args.values().map(|values| values.values.concat()).collect();
        assert_eq!(found, want);
        stays(&etcd);
        let etcd: etcd::SpecSpec = read(&[field(1, "n"), arguments(4)]);
        assert_eq!((etcd.name.as_str(), etcd.extra_args["a"].values[0].as_str()), ("n", "1"));
        macro_rules! k8s {
            ($($spec:ident $number:literal)*) => {$(
                let spec: k8s::$spec = read(&[arguments($number)]);
                let found: Vec<_> = spec.extra_args.values().map(|values| values.values.concat()).collect();
                assert_eq!(found, want, stringify!($spec));
                stays(&spec);
            )*};
        }
        k8s! { ApiServerConfigSpec 7 ControllerManagerConfigSpec 6 SchedulerConfigSpec 3 KubeletConfigSpec 4 }
    }

    #[test]
    fn registries_of_1_9_and_1_11() {
        let identity = field(1, [field(1, "crt"), field(2, "key")].concat());
        let tls = [identity, field(2, "ca"), varint(3, 1)].concat();
        let auth = [field(1, "me"), field(2, "\"secret")].concat();
        let config = [
            entry(2, "a", [field(1, &tls), field(2, &auth)].concat()),
            entry(2, "b", field(2, &auth)),
            entry(2, "c", field(1, &tls)),
        ];
        // 1.9: endpoints are texts, and there is one switch for all of them.
        let mirror = [field(1, "https://one"), field(1, "http://two"), varint(2, 1), varint(3, 1)].concat();
        let spec: cri::RegistriesConfigSpec = read(&[entry(1, "docker.io", mirror), config.concat()]);
        let mirror = &spec.registry_mirrors["docker.io"];
        let endpoints: Vec<_> = mirror
            .mirror_endpoints
            .iter()
            .map(|endpoint| (endpoint.endpoint_endpoint.as_str(), endpoint.endpoint_override_path))
            .collect();
        assert_eq!(
            (endpoints, mirror.mirror_skip_fallback),
            (vec![("https://one", true), ("http://two", true)], true)
        );
        assert_eq!(spec.registry_auths.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(spec.registry_auths["a"].registry_password, "\"secret");
        assert_eq!(spec.registry_tl_ss.keys().collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(spec.registry_tl_ss["c"].tlsca, "ca");
        // 1.12 and later.
        stays(&spec);
    }

    #[test]
    fn what_does_not_parse_is_left_for_the_decoder() {
        for bytes in [&[0xff_u8][..], &[0x22, 0x7f, 0x01], &[0xe2, 0x01, 0x05, 0x95, 0x01], &[0x0b]] {
            for rules in [LINK_STATUS, LINK_SPEC, CHAIN, ETCD_ARGUMENTS, REGISTRIES, KUBELET_ARGUMENTS] {
                assert_eq!(rewrite(Bytes::copy_from_slice(bytes), rules), bytes);
            }
        }
    }

    #[test]
    fn hostile_bytes_cost_no_more_than_they_are() {
        const ALL: &[&[Rule]] = &[
            LINK_SPEC,
            LINK_STATUS,
            CHAIN,
            ETCD_ARGUMENTS,
            API_SERVER_ARGUMENTS,
            CONTROLLER_MANAGER_ARGUMENTS,
            SCHEDULER_ARGUMENTS,
            KUBELET_ARGUMENTS,
            REGISTRIES,
        ];
        let check = |bytes: &[u8]| {
            for rules in ALL {
                let out = rewrite(Bytes::copy_from_slice(bytes), rules);
                assert!(out.len() <= 10 * bytes.len() + 64, "{} bytes of {}", out.len(), bytes.len());
            }
        };
        // What is written once for many must be small: here it is most of the message.
        let long = "x".repeat(10_000);
        let many = |part: &[u8]| part.repeat(2_000);
        check(&entry(1, "docker.io", [many(&field(1, "h")), field(2, &long)].concat()));
        check(&entry(2, &long, [many(&field(1, "")), many(&field(2, ""))].concat()));
        check(&field(4, [field(1, &long), many(&field(2, "")), many(&varint(3, 1))].concat()));

        let seeds = [
            [field(26, fixed32(1, 100)), field(28, [fixed32(18, 1), varint(2, 3)].concat())].concat(),
            field(4, [field(7, field(2, field(1, fixed32(1, 80)))), field(9, fixed32(1, 1400))].concat()),
            [entry(4, "a", "b"), entry(7, "c", ""), entry(15, "d", field(1, "e"))].concat(),
            [
                entry(1, "r", [field(1, "https://one"), varint(2, 1)].concat()),
                entry(2, "r", field(2, field(1, "me"))),
            ]
            .concat(),
        ];
        let mut state = 1_u64;
        let mut random = move |limit: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % limit
        };
        for round in 0..20_000 {
            let mut bytes = seeds[round % seeds.len()].clone();
            for _ in 0..=random(4) {
                let place = random(bytes.len());
                match random(3) {
                    0 => bytes[place] = u8::try_from(random(256)).unwrap(),
                    1 => bytes.insert(place, u8::try_from(random(256)).unwrap()),
                    _ if bytes.len() > 1 => _ = bytes.remove(place),
                    _ => {}
                }
            }
            check(&bytes);
            let bytes = Bytes::from(bytes);
            _ = network::LinkStatusSpec::decode_spec(bytes.clone(), String::new());
            _ = network::NfTablesChainSpec::decode_spec(bytes.clone(), String::new());
            _ = cri::RegistriesConfigSpec::decode_spec(bytes.clone(), String::new());
            _ = k8s::KubeletConfigSpec::decode_spec(bytes, String::new());
        }
    }
}
