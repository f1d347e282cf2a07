//! Elementary functions in plain arithmetic, so that the compiler vectorises loops over them. Accurate to a few units in the last place of f32.

/// `e^x`: exactly 0 below -87.3 (where f32 leaves its normal range), saturating above 88.7 (Cephes' range reduction and polynomial).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2²³ rounds to the nearest integer and leaves it in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    const LOWEST: f32 = -87.336_54;
    let clamped = x.clamp(LOWEST, 88.722_83);
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 in two parts, so that n · ln 2 is exact.
    let r = (clamped - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    // 2^n in two factors: n can be 128, which one exponent field cannot hold.
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits()).cast_signed();
    let half = n >> 1;
    if x < LOWEST { 0.0 } else { y * power_of_two(half) * power_of_two(n - half) }
}

#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23).cast_unsigned())
}

/// The logistic function.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The error function, absolute error below 2·10⁻⁷ (Abramowitz & Stegun 7.1.26).
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let p = ((((1.061_405_4 * t - 1.453_152_1) * t + 1.421_413_8) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    (1.0 - p * exp(-a * a)).copysign(x)
}

/// A pointwise activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x · σ(x)`.
    Silu,
    /// `x · Φ(x)` with the exact error function (diffusers' and transformers' "gelu").
    Gelu,
    /// `x · σ(1.702 x)` (`OpenAI`'s CLIP).
    QuickGelu,
}

impl Activation {
    /// The value at `x`.
    #[inline(always)]
    pub(crate) fn value(self, x: f32) -> f32 {
        match self {
            Self::Silu => x * sigmoid(x),
            Self::Gelu => 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)),
            Self::QuickGelu => x * sigmoid(1.702 * x),
        }
    }

    /// The derivative at `x`.
    #[inline(always)]
    pub(crate) fn slope(self, x: f32) -> f32 {
        const INV_SQRT_2PI: f32 = 0.398_942_3;
        match self {
            Self::Silu => {
                let s = sigmoid(x);
                s * (1.0 + x * (1.0 - s))
            }
            Self::Gelu => 0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)) + x * INV_SQRT_2PI * exp(-0.5 * x * x),
            Self::QuickGelu => {
                let s = sigmoid(1.702 * x);
                s * (1.0 + 1.702 * x * (1.0 - s))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_accurate_over_its_whole_range() {
        for i in -87_000..=88_000 {
            let x = i as f32 / 1000.0;
            let (got, want) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((got / want - 1.0).abs() < 3e-7, "exp({x}) = {got}, not {want}");
        }
        assert_eq!((exp(f32::NEG_INFINITY), exp(-88.0), exp(0.0)), (0.0, 0.0, 1.0));
        assert!(exp(1000.0) > 1e38 && exp(f32::NAN).is_nan());
    }

    #[test]
    fn activations_have_the_slope_they_claim() {
        for activation in [Activation::Silu, Activation::Gelu, Activation::QuickGelu] {
            for i in -80..=80 {
                let x = i as f32 / 8.0;
                let slope = (activation.value(x + 0.01) - activation.value(x - 0.01)) / 0.02;
                assert!((slope - activation.slope(x)).abs() < 2e-4, "{activation:?} at {x}: {slope} against {}", activation.slope(x));
            }
        }
    }

    #[test]
    fn gelu_uses_the_exact_error_function() {
        // torch.nn.functional.gelu(torch.tensor([-3., -1., -0.5, 0.3, 2.]))
        let cases = [(-3.0, -0.004_049_7), (-1.0, -0.158_655_3), (-0.5, -0.154_268_8), (0.3, 0.185_373_4), (2.0, 1.954_499_7)];
        for (x, want) in cases {
            assert!((Activation::Gelu.value(x) - want).abs() < 5e-7, "gelu({x}) = {}", Activation::Gelu.value(x));
        }
    }
}
