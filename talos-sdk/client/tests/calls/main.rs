//! The calls of the machine API, against simulated machines and against servers that misbehave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod etcd;
mod lab;
mod power;
#[path = "../support/mod.rs"]
mod support;
mod upgrade;
