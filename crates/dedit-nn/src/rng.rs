//! Seeded random numbers that are the same on every device: Philox 4×32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") and the
//! Box–Muller transform, computed on the CPU.

use candle_core::{Device, Result, Shape, Tensor};

/// A counter-based generator: seed and position are its whole state, so it can be saved and resumed at any position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator {
    seed: u64,
    position: u64,
}

impl Generator {
    /// A generator at the beginning of the stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, position: 0 }
    }

    /// A generator at a saved position.
    pub fn at(seed: u64, position: u64) -> Self {
        Self { seed, position }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Number of blocks of four 32-bit words drawn so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next four words.
    fn block(&mut self) -> [u32; 4] {
        let block = philox(self.seed, self.position);
        self.position += 1;
        block
    }

    /// Standard normal f32 values of the given shape.
    pub fn normal(&mut self, shape: impl Into<Shape>, device: &Device) -> Result<Tensor> {
        let shape = shape.into();
        let count = shape.elem_count();
        let mut values = Vec::with_capacity(count.next_multiple_of(4));
        while values.len() < count {
            let [a, b, c, d] = self.block();
            values.extend(box_muller(a, b));
            values.extend(box_muller(c, d));
        }
        values.truncate(count);
        Tensor::from_vec(values, shape, device)
    }

    /// A uniformly distributed integer in `0..bound`; 0 for a `bound` of 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        // Lemire 2019, "Fast random integer generation in an interval": multiplication, with rejection to remove the bias.
        let bound = bound.max(1);
        let threshold = bound.wrapping_neg() % bound;
        loop {
            for word in self.block() {
                let product = u64::from(word) * u64::from(bound);
                if product as u32 >= threshold {
                    return (product >> 32) as u32;
                }
            }
        }
    }
}

/// Two independent standard normal numbers from two uniform words.
fn box_muller(a: u32, b: u32) -> [f32; 2] {
    // (0, 1): never 0, so the logarithm is finite.
    let uniform = |word: u32| (f64::from(word) + 0.5) / 4_294_967_296.0;
    let radius = (-2.0 * uniform(a).ln()).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * uniform(b)).sin_cos();
    [(radius * cos) as f32, (radius * sin) as f32]
}

/// One block of Philox 4×32 with ten rounds.
fn philox(seed: u64, counter: u64) -> [u32; 4] {
    let mut key = [seed as u32, (seed >> 32) as u32];
    let mut state = [counter as u32, (counter >> 32) as u32, 0, 0];
    for _ in 0..10 {
        let low = u64::from(state[0]) * 0xD251_1F53;
        let high = u64::from(state[2]) * 0xCD9E_8D57;
        state = [(high >> 32) as u32 ^ state[1] ^ key[0], high as u32, (low >> 32) as u32 ^ state[3] ^ key[1], low as u32];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_values() {
        // Random123's known-answer tests for philox4x32-10 with the upper counter words zero.
        assert_eq!(philox(0, 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    }

    #[test]
    fn a_stream_resumes_at_a_saved_position() {
        let mut whole = Generator::new(7);
        let _ = whole.normal(8, &Device::Cpu).unwrap();
        let (seed, position) = (whole.seed(), whole.position());
        let rest: Vec<f32> = whole.normal(5, &Device::Cpu).unwrap().to_vec1().unwrap();
        let resumed: Vec<f32> = Generator::at(seed, position).normal(5, &Device::Cpu).unwrap().to_vec1().unwrap();
        assert_eq!(rest, resumed);
    }

    #[test]
    fn normal_numbers_have_the_moments_of_a_normal_distribution() {
        let values: Vec<f32> = Generator::new(3).normal(200_000, &Device::Cpu).unwrap().to_vec1().unwrap();
        let moment = |power: i32| values.iter().map(|v| f64::from(*v).powi(power)).sum::<f64>() / values.len() as f64;
        // Four standard errors.
        for (power, want, tolerance) in [(1, 0.0, 0.009), (2, 1.0, 0.0127), (3, 0.0, 0.035), (4, 3.0, 0.088)] {
            assert!((moment(power) - want).abs() < tolerance, "moment {power} is {}", moment(power));
        }
    }

    #[test]
    fn below_covers_its_range_evenly() {
        let mut rng = Generator::new(11);
        let mut counts = [0usize; 10];
        (0..20_000).for_each(|_| counts[rng.below(10) as usize] += 1);
        assert!(counts.iter().all(|&count| (1_800..2_200).contains(&count)), "{counts:?}");
        assert_eq!(rng.below(0), 0);
    }
}
