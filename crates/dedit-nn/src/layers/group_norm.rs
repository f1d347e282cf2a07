//! Group norm (Wu & He 2018, arXiv 1803.08494), alone or fused with the `SiLU` that follows it in U-Nets and autoencoders.

use candle_core::{D, DType, Result, Tensor, bail};

use super::vector::{Vector, with_trainable};
use crate::autograd::{Value, record};
use crate::backend::{elements, fused, tensor};
use crate::kernels::group_norm::{self as kernel, GroupShape, GroupStatistics};
use crate::ops::Activation;
use crate::ops::reference_slope;

/// Normalises groups of channels over the whole image: `[batch, height, width, channels]` or `[batch, tokens, channels]`.
#[derive(Debug)]
pub struct GroupNorm {
    /// Scale per channel.
    pub gamma: Vector,
    /// Shift per channel.
    pub beta: Vector,
    groups: usize,
    epsilon: f64,
}

impl GroupNorm {
    /// A frozen norm.
    ///
    /// # Errors
    /// When the channels do not divide into `groups`, or scale and shift differ in length.
    pub fn new(gamma: &Tensor, beta: &Tensor, groups: usize, epsilon: f64) -> Result<Self> {
        let (gamma, beta) = (Vector::new(gamma)?, Vector::new(beta)?);
        let channels = gamma.tensor().dim(0)?;
        beta.of(channels, "shift")?;
        if groups == 0 || channels == 0 || !channels.is_multiple_of(groups) {
            bail!("{channels} channels do not divide into {groups} groups");
        }
        Ok(Self { gamma, beta, groups, epsilon })
    }

    /// Normalises `x`; the result has the same shape.
    pub fn forward(&self, x: &Value) -> Result<Value> {
        self.run(x, false)
    }

    /// The norm followed by `SiLU`; the result has the shape of `x`.
    pub fn forward_silu(&self, x: &Value) -> Result<Value> {
        self.run(x, true)
    }

    /// Scale and shift, and the sizes of `x`, if the shapes match.
    fn fit(&self, x: &Tensor) -> Result<(Tensor, Tensor, GroupShape)> {
        let gamma = self.gamma.tensor();
        let channels = gamma.elem_count();
        if x.rank() < 2 || x.dim(D::Minus1)? != channels || !channels.is_multiple_of(self.groups) {
            bail!("a norm for {channels} channels in {} groups got {:?}", self.groups, x.dims());
        }
        let batch = x.dim(0)?;
        let pixels = x.dims()[1..x.rank() - 1].iter().product();
        Ok((
            self.gamma.of(channels, "scale")?,
            self.beta.of(channels, "shift")?,
            GroupShape { batch, pixels, channels, groups: self.groups },
        ))
    }

    fn run(&self, x: &Value, silu: bool) -> Result<Value> {
        let input = x.tensor().contiguous()?;
        let (gamma, beta, shape) = self.fit(&input)?;
        let parents = with_trainable(x, &[&self.gamma, &self.beta]);
        let parents: Vec<&Value> = parents.iter().collect();
        let slots = (x.slot(), self.gamma.slot(), self.beta.slot());
        if input.elem_count() == 0 {
            return Ok(record(input, &parents, move |gradient, gradients| gradients.add(&slots.0, gradient.clone())));
        }
        let epsilon = self.epsilon;
        if !fused(&input) {
            let reference = Reference { shape, gamma, beta, epsilon, silu };
            return Ok(record(reference.forward(&input)?, &parents, move |gradient, gradients| {
                let [to_x, to_gamma, to_beta] = reference.backward(&input, gradient)?;
                gradients.add(&slots.0, to_x)?;
                gradients.add(&slots.1, to_gamma)?;
                gradients.add(&slots.2, to_beta)
            }));
        }
        let statistics = kernel::group_statistics(shape, &elements(&input)?, epsilon);
        let y = kernel::group_norm(shape, &elements(&input)?, &statistics, &elements(&gamma)?, &elements(&beta)?, silu);
        let y = tensor(y, input.dims())?;
        Ok(record(y, &parents, move |gradient, gradients| {
            let gradient = gradient.contiguous()?;
            let (x, g) = (elements(&input)?, elements(&gradient)?);
            let result = kernel::group_norm_backward(shape, &x, &g, &statistics, (&elements(&gamma)?, &elements(&beta)?), silu);
            gradients.add(&slots.0, tensor(result.input, input.dims())?)?;
            gradients.add(&slots.1, tensor(result.gamma, &[shape.channels])?)?;
            gradients.add(&slots.2, tensor(result.beta, &[shape.channels])?)
        }))
    }
}

/// Mean and reciprocal deviation of each group, measured once and used for all tiles of a picture: a tile's own statistics would leave visible seams.
#[derive(Debug, Clone)]
pub struct FixedStatistics {
    mean: Vec<f32>,
    scale: Vec<f32>,
}

impl GroupNorm {
    /// The statistics of `x [samples, height, width, channels]` over all samples together.
    ///
    /// # Errors
    /// When the number of channels differs from the norm's, or `x` is empty.
    pub fn measure(&self, x: &Tensor) -> Result<FixedStatistics> {
        let (.., shape) = self.fit(x)?;
        if x.elem_count() == 0 {
            bail!("{:?} has nothing to measure", x.dims());
        }
        let wide = x.to_dtype(DType::F32)?.contiguous()?;
        let pixels = shape.batch * shape.pixels;
        if fused(&wide) {
            let statistics = kernel::group_statistics(GroupShape { batch: 1, pixels, ..shape }, &elements(&wide)?, self.epsilon);
            return Ok(FixedStatistics { mean: statistics.mean, scale: statistics.scale });
        }
        let grouped = wide.reshape((pixels, self.groups, shape.channels / self.groups))?;
        let mean = grouped.mean_keepdim((0, 2))?;
        let variance = grouped.broadcast_sub(&mean)?.sqr()?.mean((0, 2))?;
        let scale = (variance + self.epsilon)?.sqrt()?.recip()?;
        Ok(FixedStatistics { mean: mean.flatten_all()?.to_vec1()?, scale: scale.to_vec1()? })
    }

    /// The norm with given statistics, followed by `SiLU`; no gradient is recorded.
    ///
    /// # Errors
    /// When the number of groups of the statistics, or of channels of `x`, differs from the norm's.
    pub fn apply_silu(&self, x: &Tensor, statistics: &FixedStatistics) -> Result<Tensor> {
        let (gamma, beta, shape) = self.fit(x)?;
        if statistics.mean.len() != self.groups {
            bail!("statistics of {} groups do not fit a norm of {}", statistics.mean.len(), self.groups);
        }
        let pixels = shape.batch * shape.pixels;
        let flat = x.contiguous()?.reshape((pixels, shape.channels))?;
        if fused(&flat) && pixels > 0 {
            let statistics = GroupStatistics { mean: statistics.mean.clone(), scale: statistics.scale.clone() };
            let shape = GroupShape { batch: 1, pixels, ..shape };
            return tensor(
                kernel::group_norm(shape, &elements(&flat)?, &statistics, &elements(&gamma)?, &elements(&beta)?, true),
                x.dims(),
            );
        }
        let spread = |per_group: &[f32]| -> Result<Tensor> {
            let repeated = per_group.iter().flat_map(|&value| std::iter::repeat_n(value, shape.channels / self.groups)).collect::<Vec<_>>();
            Tensor::from_vec(repeated, shape.channels, x.device())
        };
        let slope = (spread(&statistics.scale)? * gamma.to_dtype(DType::F32)?)?;
        let centred = flat.to_dtype(DType::F32)?.broadcast_sub(&spread(&statistics.mean)?)?;
        let y = centred.broadcast_mul(&slope)?.broadcast_add(&beta.to_dtype(DType::F32)?)?.silu()?;
        y.to_dtype(x.dtype())?.reshape(x.dims())
    }
}

/// The norm in candle's operations, in f32 whatever the precision of its input.
struct Reference {
    shape: GroupShape,
    gamma: Tensor,
    beta: Tensor,
    epsilon: f64,
    silu: bool,
}

impl Reference {
    /// The normalised input, `[batch, pixels, groups, channels / groups]`, and the reciprocal deviation.
    fn normalise(&self, x: &Tensor) -> Result<(Tensor, Tensor)> {
        let GroupShape { batch, pixels, channels, groups } = self.shape;
        let grouped = x.to_dtype(DType::F32)?.reshape((batch, pixels, groups, channels / groups))?;
        let centred = grouped.broadcast_sub(&grouped.mean_keepdim((1, 3))?)?;
        let scale = (centred.sqr()?.mean_keepdim((1, 3))? + self.epsilon)?.sqrt()?.recip()?;
        Ok((centred.broadcast_mul(&scale)?, scale))
    }

    /// Before `SiLU`, `[batch, pixels, channels]`.
    fn affine(&self, normalised: &Tensor) -> Result<Tensor> {
        let flat = normalised.reshape((self.shape.batch, self.shape.pixels, self.shape.channels))?;
        flat.broadcast_mul(&self.gamma.to_dtype(DType::F32)?)?.broadcast_add(&self.beta.to_dtype(DType::F32)?)
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let z = self.affine(&self.normalise(x)?.0)?;
        let y = if self.silu { z.silu()? } else { z };
        y.reshape(x.shape())?.to_dtype(x.dtype())
    }

    fn backward(&self, x: &Tensor, gradient: &Tensor) -> Result<[Tensor; 3]> {
        let GroupShape { batch, pixels, channels, groups } = self.shape;
        let (normalised, scale) = self.normalise(x)?;
        let mut g = gradient.to_dtype(DType::F32)?.reshape((batch, pixels, channels))?;
        if self.silu {
            g = (g * reference_slope(&self.affine(&normalised)?, Activation::Silu)?)?;
        }
        let flat = normalised.reshape((batch, pixels, channels))?;
        let (to_gamma, to_beta) = ((&g * &flat)?.sum((0, 1))?, g.sum((0, 1))?);
        let weighted = g.broadcast_mul(&self.gamma.to_dtype(DType::F32)?)?.reshape((batch, pixels, groups, channels / groups))?;
        let mean = weighted.mean_keepdim((1, 3))?;
        let along = (&weighted * &normalised)?.mean_keepdim((1, 3))?;
        let to_x = weighted.broadcast_sub(&mean)?.sub(&normalised.broadcast_mul(&along)?)?.broadcast_mul(&scale)?;
        Ok([to_x.reshape(gradient.shape())?.to_dtype(gradient.dtype())?, to_gamma, to_beta])
    }
}
