//! Benchmarks of the Talos SDK, paired with the Go machinery.
