//! The calls of the machine API, against simulated machines and against servers that misbehave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod access;
mod apply;
mod debug;
mod etcd;
mod files;
mod host;
mod images;
mod lab;
mod network;
mod power;
mod resources;
mod storage;
#[path = "../support/mod.rs"]
mod support;
mod upgrade;
mod versions;
