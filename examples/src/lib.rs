//! Reference tools on the Talos SDK, one job a program. This library holds what they share.

pub mod activity;
pub mod answers;
pub mod arguments;
pub mod cloud;
pub mod connection;
pub mod failure;
pub mod files;
pub mod instant;
pub mod interrupt;
pub mod logging;
pub mod progress;
pub mod size;
pub mod table;
