//! Writes the generated code of talos-proto from its `.proto` files, without protoc.
//!
//! `cargo run -p talos-proto-codegen` rewrites `proto/src/generated`; a test of talos-proto calls [`generate`]
//! with a folder of its own and compares.

pub mod resources;
pub mod secrets;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;
use prost_types::FileDescriptorSet;

/// Name of the serialized descriptor set among the generated files.
pub const DESCRIPTORS: &str = "descriptors.bin";

/// The `.proto` files below `dir`, sorted, as paths relative to it.
///
/// # Errors
///
/// Fails if a folder cannot be read.
pub fn proto_files(dir: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "proto") {
                found.push(path.strip_prefix(dir)?.to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Compiles every `.proto` file below `proto_dir` to its descriptors, comments included.
///
/// # Errors
///
/// Fails if a file cannot be read or is not valid protobuf.
pub fn compile(proto_dir: &Path) -> Result<FileDescriptorSet, Box<dyn Error>> {
    let mut compiler = protox::Compiler::new([proto_dir])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(proto_files(proto_dir)?)?;
    Ok(compiler.file_descriptor_set())
}

/// Writes one Rust file a package, `mod.rs` that joins them and [`DESCRIPTORS`] into the existing folder `out`.
///
/// # Errors
///
/// Fails if the `.proto` files do not compile or a file cannot be written.
pub fn generate(proto_dir: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let descriptors = compile(proto_dir)?;

    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    config.skip_debug(secrets::paths());
    for path in secrets::paths() {
        // The enums in these messages have no secrets.
        config.enum_attribute(path, "#[derive(Debug)]");
    }
    // The address by which Talos names the payload of its events.
    config.type_name_domain([".machine"], "talos/runtime");
    config.type_name_domain([".google.rpc"], "type.googleapis.com");

    let mut bare = descriptors.clone();
    for file in &mut bare.file {
        file.source_code_info = None;
    }
    fs::write(out.join(DESCRIPTORS), bare.encode_to_vec())?;

    tonic_prost_build::configure()
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        .bytes(".")
        .btree_map(".")
        .include_file("mod.rs")
        .out_dir(out)
        .compile_fds_with_config(descriptors.clone(), config)?;
    secrets::write(&descriptors, out)
}

/// The name that the generated code of a package gives a message, if it has it.
fn rust_name<'a>(code: &'a str, message: &str) -> Option<&'a str> {
    let before = format!(" {{\n    const NAME: &'static str = \"{message}\";");
    code.split_once(&before)?.0.rsplit(' ').next()
}
