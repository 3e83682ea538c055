//! YAML text exactly as the Go machinery of Talos reads and writes it.
//!
//! Talos configurations are compared, hashed and patched as text, so a library that writes them has to write the
//! very bytes that `talosctl` writes. This crate reads and writes as `go.yaml.in/yaml/v4` does with the defaults
//! that Talos uses.
//!
//! | to | call |
//! |---|---|
//! | read a text as trees, with positions | [`parse_documents`] |
//! | make text of bytes | [`decode`] |
//! | read a value | [`from_str`], [`from_node`] |
//! | declare a struct that is read and written | [`mapping!`], or the derive of serde |
//! | write a value as Go's `Marshal` would | [`to_string`] |
//! | turn a value into a tree | [`to_node`] |
//! | write a tree, keeping tags and styles | [`emit()`] |
//! | sort keys as Go does | [`natural_cmp`] |
//! | turn a tree into JSON | [`to_json()`] |
//! | turn YAML 1.1 into JSON and back, as Go's older YAML module | [`v2`] |
//!
//! ```
//! # fn main() -> Result<(), talos_yaml::Error> {
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Install {
//!     disk: String,
//!     wipe: bool,
//! }
//!
//! let install: Install = talos_yaml::from_str("disk: /dev/sda\nwipe: no\n")?;
//! assert_eq!(talos_yaml::to_string(&install)?, "disk: /dev/sda\nwipe: false\n");
//! # Ok(())
//! # }
//! ```

mod analysis;
mod anchor;
mod compose;
mod cursor;
mod de;
mod emit;
mod encoding;
mod error;
mod json;
mod mapping;
mod merge;
mod node;
mod number;
mod order;
mod parser;
mod represent;
mod resolve;
mod scalar;
mod scanner;
mod ser;
mod tag;
mod timestamp;
mod token;
pub mod v2;
mod walk;

pub use compose::{MAX_DEPTH, parse_documents, parse_first, parse_with_duplicates};
pub use de::{MAX_VALUE_DEPTH, from_node, from_str};
pub use emit::emit;
pub use encoding::decode;
pub use error::{Error, ErrorKind, Result};
pub use json::{json_string, to_json};
pub use node::{Kind, Mark, Node, ScalarStyle, Style};
pub use order::natural_cmp;
pub use resolve::Scalar;
pub use ser::{IntText, StrText, to_node};
pub use tag::Tag;

/// Writes a value as one document, byte for byte as Go's `yaml.Marshal` writes it: four columns of indentation,
/// lists indented under their key, lines never folded, structs in the order of their fields and maps in natural
/// order.
///
/// # Errors
/// As [`to_node`].
pub fn to_string<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    to_node(value).map(|node| emit(&node))
}
