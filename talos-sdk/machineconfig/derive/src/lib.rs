//! Derive macros of talos-machineconfig-core. They expand to paths inside that crate and are of no use elsewhere.

mod fields;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a plain struct a node of the configuration tree: reading and writing with serde in the order of its fields,
/// merging, deleting by key, and a description of its fields.
///
/// A key is the field's name in camel case and is left out of the text if its value is zero.
///
/// On a field, `#[config(…)]` takes:
///
/// - `key = "certSANs"`: the key where camel case is not enough,
/// - `always`: the key is written even if its value is zero,
/// - `replace`: a patch replaces the value rather than extending it,
/// - `merge = path`: a function `fn(&mut T, T) -> Result<(), Mismatch>` that merges in place of the common rules,
/// - `by("name")`: the keys by which that function finds the entry of a list; without it, it replaces the value,
/// - `inline`: the keys of the field's struct stand among those of this one,
/// - `shape = Shape::…`: what the value looks like in the text where its type does not say it,
/// - `deprecated`: kept for older releases only.
///
/// On the struct, it takes:
///
/// - `kind = "HostnameConfig"`: the struct is a document, `apiVersion` and `kind` come first,
/// - `since = "1.12"`: the first Talos version that knows the document; every document has it,
/// - `control_plane`: the document is for control planes only,
/// - `zero = path`: a function `fn(&Self) -> bool` that says whether the struct is zero, if not all fields count,
/// - `sealed`: a patch can delete nothing inside the struct.
#[proc_macro_derive(Fields, attributes(config))]
pub fn derive_fields(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    fields::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
