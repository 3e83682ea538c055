//! Resources of the package `cri`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::cri:
    BaseRuntimeSpecConfigSpec = "BaseRuntimeSpecConfigs.cri.talos.dev" in "cri", since 14;
    CustomizationConfigSpec = "CustomizationConfigs.cri.talos.dev" in "cri", since 14, sensitive true;
    ImageCacheConfigSpec = "ImageCacheConfigs.cri.talos.dev" in "cri", since 9, id "image-cache";
    RegistriesConfigSpec = "RegistryConfigs.cri.talos.dev" in "cri", since 9, sensitive true, id "registries", older REGISTRIES;
    SeccompProfileSpec = "SeccompProfiles.cri.talos.dev" in "cri", since 9;
}
