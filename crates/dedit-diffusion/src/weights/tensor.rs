//! Conversion of bytes to tensors with a check for infinities and NaN.

use candle_core::{DType, Device, Tensor};
use half::{bf16, f16};
use safetensors::Dtype;

use super::float8;

/// Why bytes cannot be converted to a tensor.
pub(super) enum Refusal {
    /// The number type is not supported.
    Type,
    /// The element at this index is infinite or NaN.
    NotFinite(usize),
    /// The weight's scale makes its numbers too large for float16.
    Scale(f32),
    /// An error of candle.
    Candle(candle_core::Error),
}

impl From<candle_core::Error> for Refusal {
    fn from(error: candle_core::Error) -> Self {
        Self::Candle(error)
    }
}

/// A tensor on the CPU, times `scale` if there is one: f32, f16 and bf16 keep their type, f64 becomes f32, and both kinds of float8 become f16, which holds
/// all of their numbers exactly.
pub(super) fn from_bytes(bytes: &[u8], dtype: Dtype, shape: &[usize], scale: Option<f32>) -> Result<Tensor, Refusal> {
    let cpu = &Device::Cpu;
    let half_infinity = f16::INFINITY.to_bits();
    let tensor = match dtype {
        Dtype::F32 => {
            Tensor::from_vec(finite(bytes, f32::from_le_bytes, |x| exponent_full(x.to_bits(), f32::INFINITY.to_bits()))?, shape, cpu)?
        }
        Dtype::F16 => Tensor::from_vec(finite(bytes, f16::from_le_bytes, |x| exponent_full(x.to_bits(), half_infinity))?, shape, cpu)?,
        Dtype::BF16 => {
            Tensor::from_vec(finite(bytes, bf16::from_le_bytes, |x| exponent_full(x.to_bits(), bf16::INFINITY.to_bits()))?, shape, cpu)?
        }
        Dtype::F64 => Tensor::from_vec(finite(bytes, |x| f64::from_le_bytes(x) as f32, |x: f32| !x.is_finite())?, shape, cpu)?,
        Dtype::F8_E4M3 | Dtype::F8_E5M2 => {
            let table = if dtype == Dtype::F8_E4M3 { float8::e4m3() } else { float8::e5m2() };
            let number = |[code]: [u8; 1]| table[usize::from(code)];
            Tensor::from_vec(finite(bytes, number, |x| exponent_full(x.to_bits(), half_infinity))?, shape, cpu)?
        }
        _ => return Err(Refusal::Type),
    };
    match scale {
        Some(scale) => scaled(&tensor, scale),
        None => Ok(tensor),
    }
}

/// A tensor times a number, computed in f32 and rounded to the tensor's own type.
fn scaled(tensor: &Tensor, scale: f32) -> Result<Tensor, Refusal> {
    let product = (tensor.to_dtype(DType::F32)? * f64::from(scale))?;
    if product.elem_count() > 0 {
        let largest = product.abs()?.max_all()?.to_scalar::<f32>()?;
        if !largest.is_finite() || (tensor.dtype() == DType::F16 && largest > f16::MAX.to_f32()) {
            return Err(Refusal::Scale(scale));
        }
    }
    Ok(product.to_dtype(tensor.dtype())?)
}

/// Whether a number is infinite or NaN: all exponent bits are set, which are the bits of infinity.
fn exponent_full<B: std::ops::BitAnd<Output = B> + PartialEq + Copy>(bits: B, infinity: B) -> bool {
    bits & infinity == infinity
}

/// Copies the numbers and checks that all are finite. It works block by block, so that a block is still in the cache when it is checked, and without
/// branches in the loops, so that both compile to vector instructions: the check takes a few per cent of the time of the copy.
fn finite<T: Copy, const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> T, bad: impl Fn(T) -> bool) -> Result<Vec<T>, Refusal> {
    const BLOCK: usize = 4096;
    let (numbers, _) = bytes.as_chunks::<N>();
    let mut values = Vec::with_capacity(numbers.len());
    for block in numbers.chunks(BLOCK) {
        let start = values.len();
        values.extend(block.iter().map(|&bytes| number(bytes)));
        if values[start..].iter().fold(false, |any, &value| any | bad(value)) {
            let index = values[start..].iter().position(|&value| bad(value)).unwrap_or_default();
            return Err(Refusal::NotFinite(start + index));
        }
    }
    Ok(values)
}
