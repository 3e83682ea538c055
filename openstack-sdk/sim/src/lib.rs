//! A simulated OpenStack over HTTP on loopback: Keystone, Glance, Nova, Neutron.
