//! Pseudo-random numbers.

/// A xorshift generator: cheap enough for the innermost loop, and the same on every machine.
pub(super) struct Draws(u64);

impl Draws {
    /// Draws that depend on all of `keys`.
    pub(super) fn new(keys: &[u64]) -> Self {
        // The finaliser of splitmix64, after each key.
        let mix = |state: u64, key: &u64| {
            let state = (state ^ key).wrapping_add(0x9E37_79B9_7F4A_7C15);
            let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            state ^ (state >> 31)
        };
        Self(keys.iter().fold(0, mix) | 1)
    }

    /// A number below `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u64::from((self.0 >> 32) as u32) * u64::from(limit)) >> 32) as u32
    }
}
