//! Convolutions over `[batch, height, width, channels]`, as products whose rows are pixels seen through the window: no column buffer.

use candle_core::{DType, Device, Result, Tensor, bail};

use super::adapter::{Adapter, AppliedAdapter, outer};
use super::linear::Matrix;
use super::vector::Vector;
use crate::autograd::{Parameter, Slot, Value, record};
use crate::backend::{elements, fused, tensor};
use crate::kernels::PackedMatrix;
use crate::kernels::panels::{Backward, Forward};
use crate::kernels::product::{AddBias, multiply};
use crate::kernels::rows::{ImageRows, Window};
use crate::ops::sum;

/// A square convolution with zero padding. Weights are kept `[out, height, width, in]`.
#[derive(Debug)]
pub struct Conv2d {
    matrix: Matrix,
    bias: Option<Vector>,
    adapters: Vec<Adapter>,
    inputs: usize,
    outputs: usize,
    geometry: Geometry,
}

/// Window, stride and padding. `pad_end` pads bottom and right: diffusers' autoencoder pads only there when it halves an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Geometry {
    kernel: usize,
    stride: usize,
    pad: usize,
    pad_end: usize,
}

impl Geometry {
    fn output(self, size: usize) -> Option<usize> {
        Some((size + self.pad + self.pad_end).checked_sub(self.kernel)? / self.stride + 1)
    }
}

impl Conv2d {
    /// A frozen convolution from `weight [out, in, kernel, kernel]` (PyTorch's order) and `bias [out]`.
    pub fn new(weight: &Tensor, bias: Option<&Tensor>, stride: usize, pad: usize) -> Result<Self> {
        let (outputs, inputs, kernel, same) = weight.dims4()?;
        if kernel != same || stride == 0 {
            bail!("a convolution with window {kernel} × {same} and stride {stride} is not supported");
        }
        let bias = bias.map(Vector::new).transpose()?;
        let matrix = Matrix::new(&weight.permute((0, 2, 3, 1))?.contiguous()?.reshape((outputs, kernel * kernel * inputs))?)?;
        let geometry = Geometry { kernel, stride, pad, pad_end: pad };
        Ok(Self { matrix, bias, adapters: Vec::new(), inputs, outputs, geometry })
    }

    /// The same convolution, padded by `pad_end` at the bottom and right instead of by `pad`.
    #[must_use]
    pub fn pad_end(mut self, pad_end: usize) -> Self {
        self.geometry.pad_end = pad_end;
        self
    }

    /// Input channels.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Height and width of the window.
    pub fn kernel(&self) -> usize {
        self.geometry.kernel
    }

    /// The device that the weight is on.
    pub fn device(&self) -> Device {
        self.matrix.device()
    }

    /// Makes the weight trainable and returns it (f32, `[out, kernel, kernel, in]`).
    pub fn make_trainable(&mut self) -> Result<Parameter> {
        let kernel = self.geometry.kernel;
        self.matrix.make_trainable(&[self.outputs, kernel, kernel, self.inputs])
    }

    /// The bias.
    pub fn bias_mut(&mut self) -> Option<&mut Vector> {
        self.bias.as_mut()
    }

    /// Puts a LoRA adapter beside the weight; its `down` factor is `[rank, kernel · kernel · in]`, channels innermost.
    ///
    /// # Errors
    /// When its factors do not fit.
    pub fn attach(&mut self, adapter: Adapter) -> Result<()> {
        adapter.check(self.inner(), self.outputs)?;
        self.adapters.push(adapter);
        Ok(())
    }

    /// The adapters beside the weight.
    pub fn adapters_mut(&mut self) -> &mut Vec<Adapter> {
        &mut self.adapters
    }

    /// Adds an adapter's matrix to the weight for good.
    pub fn merge(&mut self, adapter: &Adapter) -> Result<()> {
        adapter.check(self.inner(), self.outputs)?;
        self.matrix.merge(&adapter.delta()?)
    }

    fn inner(&self) -> usize {
        self.geometry.kernel * self.geometry.kernel * self.inputs
    }

    /// `[batch, height, width, in]` to `[batch, height', width', out]`.
    pub fn forward(&self, x: &Value) -> Result<Value> {
        self.forward_onto(x, None)
    }

    /// `residual + forward(x)`, in one pass over the output.
    pub fn forward_onto(&self, x: &Value, residual: Option<&Value>) -> Result<Value> {
        let (batch, height, width, channels) = x.tensor().dims4()?;
        if channels != self.inputs {
            bail!("a convolution for {} channels got {:?}", self.inputs, x.dims());
        }
        let (Some(out_height), Some(out_width)) = (self.geometry.output(height), self.geometry.output(width)) else {
            bail!("an image of {width} × {height} is too small for a window of {}", self.geometry.kernel);
        };
        let input = x.tensor().contiguous()?;
        let sizes = Sizes { batch, size: (height, width), out: (out_height, out_width), inputs: channels, outputs: self.outputs };
        let packed = if fused(&input) { self.matrix.packed() } else { None };
        let mut y = self.product(&input, sizes, packed.as_ref(), residual.map(Value::tensor))?;
        let mut applied = Vec::new();
        if !self.adapters.is_empty() {
            let columns = columns(&input, sizes, self.geometry)?;
            for adapter in &self.adapters {
                let (delta, adapter) = adapter.apply(&columns)?;
                y = sum(&y, &delta.reshape(y.shape())?)?;
                applied.push(adapter);
            }
        }
        self.record(x, residual, y, input, sizes, packed, applied)
    }

    fn product(&self, x: &Tensor, sizes: Sizes, packed: Option<&PackedMatrix>, residual: Option<&Tensor>) -> Result<Tensor> {
        let bias = self.bias.as_ref().map(Vector::tensor);
        if let Some(packed) = packed {
            let residual = residual.map(Tensor::contiguous).transpose()?;
            let bias = bias.as_ref().map(elements).transpose()?;
            let residual = residual.as_ref().map(elements).transpose()?;
            let finish = AddBias { bias: bias.as_deref(), residual: residual.as_deref(), columns: self.outputs };
            let (data, zeros) = (elements(x)?, vec![0f32; self.inputs]);
            let window = Window::Gather { stride: self.geometry.stride, pad: self.geometry.pad };
            let rows = sizes.rows(&data, &zeros, sizes.size, sizes.out, self.geometry.kernel, window);
            let y = multiply(&rows, &Forward { matrix: packed, segment_len: self.inputs }, &finish);
            return tensor(y, &sizes.output_dims());
        }
        let weight = self.matrix.plain(x.dtype())?;
        let mut y = columns(x, sizes, self.geometry)?.matmul(&weight.t()?)?.reshape(&sizes.output_dims())?;
        if let Some(bias) = bias {
            y = y.broadcast_add(&bias.to_dtype(x.dtype())?)?;
        }
        match residual {
            Some(residual) => y + residual,
            None => Ok(y),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "everything the gradient depends on, each once")]
    fn record(
        &self,
        x: &Value,
        residual: Option<&Value>,
        y: Tensor,
        input: Tensor,
        sizes: Sizes,
        packed: Option<PackedMatrix>,
        applied: Vec<AppliedAdapter>,
    ) -> Result<Value> {
        let to_weight = self.matrix.slot();
        let to_bias = self.bias.as_ref().map_or_else(Slot::default, Vector::slot);
        let learns = to_weight.wanted() || applied.iter().any(AppliedAdapter::trainable);
        let parameters = self.parameters();
        let mut parents = vec![x];
        parents.extend(residual);
        parents.extend(&parameters);
        if !parents.iter().any(|parent| parent.requires_grad()) {
            return Ok(Value::constant(y));
        }
        let (to_x, to_residual) = (x.slot(), residual.map_or_else(Slot::default, Value::slot));
        let plain = if packed.is_none() { Some(self.matrix.plain(input.dtype())?) } else { None };
        let kept = learns.then_some(input);
        let (geometry, inputs) = (self.geometry, self.inputs);
        let weight_shape = [self.outputs, geometry.kernel, geometry.kernel, inputs];
        Ok(record(y, &parents, move |gradient, gradients| {
            gradients.add(&to_residual, gradient.clone())?;
            let gradient = gradient.contiguous()?;
            let rows = gradient.flatten_to(2)?;
            Vector::add_column_sums(&to_bias, &rows, gradients)?;
            let seen = kept.as_ref().map(|x| columns(x, sizes, geometry)).transpose()?;
            if let (true, Some(seen)) = (to_weight.wanted(), &seen) {
                gradients.add(&to_weight, outer(&rows, seen)?.reshape(&weight_shape)?)?;
            }
            let mut to_input = if to_x.wanted() {
                Some(match (&packed, &plain) {
                    (Some(packed), _) => scatter(&gradient, packed, sizes, geometry)?,
                    (None, Some(weight)) => fold(&rows.matmul(weight)?, sizes, geometry)?,
                    (None, None) => bail!("a convolution has no weight"),
                })
            } else {
                None
            };
            for adapter in &applied {
                let share = adapter.backward(seen.as_ref(), &rows, gradients)?;
                to_input = to_input.map(|gradient| sum(&gradient, &fold(&share, sizes, geometry)?)).transpose()?;
            }
            match to_input {
                Some(gradient) => gradients.add(&to_x, gradient),
                None => Ok(()),
            }
        }))
    }

    fn parameters(&self) -> Vec<Value> {
        let mut values: Vec<Value> = self.adapters.iter().flat_map(|adapter| [adapter.down.value(), adapter.up.value()]).collect();
        if let Matrix::Trainable(parameter) = &self.matrix {
            values.push(parameter.value());
        }
        if let Some(Vector::Trainable(parameter)) = &self.bias {
            values.push(parameter.value());
        }
        values
    }
}

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    size: (usize, usize),
    out: (usize, usize),
    inputs: usize,
    outputs: usize,
}

impl Sizes {
    fn output_dims(self) -> [usize; 4] {
        [self.batch, self.out.0, self.out.1, self.outputs]
    }

    fn rows<'a>(
        self,
        image: &'a [f32],
        zeros: &'a [f32],
        (height, width): (usize, usize),
        (out_height, out_width): (usize, usize),
        kernel: usize,
        window: Window,
    ) -> ImageRows<'a> {
        ImageRows { image, zeros, height, width, channels: zeros.len(), batch: self.batch, out_height, out_width, kernel, window }
    }
}

/// The input's gradient on the CPU: the same product with gathered and scattered swapped.
fn scatter(gradient: &Tensor, packed: &PackedMatrix, sizes: Sizes, geometry: Geometry) -> Result<Tensor> {
    let (data, zeros) = (elements(gradient)?, vec![0f32; sizes.outputs]);
    let window = Window::Scatter { stride: geometry.stride, pad: geometry.pad };
    let rows = sizes.rows(&data, &zeros, sizes.out, sizes.size, geometry.kernel, window);
    let finish = AddBias { bias: None, residual: None, columns: sizes.inputs };
    let y = multiply(&rows, &Backward { matrix: packed, columns: sizes.inputs }, &finish);
    tensor(y, &[sizes.batch, sizes.size.0, sizes.size.1, sizes.inputs])
}

/// The window of every output pixel as a row, `[pixels, kernel · kernel · in]`: the reference path, and what weight gradients need.
fn columns(x: &Tensor, sizes: Sizes, geometry: Geometry) -> Result<Tensor> {
    let (pad, reach) = (geometry.pad, geometry.kernel - 1);
    // Room for the last window of a strided convolution, whatever the parity of the size.
    let room = |out: usize, size: usize| ((out * geometry.stride + reach).saturating_sub(size + pad)).max(geometry.pad_end);
    let (bottom, right) = (room(sizes.out.0, sizes.size.0), room(sizes.out.1, sizes.size.1));
    let padded = x.pad_with_zeros(1, pad, bottom)?.pad_with_zeros(2, pad, right)?;
    let mut taps = Vec::with_capacity(geometry.kernel * geometry.kernel);
    for y in 0..geometry.kernel {
        for x in 0..geometry.kernel {
            taps.push(strided(&padded, (y, x), sizes, geometry.stride)?);
        }
    }
    Tensor::cat(&taps, 3)?.reshape((sizes.batch * sizes.out.0 * sizes.out.1, geometry.kernel * geometry.kernel * sizes.inputs))
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

/// The transpose of [`columns`]: adds every window row back to the pixels it came from.
fn fold(rows: &Tensor, sizes: Sizes, geometry: Geometry) -> Result<Tensor> {
    let (height, width) = sizes.out;
    let stride = geometry.stride;
    let (full_height, full_width) = (height * stride + geometry.kernel, width * stride + geometry.kernel);
    let rows = rows.reshape((sizes.batch, height, width, geometry.kernel * geometry.kernel, sizes.inputs))?;
    let mut total = Tensor::zeros((sizes.batch, full_height, full_width, sizes.inputs), rows.dtype(), rows.device())?;
    for y in 0..geometry.kernel {
        for x in 0..geometry.kernel {
            let tap = rows.narrow(3, y * geometry.kernel + x, 1)?.contiguous()?;
            // Zeros between the pixels of a strided convolution.
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

/// Reorders a LoRA `down` factor `[rank, in, kernel, kernel]` (PyTorch's order) for [`Conv2d::attach`].
pub fn window_factor(down: &Tensor) -> Result<Tensor> {
    down.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1)?.to_dtype(DType::F32)
}
