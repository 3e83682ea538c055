//! Resources of the package `perf`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::perf:
    CpuSpec = "CPUStats.perf.talos.dev" in "perf", since 9, id "latest";
    MemorySpec = "MemoryStats.perf.talos.dev" in "perf", since 9, id "latest";
}
