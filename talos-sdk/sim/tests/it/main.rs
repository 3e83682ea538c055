//! What simulated machines answer, asked with generated stubs over real TLS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod cloud;
mod cluster;
mod consistency;
mod etcd;
mod every_fault;
mod faults;
mod files;
mod harness;
mod host;
mod images;
mod kubernetes;
mod lifecycle;
mod maintenance;
mod power;
mod recorded;
mod resources;
mod roles;
mod routing;
mod states;
mod storage;
mod trustd;
mod world;
