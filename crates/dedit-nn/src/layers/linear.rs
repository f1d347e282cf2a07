//! `y = x Wᵀ + b`.

use candle_core::{D, DType, Device, Result, Tensor, bail};

use super::adapter::{Adapter, AppliedAdapter, outer};
use super::vector::Vector;
use crate::autograd::{Parameter, Slot, Value, record};
use crate::backend::{elements, fused, tensor};
use crate::kernels::PackedMatrix;
use crate::kernels::panels::{Backward, Forward};
use crate::kernels::product::{AddBias, multiply};
use crate::kernels::rows::MatrixRows;
use crate::ops::sum;

/// How a layer's weight matrix `[out, in]` is kept.
#[derive(Debug)]
pub(crate) enum Matrix {
    /// Frozen, packed for the CPU kernels.
    Packed(PackedMatrix),
    /// Frozen, on another device.
    Plain(Tensor),
    /// Trainable, f32, never packed: a packed copy of a weight that changes every step would cost more memory than it saves time.
    Trainable(Parameter),
}

impl Matrix {
    pub(crate) fn new(weight: &Tensor) -> Result<Self> {
        if weight.device().is_cpu() { Ok(Self::Packed(PackedMatrix::from_out_in(weight)?)) } else { Ok(Self::Plain(weight.contiguous()?)) }
    }

    /// The packed form, where the CPU kernels apply.
    pub(crate) fn packed(&self) -> Option<PackedMatrix> {
        match self {
            Self::Packed(packed) => Some(packed.clone()),
            Self::Plain(_) | Self::Trainable(_) => None,
        }
    }

    /// The matrix `[out, in]` in `dtype`.
    pub(crate) fn plain(&self, dtype: DType) -> Result<Tensor> {
        match self {
            Self::Packed(packed) => packed.to_out_in()?.to_dtype(dtype),
            Self::Plain(weight) => weight.to_dtype(dtype),
            Self::Trainable(parameter) => parameter.tensor().flatten_from(1)?.to_dtype(dtype),
        }
    }

    pub(crate) fn device(&self) -> Device {
        match self {
            Self::Packed(_) => Device::Cpu,
            Self::Plain(weight) => weight.device().clone(),
            Self::Trainable(parameter) => parameter.tensor().device().clone(),
        }
    }

    pub(crate) fn slot(&self) -> Slot {
        match self {
            Self::Trainable(parameter) => parameter.value().slot(),
            _ => Slot::default(),
        }
    }

    /// Makes the weight trainable under the given shape.
    pub(crate) fn make_trainable(&mut self, shape: &[usize]) -> Result<Parameter> {
        if let Self::Trainable(parameter) = self {
            return Ok(parameter.clone());
        }
        let parameter = Parameter::new(self.plain(DType::F32)?.reshape(shape)?);
        *self = Self::Trainable(parameter.clone());
        Ok(parameter)
    }

    /// Adds `delta [out, in]` for good.
    pub(crate) fn merge(&mut self, delta: &Tensor) -> Result<()> {
        match self {
            Self::Packed(packed) => {
                let merged = (packed.to_out_in()? + delta)?.to_dtype(packed.dtype())?;
                *packed = PackedMatrix::from_out_in(&merged)?;
            }
            Self::Plain(weight) => *weight = (weight.to_dtype(DType::F32)? + delta)?.to_dtype(weight.dtype())?,
            Self::Trainable(parameter) => parameter.set((parameter.tensor() + delta.reshape(parameter.tensor().shape())?)?)?,
        }
        Ok(())
    }
}

/// A linear layer from `in` to `out` features.
#[derive(Debug)]
pub struct Linear {
    matrix: Matrix,
    bias: Option<Vector>,
    adapters: Vec<Adapter>,
    inputs: usize,
    outputs: usize,
    /// A weight-shaped stand-in for device and precision.
    like: Tensor,
}

impl Linear {
    /// A frozen layer from `weight [out, in]` and `bias [out]`.
    pub fn new(weight: &Tensor, bias: Option<&Tensor>) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let bias = bias.map(Vector::new).transpose()?;
        let like = Tensor::zeros((), weight.dtype(), weight.device())?;
        Ok(Self { matrix: Matrix::new(weight)?, bias, adapters: Vec::new(), inputs, outputs, like })
    }

    /// Input features.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Output features.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The device that the weight is on.
    pub fn device(&self) -> Device {
        self.matrix.device()
    }

    /// The weight `[out, in]` in f32, without adapters.
    pub fn weight(&self) -> Result<Tensor> {
        self.matrix.plain(DType::F32)
    }

    /// The bias.
    pub fn bias_mut(&mut self) -> Option<&mut Vector> {
        self.bias.as_mut()
    }

    /// Makes the weight trainable and returns it (f32, `[out, in]`).
    pub fn make_trainable(&mut self) -> Result<Parameter> {
        self.matrix.make_trainable(&[self.outputs, self.inputs])
    }

    /// Puts a LoRA adapter beside the weight.
    ///
    /// # Errors
    /// When its factors do not fit.
    pub fn attach(&mut self, adapter: Adapter) -> Result<()> {
        adapter.check(self.inputs, self.outputs)?;
        self.adapters.push(adapter);
        Ok(())
    }

    /// Attaches a fresh adapter that changes nothing yet, and returns it.
    pub fn attach_gaussian(&mut self, rank: usize, alpha: f64, rng: &mut crate::rng::Generator) -> Result<Adapter> {
        let adapter = Adapter::gaussian(self.inputs, self.outputs, rank, alpha, rng, &self.like)?;
        self.attach(adapter.clone())?;
        Ok(adapter)
    }

    /// The adapters beside the weight.
    pub fn adapters_mut(&mut self) -> &mut Vec<Adapter> {
        &mut self.adapters
    }

    /// Adds an adapter's matrix to the weight for good.
    pub fn merge(&mut self, adapter: &Adapter) -> Result<()> {
        adapter.check(self.inputs, self.outputs)?;
        self.matrix.merge(&adapter.delta()?)
    }

    /// `x [.., in]` to `[.., out]`.
    pub fn forward(&self, x: &Value) -> Result<Value> {
        self.forward_onto(x, None)
    }

    /// `residual + forward(x)`, in one pass over the output.
    pub fn forward_onto(&self, x: &Value, residual: Option<&Value>) -> Result<Value> {
        let inputs = x.tensor().dim(D::Minus1)?;
        if inputs != self.inputs {
            bail!("a linear layer for {} features got {:?}", self.inputs, x.dims());
        }
        let flat = x.tensor().contiguous()?.reshape(((), inputs))?;
        let mut dims = x.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = self.outputs;
        }
        let packed = if fused(&flat) { self.matrix.packed() } else { None };
        let mut y = self.product(&flat, packed.as_ref(), residual.map(Value::tensor))?;
        let mut applied = Vec::new();
        for adapter in &self.adapters {
            let (delta, adapter) = adapter.apply(&flat)?;
            y = sum(&y, &delta)?;
            applied.push(adapter);
        }
        self.record(x, residual, y.reshape(dims)?, flat, packed, applied)
    }

    /// `[rows, in]` to `[rows, out]`, adapters aside.
    fn product(&self, x: &Tensor, packed: Option<&PackedMatrix>, residual: Option<&Tensor>) -> Result<Tensor> {
        let (rows, inputs) = x.dims2()?;
        let bias = self.bias.as_ref().map(Vector::tensor);
        if let Some(packed) = packed {
            let residual = residual.map(Tensor::contiguous).transpose()?;
            let bias = bias.as_ref().map(elements).transpose()?;
            let residual = residual.as_ref().map(elements).transpose()?;
            let finish = AddBias { bias: bias.as_deref(), residual: residual.as_deref(), columns: self.outputs };
            let data = elements(x)?;
            let matrix = MatrixRows { data: &data, rows, columns: inputs, stride: inputs };
            return tensor(multiply(&matrix, &Forward { matrix: packed, segment_len: inputs }, &finish), &[rows, self.outputs]);
        }
        let mut y = x.matmul(&self.matrix.plain(x.dtype())?.t()?)?;
        if let Some(bias) = bias {
            y = y.broadcast_add(&bias.to_dtype(x.dtype())?)?;
        }
        match residual {
            Some(residual) => y + residual.reshape((rows, self.outputs))?,
            None => Ok(y),
        }
    }

    fn record(
        &self,
        x: &Value,
        residual: Option<&Value>,
        y: Tensor,
        flat: Tensor,
        packed: Option<PackedMatrix>,
        applied: Vec<AppliedAdapter>,
    ) -> Result<Value> {
        let to_weight = self.matrix.slot();
        let to_bias = self.bias.as_ref().map_or_else(Slot::default, Vector::slot);
        let learns = to_weight.wanted() || applied.iter().any(AppliedAdapter::trainable);
        let mut parents = vec![x];
        parents.extend(residual);
        let parameters = self.parameters();
        parents.extend(&parameters);
        let (to_x, to_residual) = (x.slot(), residual.map_or_else(Slot::default, Value::slot));
        if !parents.iter().any(|parent| parent.requires_grad()) {
            return Ok(Value::constant(y));
        }
        // Frozen weights off the CPU kernels are shared, not copied.
        let plain = if packed.is_none() { Some(self.matrix.plain(flat.dtype())?) } else { None };
        let kept = learns.then(|| flat.clone());
        let dims = x.dims().to_vec();
        let inputs = self.inputs;
        Ok(record(y, &parents, move |gradient, gradients| {
            gradients.add(&to_residual, gradient.clone())?;
            let rows = gradient.contiguous()?.flatten_to(gradient.rank() - 2)?;
            Vector::add_column_sums(&to_bias, &rows, gradients)?;
            if let (true, Some(x)) = (to_weight.wanted(), &kept) {
                gradients.add(&to_weight, outer(&rows, x)?)?;
            }
            let mut to_input = if to_x.wanted() { Some(input_gradient(&rows, packed.as_ref(), plain.as_ref(), inputs)?) } else { None };
            for adapter in &applied {
                let share = adapter.backward(kept.as_ref(), &rows, gradients)?;
                to_input = to_input.map(|gradient| sum(&gradient, &share)).transpose()?;
            }
            match to_input {
                Some(gradient) => gradients.add(&to_x, gradient.reshape(&*dims)?),
                None => Ok(()),
            }
        }))
    }

    /// Every trainable tensor of the layer as a value.
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

/// `gradient [rows, out]` times the weight: `[rows, in]`.
fn input_gradient(gradient: &Tensor, packed: Option<&PackedMatrix>, plain: Option<&Tensor>, inputs: usize) -> Result<Tensor> {
    match (packed, plain) {
        (Some(packed), _) => {
            let (rows, columns) = gradient.dims2()?;
            let data = elements(gradient)?;
            let matrix = MatrixRows { data: &data, rows, columns, stride: columns };
            let finish = AddBias { bias: None, residual: None, columns: inputs };
            tensor(multiply(&matrix, &Backward { matrix: packed, columns: inputs }, &finish), &[rows, inputs])
        }
        (None, Some(weight)) => gradient.matmul(weight),
        (None, None) => bail!("a linear layer has no weight"),
    }
}
