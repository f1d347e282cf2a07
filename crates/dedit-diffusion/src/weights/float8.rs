//! Eight-bit floating point numbers (Micikevicius et al. 2022, arXiv 2209.05433). Both types are subsets of float16.

use half::f16;

/// The number of each code of `F8_E4M3` (PyTorch's `float8_e4m3fn`): four bits of exponent with a bias of 7, three of mantissa, no infinities, and a NaN
/// where all bits but the sign are set.
pub(super) fn e4m3() -> [f16; 256] {
    std::array::from_fn(|code| {
        let (exponent, mantissa) = ((code >> 3) as i32 & 15, (code & 7) as f32);
        let size = match (exponent, code & 127) {
            (_, 127) => f32::NAN,
            (0, _) => mantissa * 2f32.powi(-9),
            _ => (8.0 + mantissa) * 2f32.powi(exponent - 10),
        };
        f16::from_f32(if code & 128 == 0 { size } else { -size })
    })
}

/// The number of each code of `F8_E5M2` (PyTorch's `float8_e5m2`): the upper byte of a float16, infinities and NaN included.
pub(super) fn e5m2() -> [f16; 256] {
    std::array::from_fn(|code| f16::from_bits((code as u16) << 8))
}
