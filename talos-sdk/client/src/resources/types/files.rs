//! Resources of the package `files`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::files:
    EtcFileSpecSpec = "EtcFileSpecs.files.talos.dev" in "files", since 9, sensitive true;
    EtcFileStatusSpec = "EtcFileStatuses.files.talos.dev" in "files", since 9;
}
