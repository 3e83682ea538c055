//! Resources of the package `security`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::security:
    ImageVerificationRuleSpec = "ImageVerificationRules.security.talos.dev" in "security", since 13;
    TufTrustedRootSpec = "TUFTrustedRoots.security.talos.dev" in "security", since 13, id "trusted_root.json";
}
