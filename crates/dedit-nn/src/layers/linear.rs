//! Linear layers, `y = x Wᵀ + b`.

use candle_core::{DType, Device, Result, Tensor, bail};

use super::adapter::{Adapter, AppliedAdapter, matmul, outer};
use super::matrix::{Matrix, Operand, trainable};
use super::vector::Vector;
use crate::autograd::{Gradients, Parameter, Slot, Value, record};
use crate::backend::{elements, sum, tensor};
use crate::kernels::panels;
use crate::kernels::product::{Addends, multiply};
use crate::kernels::rows::MatrixRows;

/// A linear layer from `in` to `out` features.
#[derive(Debug)]
pub struct Linear {
    matrix: Matrix,
    bias: Option<Vector>,
    adapters: Vec<Adapter>,
    inputs: usize,
    outputs: usize,
    /// A scalar with the device and precision of the weight.
    like: Tensor,
}

impl Linear {
    /// A frozen layer from `weight [out, in]` and `bias [out]`.
    ///
    /// # Errors
    /// When the shapes do not fit each other, or the weight is not f32, f16 or bf16.
    pub fn new(weight: &Tensor, bias: Option<&Tensor>) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let bias = bias.map(Vector::new).transpose()?;
        bias.iter().try_for_each(|bias| bias.of(outputs, "bias").map(drop))?;
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

    /// The precision that the weight was built in.
    pub fn dtype(&self) -> DType {
        self.like.dtype()
    }

    /// Replaces the weight `[out, in]` by a frozen one, which keeps its own precision.
    ///
    /// # Errors
    /// When the shape differs.
    pub fn set_weight(&mut self, weight: &Tensor) -> Result<()> {
        if weight.dims() != [self.outputs, self.inputs] {
            bail!("a weight of {:?} does not fit a layer from {} to {}", weight.dims(), self.inputs, self.outputs);
        }
        self.matrix = Matrix::new(&weight.to_device(self.like.device())?)?;
        Ok(())
    }

    /// Makes the weight trainable and returns it (f32, `[out, in]`).
    pub fn make_trainable(&mut self) -> Result<Parameter> {
        self.matrix.make_trainable(&[self.outputs, self.inputs])
    }

    /// Attaches a LoRA adapter.
    ///
    /// # Errors
    /// When the shapes of its factors do not match the weight.
    pub fn attach(&mut self, adapter: Adapter) -> Result<()> {
        adapter.check(self.inputs, self.outputs)?;
        self.adapters.push(adapter);
        Ok(())
    }

    /// Attaches a new adapter whose product is zero, see [`Adapter::gaussian`], and returns it.
    pub fn attach_gaussian(&mut self, rank: usize, alpha: f64, rng: &mut crate::rng::Generator) -> Result<Adapter> {
        let adapter = Adapter::gaussian(self.inputs, self.outputs, rank, alpha, rng, &self.like)?;
        self.attach(adapter.clone())?;
        Ok(adapter)
    }

    /// The attached adapters.
    pub fn adapters_mut(&mut self) -> &mut Vec<Adapter> {
        &mut self.adapters
    }

    /// Adds an adapter's matrix to the weight permanently.
    pub fn merge(&mut self, adapter: &Adapter) -> Result<()> {
        adapter.check(self.inputs, self.outputs)?;
        self.matrix.merge(&adapter.delta()?)
    }

    /// Adds `delta [out, in]` to the weight permanently.
    ///
    /// # Errors
    /// When the shape differs.
    pub fn add_to_weight(&mut self, delta: &Tensor) -> Result<()> {
        if delta.dims() != [self.outputs, self.inputs] {
            bail!("a change of {:?} does not fit a layer from {} to {}", delta.dims(), self.inputs, self.outputs);
        }
        self.matrix.merge(&delta.to_device(self.like.device())?)
    }

    /// `x [.., in]` to `[.., out]`.
    pub fn forward(&self, x: &Value) -> Result<Value> {
        self.forward_onto(x, None)
    }

    /// `residual + forward(x)`, in one pass over the output.
    pub fn forward_onto(&self, x: &Value, residual: Option<&Value>) -> Result<Value> {
        if x.dims().last() != Some(&self.inputs) {
            bail!("a linear layer for {} features got {:?}", self.inputs, x.dims());
        }
        let mut dims = x.dims().to_vec();
        let rows = dims[..dims.len() - 1].iter().product();
        dims.pop();
        dims.push(self.outputs);
        if let Some(residual) = residual
            && residual.dims() != dims
        {
            bail!("a residual of {:?} does not fit an output of {dims:?}", residual.dims());
        }
        let flat = x.tensor().contiguous()?.reshape((rows, self.inputs))?;
        let weight = self.matrix.operand(&flat)?;
        let mut y = self.product(&flat, &weight, residual.map(Value::tensor))?;
        let mut applied = Vec::new();
        for adapter in &self.adapters {
            let (delta, adapter) = adapter.apply(&flat)?;
            y = sum(&y, &delta)?;
            applied.push(adapter);
        }
        let y = y.reshape(dims)?;
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
            kept: learns.then_some(flat),
            weight,
            applied,
            dims: x.dims().to_vec(),
            sizes: (rows, self.inputs, self.outputs),
        };
        Ok(record(y, &parents, move |gradient, gradients| backward.run(gradient, gradients)))
    }

    /// `[rows, in]` to `[rows, out]`, without adapters.
    fn product(&self, x: &Tensor, weight: &Operand, residual: Option<&Tensor>) -> Result<Tensor> {
        let (rows, inputs) = x.dims2()?;
        let bias = self.bias.as_ref().map(|bias| bias.of(self.outputs, "bias")).transpose()?;
        match weight {
            Operand::Packed(packed) => {
                let residual = residual.map(Tensor::contiguous).transpose()?;
                let bias = bias.as_ref().map(elements).transpose()?;
                let residual = residual.as_ref().map(elements).transpose()?;
                let addends = Addends { bias: bias.as_deref(), residual: residual.as_deref() };
                let data = elements(x)?;
                let matrix = MatrixRows { data: &data, rows, columns: inputs, stride: inputs };
                tensor(multiply(&matrix, &panels::Forward { matrix: packed, segment_len: inputs }, addends), &[rows, self.outputs])
            }
            Operand::Plain(weight) => {
                let mut y = matmul(x, &weight.t()?)?;
                if let Some(bias) = bias {
                    y = y.broadcast_add(&bias.to_dtype(x.dtype())?)?;
                }
                match residual {
                    Some(residual) => y + residual.reshape((rows, self.outputs))?,
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
    /// The input `[rows, in]`, where the weight or an adapter is trainable.
    kept: Option<Tensor>,
    weight: Operand,
    applied: Vec<AppliedAdapter>,
    /// Dimensions of the input.
    dims: Vec<usize>,
    /// Rows, inputs, outputs.
    sizes: (usize, usize, usize),
}

impl Backward {
    fn run(self, gradient: &Tensor, gradients: &mut Gradients) -> Result<()> {
        let (rows, inputs, outputs) = self.sizes;
        gradients.add(&self.to_residual, gradient.clone())?;
        let gradient = gradient.contiguous()?.reshape((rows, outputs))?;
        Vector::add_column_sums(&self.to_bias, &gradient, gradients)?;
        if let (true, Some(x)) = (self.to_weight.wanted(), &self.kept) {
            gradients.add(&self.to_weight, outer(&gradient, x)?)?;
        }
        let mut to_input = match (self.to_x.wanted(), &self.weight) {
            (false, _) => None,
            (true, Operand::Packed(packed)) => {
                let data = elements(&gradient)?;
                let matrix = MatrixRows { data: &data, rows, columns: outputs, stride: outputs };
                let y = multiply(&matrix, &panels::Backward { matrix: packed, columns: inputs }, Addends::default());
                Some(tensor(y, &[rows, inputs])?)
            }
            (true, Operand::Plain(weight)) => Some(matmul(&gradient, weight)?),
        };
        for adapter in &self.applied {
            let share = adapter.backward(self.kept.as_ref(), &gradient, gradients)?;
            to_input = to_input.map(|gradient| sum(&gradient, &share)).transpose()?;
        }
        to_input.map_or(Ok(()), |gradient| gradients.add(&self.to_x, gradient.reshape(&*self.dims)?))
    }
}
