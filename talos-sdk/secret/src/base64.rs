//! Base64 as Talos keeps PEM text, tokens and fingerprints in it: the standard alphabet with padding (RFC 4648).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// As Go's `base64.StdEncoding`: padding is a must, the unused bits before it may be anything.
const ENGINE: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// `bytes` in base64, on one line.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> Zeroizing<String> {
    Zeroizing::new(ENGINE.encode(bytes))
}

/// The bytes that `text` stands for; line breaks in it are skipped. Nothing where it is not base64.
#[must_use]
pub fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n')) {
        let joined = Zeroizing::new(text.replace(['\r', '\n'], ""));
        ENGINE.decode(joined.as_bytes())
    } else {
        ENGINE.decode(text)
    };
    bytes.ok().map(Zeroizing::new)
}

/// As [`decode`], for bytes that are text.
#[must_use]
pub fn decode_text(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = decode(text)?;
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Some(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            None
        }
    }
}
