//! YAML 1.1 to JSON and back, as the Go modules `ghodss/yaml` and `yaml.v2` do it.
//!
//! Talos applies JSON patches (RFC 6902) to machine configurations by way of these. They read differently from the
//! rest of this crate: `yes` and `on` are booleans, also as keys, a key may stand twice (the last one counts). And
//! they write differently: two columns of indentation, lists not indented, lines folded at 80 columns.
//!
//! ```
//! use talos_yaml::v2;
//!
//! let json = v2::to_json("mode: 0644\nwipe: yes\nn: [2024-01-01, 1.0]\n")?;
//! assert_eq!(json, r#"{"false":["2024-01-01",1],"mode":420,"wipe":true}"#);
//! assert_eq!(v2::from_json(&json)?, "\"false\":\n- \"2024-01-01\"\n- 1\nmode: 420\nwipe: true\n");
//! # Ok::<(), talos_yaml::Error>(())
//! ```

mod read;
mod write;

use crate::{Error, ErrorKind, Result};

/// Reads the first document of a text with YAML 1.1 rules and writes it as compact JSON, keys sorted. A text without
/// documents is `null`.
///
/// # Errors
/// The text is not YAML, nested deeper than [`MAX_VALUE_DEPTH`](crate::MAX_VALUE_DEPTH), or holds what JSON can't: infinity, not-a-number, keys that
/// are neither text, numbers nor booleans.
pub fn to_json(text: &str) -> Result<String> {
    read::document(text)?.to_text()
}

/// Writes JSON text as YAML.
///
/// The text is read as YAML 1.1, of which JSON is a part but for corners: `\/` and surrogate escapes are refused, and
/// so are keys longer than 1024 characters.
///
/// # Errors
/// The text is not YAML, or nested deeper than [`MAX_VALUE_DEPTH`](crate::MAX_VALUE_DEPTH).
pub fn from_json(json: &str) -> Result<String> {
    if let Some(at) = escaped_slash(json) {
        let problem = format!("the escape \\/ at byte {at} is none of YAML 1.1; write / as it is");
        return Err(Error::new(ErrorKind::Syntax, None, problem));
    }
    Ok(write::document(&read::document(json)?))
}

/// Where a string of JSON text has the escape `\/`, which the parser underneath knows and yaml.v2 does not.
fn escaped_slash(json: &str) -> Option<usize> {
    let mut escaped = false;
    json.bytes().position(|byte| {
        let was_escaped = escaped;
        escaped = byte == b'\\' && !was_escaped;
        was_escaped && byte == b'/'
    })
}
