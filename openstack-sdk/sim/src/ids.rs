//! Ids and secrets that a seed gives.

use fastrand::Rng;

#[derive(Debug)]
pub(crate) struct Ids {
    random: Rng,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed) }
    }

    /// A version 4 UUID with dashes, as Glance, Nova and Neutron write them.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// A version 4 UUID without dashes, as Keystone writes them.
    pub(crate) fn hex(&mut self) -> String {
        let random = self.random.u128(..);
        let uuid = random & !(0xf000 << 64) & !(0xc << 60) | 0x4000 << 64 | 0x8 << 60;
        format!("{uuid:032x}")
    }

    /// Letters and digits.
    pub(crate) fn secret(&mut self, length: usize) -> String {
        std::iter::repeat_with(|| self.random.alphanumeric()).take(length).collect()
    }

    /// A hardware address as Neutron gives them by default.
    pub(crate) fn mac(&mut self) -> String {
        let [_, a, b, c] = self.random.u32(..).to_be_bytes();
        format!("fa:16:3e:{a:02x}:{b:02x}:{c:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_variant() {
        let mut ids = Ids::new(1);
        for _ in 0..100 {
            let uuid = ids.uuid();
            assert_eq!(uuid.len(), 36);
            assert_eq!(&uuid[14..15], "4");
            assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"), "{uuid}");
        }
    }
}
