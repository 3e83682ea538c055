//! Random values of a secrets bundle.

use talos_pki::{Random, SecretString, base64};

use crate::{Error, ErrorKind, Result};

/// 32 random bytes in base64.
pub(super) fn key(random: &dyn Random) -> Result<SecretString> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    fill(random, &mut *bytes)?;
    Ok(SecretString::new(base64::encode(*bytes).as_str()))
}

/// A token as kubeadm and Talos have them: six letters or digits, a dot, sixteen more.
pub(super) fn token(random: &dyn Random) -> Result<SecretString> {
    let mut text = String::with_capacity(23);
    for length in [6, 16] {
        if !text.is_empty() {
            text.push('.');
        }
        for _ in 0..length {
            text.push(symbol(random)?);
        }
    }
    Ok(text.into())
}

fn symbol(random: &dyn Random) -> Result<char> {
    const SYMBOLS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    loop {
        let mut byte = [0];
        fill(random, &mut byte)?;
        // 252 is the last multiple of 36 in a byte; what is above would favour the first symbols.
        if byte[0] < 252 {
            return Ok(char::from(SYMBOLS[usize::from(byte[0]) % SYMBOLS.len()]));
        }
    }
}

fn fill(random: &dyn Random, out: &mut [u8]) -> Result<()> {
    random.fill(out).map_err(|error| Error::new(ErrorKind::Internal, error.to_string()).with_source(error))
}
