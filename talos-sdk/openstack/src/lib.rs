//! Brings a Talos cluster up on OpenStack, resumably.
