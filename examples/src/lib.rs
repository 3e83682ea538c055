//! Reference tools on the Talos SDK, one job a program.
