//! Values of bond settings, those of the Linux bonding driver.

use crate::model::text_enum;

text_enum! {
    /// Mode of a bond.
    pub enum BondMode {
        /// One port after another.
        RoundRobin = "balance-rr",
        /// One port, the others in reserve.
        ActiveBackup = "active-backup",
        /// Port by hash.
        Xor = "balance-xor",
        /// All ports.
        Broadcast = "broadcast",
        /// Link aggregation with LACP.
        Ieee8023Ad = "802.3ad",
        /// Transmit load balanced.
        Tlb = "balance-tlb",
        /// Transmit and receive load balanced.
        Alb = "balance-alb",
    }

    /// Hash that chooses the port.
    pub enum BondXmitHashPolicy {
        /// Hardware addresses.
        Layer2 = "layer2",
        /// Addresses and ports.
        Layer34 = "layer3+4",
        /// Hardware addresses and addresses.
        Layer23 = "layer2+3",
        /// As `layer2+3`, inside tunnels.
        Encap23 = "encap2+3",
        /// As `layer3+4`, inside tunnels.
        Encap34 = "encap3+4",
    }

    /// Which ARP replies are validated.
    pub enum ArpValidate {
        /// None.
        None = "none",
        /// Those of the active port.
        Active = "active",
        /// Those of ports in reserve.
        Backup = "backup",
        /// All.
        All = "all",
        /// None, and only ARP counts.
        Filter = "filter",
        /// Those of the active port, and only ARP counts.
        FilterActive = "filter-active",
        /// Those of ports in reserve, and only ARP counts.
        FilterBackup = "filter-backup",
    }

    /// How many ARP targets must answer.
    pub enum ArpAllTargets {
        /// One of them.
        Any = "any",
        /// All of them.
        All = "all",
    }

    /// Rate of LACP packets.
    pub enum LacpRate {
        /// Every 30 seconds.
        Slow = "slow",
        /// Every second.
        Fast = "fast",
    }

    /// Which hardware address is used after a failover.
    pub enum FailOverMac {
        /// The same.
        None = "none",
        /// That of the active port.
        Active = "active",
        /// The bond's, taken over by the new port.
        Follow = "follow",
    }

    /// How 802.3ad aggregators are chosen.
    pub enum AdSelect {
        /// Once.
        Stable = "stable",
        /// By bandwidth.
        Bandwidth = "bandwidth",
        /// By number of ports.
        Count = "count",
    }

    /// Whether LACP packets are sent unasked.
    pub enum AdLacpActive {
        /// No.
        Off = "off",
        /// Yes.
        On = "on",
    }

    /// When the preferred port is chosen again.
    pub enum PrimaryReselect {
        /// Whenever it is up.
        Always = "always",
        /// If it is faster.
        Better = "better",
        /// When the active port fails.
        Failure = "failure",
    }
}
