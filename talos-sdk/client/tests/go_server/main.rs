//! The client against a server of another hand: Go's gRPC, Go's TLS and the resource state of Talos itself.
//!
//! `TALOS_INTEROP` names the program that `tests/interop` builds; without it these tests say so and pass.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod access;
mod calls;
mod every_call;
mod resources;
mod rows;
mod server;
