//! Depthwise convolution: one 3 × 3 window per channel, for inference.

use candle_core::{DType, Result, Tensor, bail};

use crate::backend::{elements, fused, tensor};
use crate::kernels::depthwise::{self as kernel, Lines, WINDOW};
use crate::ops::compute_dtype;

/// A frozen depthwise 3 × 3 convolution over `[batch, height, width, channels]` with one pixel of zero padding.
#[derive(Debug)]
pub struct DepthwiseConv {
    /// `[9, channels]`, taps row by row.
    weight: Tensor,
    bias: Tensor,
    stride: usize,
}

impl DepthwiseConv {
    /// From `weight [channels, 1, 3, 3]` (PyTorch's order) and `bias [channels]`.
    ///
    /// # Errors
    /// When the shapes are others, or the stride is zero.
    pub fn new(weight: &Tensor, bias: &Tensor, stride: usize) -> Result<Self> {
        let (channels, one, height, width) = weight.dims4()?;
        if (one, height, width) != (1, WINDOW, WINDOW) || channels == 0 || stride == 0 || bias.dims() != [channels] {
            bail!("a depthwise convolution of {:?}, bias {:?} and stride {stride} is not supported", weight.dims(), bias.dims());
        }
        let dtype = compute_dtype(weight);
        let weight = weight.flatten_from(1)?.t()?.contiguous()?.to_dtype(dtype)?;
        Ok(Self { weight, bias: bias.to_dtype(dtype)?.contiguous()?, stride })
    }

    /// `x [batch, height, width, channels]` to `[batch, ⌈height / stride⌉, ⌈width / stride⌉, channels]`. No gradient is recorded.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, height, width, channels) = x.dims4()?;
        if self.bias.dims() != [channels] || x.elem_count() == 0 {
            bail!("a depthwise convolution for {} channels got {:?}", self.bias.elem_count(), x.dims());
        }
        let x = x.contiguous()?;
        let out = [height.div_ceil(self.stride), width.div_ceil(self.stride)];
        if fused(&x) {
            let lines = Lines { size: [height, width], out, channels, stride: self.stride };
            let y = kernel::depthwise(&elements(&x)?, &elements(&self.weight)?, &elements(&self.bias)?, lines);
            return tensor(y, &[batch, out[0], out[1], channels]);
        }
        let weight = self.weight.to_dtype(x.dtype())?.t()?.reshape((channels, 1, WINDOW, WINDOW))?;
        let y = x.permute((0, 3, 1, 2))?.contiguous()?.conv2d(&weight.contiguous()?, 1, self.stride, 1, channels)?;
        y.permute((0, 2, 3, 1))?.contiguous()?.broadcast_add(&self.bias.to_dtype(x.dtype())?)
    }

    /// The weight `[9, channels]`, taps row by row, in f32.
    pub fn weight(&self) -> Result<Tensor> {
        self.weight.to_dtype(DType::F32)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::rng::Generator;
    use crate::with_reference;

    #[test]
    fn the_kernel_agrees_with_candles_convolution() {
        let mut rng = Generator::new(7);
        for (batch, height, width, channels, stride) in [(1, 1, 1, 1, 1), (2, 5, 7, 3, 1), (1, 8, 6, 17, 2), (2, 7, 9, 33, 2)] {
            let x = rng.normal((batch, height, width, channels), &Device::Cpu).unwrap();
            let weight = rng.normal((channels, 1, 3, 3), &Device::Cpu).unwrap();
            let bias = rng.normal(channels, &Device::Cpu).unwrap();
            let layer = DepthwiseConv::new(&weight, &bias, stride).unwrap();
            let (fast, slow) = (layer.forward(&x).unwrap(), with_reference(|| layer.forward(&x)).unwrap());
            assert_eq!(fast.dims(), slow.dims());
            let largest = (fast - slow).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
            assert!(largest < 1e-5, "{height} × {width} × {channels}: {largest}");
        }
    }
}
