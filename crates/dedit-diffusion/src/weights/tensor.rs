//! Bytes to tensors: one copy, checked on the way.

use candle_core::{DType, Device, Tensor};
use half::{bf16, f16};
use safetensors::Dtype;

/// Why bytes make no tensor.
pub(super) enum Refusal {
    /// A number type that no network here uses.
    Type,
    /// The element at this index is infinite or not a number.
    NotFinite(usize),
    /// candle could not build it.
    Candle(candle_core::Error),
}

impl From<candle_core::Error> for Refusal {
    fn from(error: candle_core::Error) -> Self {
        Self::Candle(error)
    }
}

/// Makes a CPU tensor: f32, f16 and bf16 stay what they are, f64 becomes f32.
pub(super) fn from_bytes(bytes: &[u8], dtype: Dtype, shape: &[usize]) -> Result<Tensor, Refusal> {
    let dtype = match dtype {
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::F64 => return from_f64(bytes, shape),
        _ => return Err(Refusal::Type),
    };
    if let Some(index) = not_finite(bytes, dtype) {
        return Err(Refusal::NotFinite(index));
    }
    Ok(Tensor::from_raw_buffer(bytes, dtype, shape, &Device::Cpu)?)
}

fn from_f64(bytes: &[u8], shape: &[usize]) -> Result<Tensor, Refusal> {
    let (numbers, _) = bytes.as_chunks::<8>();
    let values: Vec<f32> = numbers.iter().map(|&number| f64::from_le_bytes(number) as f32).collect();
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(Refusal::NotFinite(index)),
        None => Ok(Tensor::from_vec(values, shape, &Device::Cpu)?),
    }
}

/// The index of the first element that is infinite or not a number: one whose exponent bits are all set. Without branches inside a block, so that
/// it compiles to vector instructions and costs about as much as reading the memory.
fn not_finite(bytes: &[u8], dtype: DType) -> Option<usize> {
    match dtype {
        DType::F32 => {
            first_masked(bytes.as_chunks::<4>().0, |x| u32::from_le_bytes(x) & f32::INFINITY.to_bits() == f32::INFINITY.to_bits())
        }
        DType::F16 => {
            first_masked(bytes.as_chunks::<2>().0, |x| u16::from_le_bytes(x) & f16::INFINITY.to_bits() == f16::INFINITY.to_bits())
        }
        _ => first_masked(bytes.as_chunks::<2>().0, |x| u16::from_le_bytes(x) & bf16::INFINITY.to_bits() == bf16::INFINITY.to_bits()),
    }
}

fn first_masked<const N: usize>(numbers: &[[u8; N]], bad: impl Fn([u8; N]) -> bool) -> Option<usize> {
    const BLOCK: usize = 4096;
    let block = numbers.chunks(BLOCK).position(|block| block.iter().fold(false, |any, &number| any | bad(number)))?;
    let start = block * BLOCK;
    numbers[start..].iter().position(|&number| bad(number)).map(|index| start + index)
}
