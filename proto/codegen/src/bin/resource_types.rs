//! Writes `talos-sdk/client/src/resources/types` from the table of resource types.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let types = proto.join("../talos-sdk/client/src/resources/types");
    for (area, text) in talos_proto_codegen::resources::generate(&proto)? {
        std::fs::write(types.join(format!("{area}.rs")), text)?;
    }
    Ok(())
}
