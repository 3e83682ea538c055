//! The harness of the Talos SDK and its suites: contract, golden, fault, end to end.

pub mod conformance;
