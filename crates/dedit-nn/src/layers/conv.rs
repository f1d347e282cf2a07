//! Convolutions over `[batch, height, width, channels]`, as matrix products whose rows are read in place from the image, without a column buffer.

use candle_core::{DType, Device, Result, Tensor, bail};

use super::adapter::{Adapter, AppliedAdapter, matmul, outer};
use super::matrix::{Matrix, Operand, trainable};
use super::vector::Vector;
use super::windows::{Geometry, Sizes, columns, fold};
use crate::autograd::{Gradients, Parameter, Slot, Value, record};
use crate::backend::{elements, sum, tensor};
use crate::kernels::panels::{self, PackedMatrix};
use crate::kernels::product::{Addends, multiply};
use crate::kernels::rows::Window;

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

impl Conv2d {
    /// A frozen convolution from `weight [out, in, kernel, kernel]` (PyTorch's order) and `bias [out]`.
    ///
    /// # Errors
    /// When the window is not square or empty, the stride is zero, the shapes do not fit each other, or the weight is not f32, f16 or bf16.
    pub fn new(weight: &Tensor, bias: Option<&Tensor>, stride: usize, pad: usize) -> Result<Self> {
        let (outputs, inputs, kernel, same) = weight.dims4()?;
        if kernel != same || kernel == 0 || stride == 0 {
            bail!("a convolution with window {kernel} × {same} and stride {stride} is not supported");
        }
        let bias = bias.map(Vector::new).transpose()?;
        bias.iter().try_for_each(|bias| bias.of(outputs, "bias").map(drop))?;
        let geometry = Geometry { kernel, stride, pad, pad_end: pad };
        Ok(Self { matrix: Matrix::of_window(weight)?, bias, adapters: Vec::new(), inputs, outputs, geometry })
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

    /// Attaches a LoRA adapter; its `down` factor is `[rank, kernel · kernel · in]`, channels innermost.
    ///
    /// # Errors
    /// When the shapes of its factors do not match the weight.
    pub fn attach(&mut self, adapter: Adapter) -> Result<()> {
        adapter.check(self.inner(), self.outputs)?;
        self.adapters.push(adapter);
        Ok(())
    }

    /// The attached adapters.
    pub fn adapters_mut(&mut self) -> &mut Vec<Adapter> {
        &mut self.adapters
    }

    /// Adds an adapter's matrix to the weight permanently.
    ///
    /// # Errors
    /// When the shapes of its factors do not match the weight.
    pub fn merge(&mut self, adapter: &Adapter) -> Result<()> {
        adapter.check(self.inner(), self.outputs)?;
        self.matrix.merge(&adapter.delta()?)
    }

    /// The weight `[out, kernel · kernel · in]`, channels innermost, in f32, without adapters.
    pub fn weight(&self) -> Result<Tensor> {
        self.matrix.plain(DType::F32)
    }

    /// Adds a matrix of the shape of [`weight`](Self::weight) to the weight permanently.
    ///
    /// # Errors
    /// When the shape differs.
    pub fn add_to_weight(&mut self, delta: &Tensor) -> Result<()> {
        if delta.dims() != [self.outputs, self.inner()] {
            bail!("a change of {:?} does not fit a convolution from {} to {}", delta.dims(), self.inner(), self.outputs);
        }
        self.matrix.merge(&delta.to_device(&self.device())?)
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
        let sizes = Sizes { batch, size: (height, width), out: (out_height, out_width), inputs: channels, outputs: self.outputs };
        if let Some(residual) = residual
            && residual.dims() != sizes.output_dims()
        {
            bail!("a residual of {:?} does not fit an output of {:?}", residual.dims(), sizes.output_dims());
        }
        let input = x.tensor().contiguous()?;
        let weight = self.matrix.operand(&input)?;
        let mut y = self.product(&input, sizes, &weight, residual.map(Value::tensor))?;
        let mut applied = Vec::new();
        if !self.adapters.is_empty() {
            let columns = columns(&input, sizes, self.geometry)?;
            for adapter in &self.adapters {
                let (delta, adapter) = adapter.apply(&columns)?;
                y = sum(&y, &delta.reshape(y.shape())?)?;
                applied.push(adapter);
            }
        }
        let parameters = trainable(&self.matrix, self.bias.as_ref(), &self.adapters);
        let mut parents = vec![x];
        parents.extend(residual);
        parents.extend(&parameters);
        if !parents.iter().any(|parent| parent.requires_grad()) {
            return Ok(Value::constant(y));
        }
        let to_weight = self.matrix.slot();
        let learns = to_weight.wanted() || applied.iter().any(AppliedAdapter::trainable);
        let backward = Backward {
            to_x: x.slot(),
            to_residual: residual.map_or_else(Slot::default, Value::slot),
            to_weight,
            to_bias: self.bias.as_ref().map_or_else(Slot::default, Vector::slot),
            kept: learns.then_some(input),
            weight,
            applied,
            sizes,
            geometry: self.geometry,
        };
        Ok(record(y, &parents, move |gradient, gradients| backward.run(gradient, gradients)))
    }

    /// The output without adapters.
    fn product(&self, x: &Tensor, sizes: Sizes, weight: &Operand, residual: Option<&Tensor>) -> Result<Tensor> {
        let bias = self.bias.as_ref().map(|bias| bias.of(self.outputs, "bias")).transpose()?;
        match weight {
            Operand::Packed(packed) => {
                let residual = residual.map(Tensor::contiguous).transpose()?;
                let bias = bias.as_ref().map(elements).transpose()?;
                let residual = residual.as_ref().map(elements).transpose()?;
                let addends = Addends { bias: bias.as_deref(), residual: residual.as_deref() };
                let (data, zeros) = (elements(x)?, vec![0f32; self.inputs]);
                let window = Window::Gather { stride: self.geometry.stride, pad: self.geometry.pad };
                let rows = sizes.rows((&data, sizes.size), &zeros, sizes.out, self.geometry.kernel, window);
                tensor(multiply(&rows, &panels::Forward { matrix: packed, segment_len: self.inputs }, addends), &sizes.output_dims())
            }
            Operand::Plain(weight) => {
                let mut y = matmul(&columns(x, sizes, self.geometry)?, &weight.t()?)?.reshape(&sizes.output_dims())?;
                if let Some(bias) = bias {
                    y = y.broadcast_add(&bias.to_dtype(x.dtype())?)?;
                }
                match residual {
                    Some(residual) => y + residual,
                    None => Ok(y),
                }
            }
        }
    }
}

/// What the backward pass of one call needs.
struct Backward {
    to_x: Slot,
    to_residual: Slot,
    to_weight: Slot,
    to_bias: Slot,
    /// The input, where the weight or an adapter is trainable.
    kept: Option<Tensor>,
    weight: Operand,
    applied: Vec<AppliedAdapter>,
    sizes: Sizes,
    geometry: Geometry,
}

impl Backward {
    fn run(self, gradient: &Tensor, gradients: &mut Gradients) -> Result<()> {
        let Self { sizes, geometry, .. } = self;
        gradients.add(&self.to_residual, gradient.clone())?;
        let gradient = gradient.contiguous()?;
        let rows = gradient.reshape((sizes.pixels(), sizes.outputs))?;
        Vector::add_column_sums(&self.to_bias, &rows, gradients)?;
        let seen = self.kept.as_ref().map(|x| columns(x, sizes, geometry)).transpose()?;
        if let (true, Some(seen)) = (self.to_weight.wanted(), &seen) {
            let shape = [sizes.outputs, geometry.kernel, geometry.kernel, sizes.inputs];
            gradients.add(&self.to_weight, outer(&rows, seen)?.reshape(&shape)?)?;
        }
        let mut to_input = match (self.to_x.wanted(), &self.weight) {
            (false, _) => None,
            (true, Operand::Packed(packed)) => Some(scatter(&gradient, packed, sizes, geometry)?),
            (true, Operand::Plain(weight)) => Some(fold(&matmul(&rows, weight)?, sizes, geometry)?),
        };
        for adapter in &self.applied {
            let share = adapter.backward(seen.as_ref(), &rows, gradients)?;
            to_input = to_input.map(|gradient| sum(&gradient, &fold(&share, sizes, geometry)?)).transpose()?;
        }
        to_input.map_or(Ok(()), |gradient| gradients.add(&self.to_x, gradient))
    }
}

/// The input's gradient on the CPU: the transposed convolution of the output's gradient.
fn scatter(gradient: &Tensor, packed: &PackedMatrix, sizes: Sizes, geometry: Geometry) -> Result<Tensor> {
    let (data, zeros) = (elements(gradient)?, vec![0f32; sizes.outputs]);
    let window = Window::Scatter { stride: geometry.stride, pad: geometry.pad };
    let rows = sizes.rows((&data, sizes.out), &zeros, sizes.size, geometry.kernel, window);
    let y = multiply(&rows, &panels::Backward { matrix: packed, columns: sizes.inputs }, Addends::default());
    tensor(y, &sizes.input_dims())
}

/// Reorders a LoRA `down` factor `[rank, in, kernel, kernel]` (PyTorch's order) for [`Conv2d::attach`].
pub fn window_factor(down: &Tensor) -> Result<Tensor> {
    down.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1)?.to_dtype(DType::F32)
}
