//! The step from one noise level to a lower one in terms of λ, half the logarithm of the signal-to-noise ratio.

use super::NoiseLevel;
use super::sigmas::preserving;

/// From level s to level t: λ = ln(signal / noise) rises by `h` > 0, which is infinite where t has no noise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    pub(super) from: NoiseLevel,
    pub(super) to: NoiseLevel,
    pub(super) h: f64,
}

impl Interval {
    pub(super) fn new(sigma_from: f64, sigma_to: f64) -> Self {
        Self { from: preserving(sigma_from), to: preserving(sigma_to), h: sigma_from.ln() - sigma_to.ln() }
    }

    /// Factors of the sample and of the clean latent in the exact step for a constant clean latent (arXiv 2211.01095, equation 9).
    pub(super) fn data_step(&self) -> (f64, f64) {
        (self.to.noise / self.from.noise, -self.to.signal * (-self.h).exp_m1())
    }

    /// Factors of the sample and of the noise in the exact step for constant noise (arXiv 2206.00927, equation 3.7), written without e^h, so that they are
    /// finite also where t has no noise.
    pub(super) fn noise_step(&self) -> (f64, f64) {
        let ratio = self.to.signal / self.from.signal;
        (ratio, self.to.noise - ratio * self.from.noise)
    }
}
