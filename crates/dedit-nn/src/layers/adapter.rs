//! LoRA (Hu et al. 2021, arXiv 2106.09685), a low-rank update of a weight: `y += s · B (A x)`.

use candle_core::{DType, Result, Tensor, bail};

use crate::autograd::{Gradients, Parameter, Slot};
use crate::rng::Generator;

/// The two factors and their scale. In a convolution `in` stands for `height · width · in` of its window, channels innermost.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// `A`, `[rank, in]`.
    pub down: Parameter,
    /// `B`, `[out, rank]`.
    pub up: Parameter,
    /// `s`: usually alpha / rank, times a weight of the user's choice.
    pub scale: f64,
}

impl Adapter {
    /// An adapter with given factors.
    ///
    /// # Errors
    /// When the ranks differ or are zero.
    pub fn new(down: &Tensor, up: &Tensor, scale: f64) -> Result<Self> {
        let ((rank, _), (_, same)) = (down.dims2()?, up.dims2()?);
        if rank != same || rank == 0 {
            bail!("LoRA factors of rank {rank} and {same} do not fit each other");
        }
        let parameter = |tensor: &Tensor| Ok::<_, candle_core::Error>(Parameter::new(tensor.to_dtype(DType::F32)?.contiguous()?));
        Ok(Self { down: parameter(down)?, up: parameter(up)?, scale })
    }

    /// An adapter whose product is zero: `A` Gaussian with deviation 1 / rank, `B` zero (peft's "gaussian" initialisation).
    ///
    /// # Errors
    /// When the rank is zero.
    pub fn gaussian(inputs: usize, outputs: usize, rank: usize, alpha: f64, rng: &mut Generator, like: &Tensor) -> Result<Self> {
        if rank == 0 {
            bail!("LoRA factors of rank 0 can learn nothing");
        }
        let down = (rng.normal((rank, inputs), like.device())? * (1.0 / rank as f64))?;
        let up = Tensor::zeros((outputs, rank), DType::F32, like.device())?;
        Self::new(&down, &up, alpha / rank as f64)
    }

    /// Fails unless the factors have the shapes of a layer with these sizes.
    pub(crate) fn check(&self, inputs: usize, outputs: usize) -> Result<()> {
        let (down, up) = (self.down.tensor(), self.up.tensor());
        if down.dim(1)? != inputs || up.dim(0)? != outputs {
            bail!("LoRA factors {:?} and {:?} do not fit a layer from {inputs} to {outputs}", down.dims(), up.dims());
        }
        Ok(())
    }

    /// The full matrix `s · B A`, `[out, in]`.
    pub fn delta(&self) -> Result<Tensor> {
        matmul(&self.up.tensor(), &self.down.tensor())? * self.scale
    }

    /// The adapter's output for `x [rows, in]`, and what its backward pass needs.
    pub(crate) fn apply(&self, x: &Tensor) -> Result<(Tensor, AppliedAdapter)> {
        let (down, up) = (self.down.tensor().to_dtype(x.dtype())?, self.up.tensor().to_dtype(x.dtype())?);
        let hidden = matmul(x, &down.t()?)?;
        let y = (matmul(&hidden, &up.t()?)? * self.scale)?;
        let slots = (self.down.value().slot(), self.up.value().slot());
        Ok((y, AppliedAdapter { down, up, hidden, slots, scale: self.scale }))
    }
}

/// What the backward pass of an adapter needs: the slots and values of its factors, and `A x`.
pub(crate) struct AppliedAdapter {
    down: Tensor,
    up: Tensor,
    hidden: Tensor,
    slots: (Slot, Slot),
    scale: f64,
}

impl AppliedAdapter {
    /// Whether its factors require gradients; the layer must keep its input then.
    pub(crate) fn trainable(&self) -> bool {
        self.slots.0.wanted() || self.slots.1.wanted()
    }

    /// Adds the gradients of the factors, which need the input `x [rows, in]`, and returns the adapter's part of the input's gradient `[rows, in]`.
    /// `gradient` is `[rows, out]`.
    pub(crate) fn backward(&self, x: Option<&Tensor>, gradient: &Tensor, gradients: &mut Gradients) -> Result<Tensor> {
        let scaled = (gradient * self.scale)?;
        let to_hidden = matmul(&scaled, &self.up)?;
        if let (true, Some(x)) = (self.trainable(), x) {
            gradients.add(&self.slots.1, outer(&scaled, &self.hidden)?)?;
            gradients.add(&self.slots.0, outer(&to_hidden, x)?)?;
        }
        matmul(&to_hidden, &self.down)
    }
}

/// `aᵀ b` in f32: the gradient `[out, in]` of a weight from `[rows, out]` and `[rows, in]`.
pub(crate) fn outer(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    matmul(&a.t()?, b)?.to_dtype(DType::F32)
}

/// `a b` for matrices; zeros where a size is zero, which candle's product may not accept.
pub(crate) fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let ((rows, inner), columns) = (a.dims2()?, b.dim(1)?);
    if rows * inner * columns == 0 {
        return Tensor::zeros((rows, columns), a.dtype(), a.device());
    }
    a.matmul(b)
}
