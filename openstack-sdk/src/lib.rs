//! A thin OpenStack client: Keystone, Glance, Nova and the Neutron they need.
