//! The programs that work on machines, run as processes of their own against a simulated cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod apply;
mod etcd;
mod lab;
mod machine;
mod power;
mod resources;
mod tables;
