//! Machine configuration as Nova's user data.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use openstack_sdk::compute::MAX_USER_DATA;

use crate::error::{Error, ErrorKind, Result};

/// The bytes to hand to Nova: the text itself, or gzip of it where only that fits, which Talos unpacks.
///
/// # Errors
///
/// [`ErrorKind::UserDataTooLarge`] with `what` in its text, if neither fits in [`MAX_USER_DATA`] after base64.
pub(crate) fn encode(what: &str, config: &str) -> Result<Vec<u8>> {
    if base64_len(config.len()) <= MAX_USER_DATA {
        return Ok(config.as_bytes().to_vec());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(config.as_bytes()).and_then(|()| encoder.finish()).map_err(|error| {
        Error::new(ErrorKind::UserDataTooLarge, format!("{what} can't be packed")).with_source(error)
    })?;
    let length = base64_len(packed.len());
    if length <= MAX_USER_DATA {
        return Ok(packed);
    }
    Err(Error::new(
        ErrorKind::UserDataTooLarge,
        format!(
            "the {what} configuration is {length} bytes as user data, packed, and Nova takes {MAX_USER_DATA}: \
             move inline manifests out of it, for example to extraManifests"
        ),
    ))
}

fn base64_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// Text that gzip can't make much smaller than 3/4.
    fn noise(length: usize) -> String {
        let mut state = 1u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(state % 64) as usize],
            )
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn what_fits_stays_readable() {
        // The most that fits: 16,383 groups of three bytes are 65,532 bytes of base64, and there is no room for one more.
        let text = noise(49_149);
        assert_eq!(encode("worker", &text).unwrap(), text.as_bytes());
    }

    #[test]
    fn what_does_not_fit_is_packed() {
        let text = noise(49_152);
        let packed = encode("worker", &text).unwrap();
        assert!(packed.len() < text.len() && base64_len(packed.len()) <= MAX_USER_DATA);
        let mut back = String::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn what_can_not_fit_is_refused_with_its_size() {
        let error = encode("control plane", &noise(90_000)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UserDataTooLarge);
        assert!(
            error.to_string().contains("control plane") && error.to_string().contains("65535"),
            "{error}"
        );
    }
}
