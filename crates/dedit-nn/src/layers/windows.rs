//! Geometry of convolution windows, and the column matrix (im2col) that the reference path and the gradients of weights use.

use candle_core::{Result, Tensor};

use crate::kernels::rows::{ImageRows, Window};

/// Window, stride and padding in pixels. `pad_end` pads bottom and right: diffusers' autoencoder pads only there when it halves an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) pad: usize,
    pub(crate) pad_end: usize,
}

impl Geometry {
    /// Output pixels along a side of `size` pixels; `None` if the padded side is shorter than the window.
    pub(crate) fn output(self, size: usize) -> Option<usize> {
        Some((size + self.pad + self.pad_end).checked_sub(self.kernel)? / self.stride + 1)
    }
}

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) batch: usize,
    /// Height and width of the input.
    pub(crate) size: (usize, usize),
    /// Height and width of the output.
    pub(crate) out: (usize, usize),
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Sizes {
    pub(crate) fn input_dims(self) -> [usize; 4] {
        [self.batch, self.size.0, self.size.1, self.inputs]
    }

    pub(crate) fn output_dims(self) -> [usize; 4] {
        [self.batch, self.out.0, self.out.1, self.outputs]
    }

    /// Pixels of the output.
    pub(crate) fn pixels(self) -> usize {
        self.batch * self.out.0 * self.out.1
    }

    /// The windows of `image` as the rows of a product; `zeros` has one element per channel.
    pub(crate) fn rows<'a>(
        self,
        (image, (height, width)): (&'a [f32], (usize, usize)),
        zeros: &'a [f32],
        (out_height, out_width): (usize, usize),
        kernel: usize,
        window: Window,
    ) -> ImageRows<'a> {
        ImageRows { image, zeros, height, width, channels: zeros.len(), batch: self.batch, out_height, out_width, kernel, window }
    }
}

/// The window of every output pixel as a row, `[pixels, kernel · kernel · in]` (im2col).
pub(crate) fn columns(x: &Tensor, sizes: Sizes, geometry: Geometry) -> Result<Tensor> {
    let (pad, reach) = (geometry.pad, geometry.kernel - 1);
    // Padding so that the last window of a strided convolution is complete for even and odd sizes.
    let room = |out: usize, size: usize| ((out * geometry.stride + reach).saturating_sub(size + pad)).max(geometry.pad_end);
    let (bottom, right) = (room(sizes.out.0, sizes.size.0), room(sizes.out.1, sizes.size.1));
    let padded = x.pad_with_zeros(1, pad, bottom)?.pad_with_zeros(2, pad, right)?;
    let mut taps = Vec::with_capacity(geometry.kernel * geometry.kernel);
    for y in 0..geometry.kernel {
        for x in 0..geometry.kernel {
            taps.push(strided(&padded, (y, x), sizes, geometry.stride)?);
        }
    }
    Tensor::cat(&taps, 3)?.reshape((sizes.pixels(), geometry.kernel * geometry.kernel * sizes.inputs))
}

/// Every `stride`-th pixel from `(y, x)` on.
fn strided(padded: &Tensor, (y, x): (usize, usize), sizes: Sizes, stride: usize) -> Result<Tensor> {
    let (height, width) = sizes.out;
    if stride == 1 {
        return padded.narrow(1, y, height)?.narrow(2, x, width)?.contiguous();
    }
    let cut = padded.narrow(1, y, height * stride)?.narrow(2, x, width * stride)?.contiguous()?;
    cut.reshape((sizes.batch, height, stride, width, stride, sizes.inputs))?.narrow(2, 0, 1)?.narrow(4, 0, 1)?.contiguous()?.reshape((
        sizes.batch,
        height,
        width,
        sizes.inputs,
    ))
}

/// The transpose of [`columns`] (col2im): adds every row back to the pixels of its window.
pub(crate) fn fold(rows: &Tensor, sizes: Sizes, geometry: Geometry) -> Result<Tensor> {
    let (height, width) = sizes.out;
    let stride = geometry.stride;
    let (full_height, full_width) = (height * stride + geometry.kernel, width * stride + geometry.kernel);
    let rows = rows.reshape((sizes.batch, height, width, geometry.kernel * geometry.kernel, sizes.inputs))?;
    let mut total = Tensor::zeros((sizes.batch, full_height, full_width, sizes.inputs), rows.dtype(), rows.device())?;
    for y in 0..geometry.kernel {
        for x in 0..geometry.kernel {
            let tap = rows.narrow(3, y * geometry.kernel + x, 1)?.contiguous()?;
            // A strided convolution has zeros between its pixels in the transposed direction.
            let spread = tap.reshape((sizes.batch, height, 1, width, 1, sizes.inputs))?;
            let spread = spread.pad_with_zeros(2, 0, stride - 1)?.pad_with_zeros(4, 0, stride - 1)?;
            let spread = spread.contiguous()?.reshape((sizes.batch, height * stride, width * stride, sizes.inputs))?;
            let (below, right) = (full_height - height * stride - y, full_width - width * stride - x);
            total = (total + spread.pad_with_zeros(1, y, below)?.pad_with_zeros(2, x, right)?)?;
        }
    }
    let cut = |total: &Tensor, dim: usize, size: usize| -> Result<Tensor> {
        let have = total.dim(dim)?;
        let total = if have < geometry.pad + size { total.pad_with_zeros(dim, 0, geometry.pad + size - have)? } else { total.clone() };
        total.narrow(dim, geometry.pad, size)
    };
    cut(&cut(&total, 1, sizes.size.0)?, 2, sizes.size.1)?.contiguous()
}
