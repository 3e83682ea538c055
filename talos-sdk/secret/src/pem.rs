//! PEM text (RFC 7468): blocks by label, bodies of 64 columns.

use zeroize::Zeroizing;

use crate::{SecretBytes, base64};

/// Label of a certificate.
pub const CERTIFICATE: &str = "CERTIFICATE";
/// Label of a certificate request.
pub const CERTIFICATE_REQUEST: &str = "CERTIFICATE REQUEST";
/// Label under which Talos writes an Ed25519 key, around plain PKCS#8.
pub const ED25519_PRIVATE_KEY: &str = "ED25519 PRIVATE KEY";
/// Label of an elliptic curve key (SEC 1).
pub const EC_PRIVATE_KEY: &str = "EC PRIVATE KEY";
/// Label of an RSA key (PKCS#1).
pub const RSA_PRIVATE_KEY: &str = "RSA PRIVATE KEY";
/// Label of a key of any kind (PKCS#8).
pub const PRIVATE_KEY: &str = "PRIVATE KEY";

/// One block: a label and what it holds. The content may be a key, so it is wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Block {
    /// The text between `BEGIN ` and the dashes.
    pub label: String,
    /// Whether lines such as `Proc-Type: 4` stand before the body.
    pub has_headers: bool,
    /// The decoded body.
    pub content: SecretBytes,
}

/// All well-formed blocks of `text`, in order. Text around the blocks, headers inside them and damaged blocks are
/// skipped, as Go's `encoding/pem` does.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, bool, Zeroizing<String>)> = None;
    for line in text.lines().map(str::trim_end) {
        if let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) {
            open = Some((label, false, Zeroizing::default()));
        } else if let Some(label) = line.strip_prefix("-----END ").and_then(|rest| rest.strip_suffix("-----"))
        {
            let Some((begun, has_headers, body)) = open.take() else { continue };
            if begun == label
                && let Some(content) = base64::decode(&body)
            {
                let content = content.as_slice().to_vec().into();
                blocks.push(Block { label: label.to_owned(), has_headers, content });
            }
        } else if let Some((_, has_headers, body)) = &mut open {
            if line.contains(':') {
                *has_headers = true;
            } else {
                body.extend(line.chars().filter(|c| !c.is_ascii_whitespace()));
            }
        }
    }
    blocks
}

/// One block as text, with a newline at the end.
#[must_use]
pub fn encode(label: &str, content: &[u8]) -> Zeroizing<String> {
    let body = base64::encode(content);
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 2 * label.len() + 40));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}
