//! Benchmarks of the Talos SDK: see `benches/benches`, run with `cargo bench -p talos-benches`.
