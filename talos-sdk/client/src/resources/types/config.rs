//! Resources of the package `config`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::resource::config:
    MachineConfigSpec = "MachineConfigs.config.talos.dev" in "config", since 9, sensitive true;
    MachineTypeSpec = "MachineTypes.config.talos.dev" in "config", since 9, id "machine-type";
}
