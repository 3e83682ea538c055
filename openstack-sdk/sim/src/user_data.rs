//! What a server is told at its first boot.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

/// User data, decoded from base64. `Debug` prints its length only: it often holds secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserData(Bytes);

impl<T: Into<Bytes>> From<T> for UserData {
    fn from(data: T) -> Self {
        Self(data.into())
    }
}

impl UserData {
    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Deref for UserData {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[redacted, {} bytes]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_nothing() {
        let data = UserData::from("token: secret");
        assert_eq!(format!("{data:?}"), "[redacted, 13 bytes]");
        assert_eq!(&*data, b"token: secret");
    }
}
