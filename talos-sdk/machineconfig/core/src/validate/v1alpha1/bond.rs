//! Rules of `machine.network.interfaces[].bond`: which options suit which mode.

use crate::types::v1alpha1::Bond;
use crate::validate::Findings;
use crate::validate::kubernetes::one_of;

const MODES: [&str; 7] =
    ["balance-rr", "active-backup", "balance-xor", "broadcast", LACP, "balance-tlb", "balance-alb"];

const LACP: &str = "802.3ad";

pub(super) fn check(bond: &Bond, found: &mut Findings) {
    let choices: [(&str, &str, &str, &[&str]); 8] = [
        ("mode", "mode", &bond.mode, &MODES),
        (
            "xmitHashPolicy",
            "hash policy",
            &bond.xmit_hash_policy,
            &["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"],
        ),
        ("lacpRate", "rate", &bond.lacp_rate, &["slow", "fast"]),
        (
            "arpValidate",
            "choice",
            &bond.arp_validate,
            &["none", "active", "backup", "all", "filter", "filter-active", "filter-backup"],
        ),
        ("arpAllTargets", "choice", &bond.arp_all_targets, &["any", "all"]),
        ("primaryReselect", "choice", &bond.primary_reselect, &["always", "better", "failure"]),
        ("failOverMac", "choice", &bond.fail_over_mac, &["none", "active", "follow"]),
        ("adSelect", "choice", &bond.ad_select, &["stable", "bandwidth", "count"]),
    ];
    for (key, what, value, known) in choices {
        if !value.is_empty() && !known.contains(&value) {
            found.error(key, one_of(what, value, known));
        }
    }
    check_delays(bond, found);
    for (key, is_set) in
        [("arpIPTarget", !bond.arp_ip_target.is_empty()), ("adActorSystem", !bond.ad_actor_system.is_empty())]
    {
        if is_set {
            found.error(key, "Talos does not support this option: remove it");
        }
    }
    check_mode(bond, found);
}

fn check_delays(bond: &Bond, found: &mut Findings) {
    for (key, delay) in [("updelay", bond.updelay), ("downdelay", bond.downdelay)] {
        if bond.miimon == 0 && delay != 0 {
            found.error(key, "a delay needs link monitoring: set miimon");
        } else if bond.miimon != 0 && delay % bond.miimon != 0 {
            found.error(key, format!("the delay is no multiple of miimon, which is {}", bond.miimon));
        }
    }
}

/// Checks that options are set only in the modes that have them. A mode that is unknown counts as the default.
fn check_mode(bond: &Bond, found: &mut Findings) {
    let mode = MODES.into_iter().find(|mode| *mode == bond.mode).unwrap_or(MODES[0]);
    let lacp = mode == LACP;
    let adaptive = matches!(mode, "balance-tlb" | "balance-alb");
    let options = [
        ("lacpRate", !bond.lacp_rate.is_empty(), lacp),
        ("arpValidate", !bond.arp_validate.is_empty(), !lacp && !adaptive),
        ("primary", !bond.primary.is_empty(), adaptive || mode == "active-backup"),
        ("arpInterval", bond.arp_interval > 0, !lacp && !adaptive),
        ("packetsPerSlave", bond.packets_per_slave > 1, mode == "balance-rr"),
        ("tlbDynamicLb", bond.tlb_dynamic_lb > 0, adaptive),
        ("adActorSysPrio", bond.ad_actor_sys_prio > 0, lacp),
        ("adUserPortKey", bond.ad_user_port_key > 0, lacp),
    ];
    for (key, is_set, is_right) in options {
        if is_set && !is_right {
            found.error(key, format!("bonds in mode {mode} don't have this option: remove it"));
        }
    }
}
