//! Group norm and layer norm.

use candle_core::{D, DType, Result, Tensor, bail};

use super::vector::Vector;
use crate::autograd::{Value, record};
use crate::backend::{elements, fused, tensor};
use crate::kernels::norm::{self, GroupShape};

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
    /// When the channels do not divide into `groups`.
    pub fn new(gamma: &Tensor, beta: &Tensor, groups: usize, epsilon: f64) -> Result<Self> {
        let channels = gamma.dim(0)?;
        if groups == 0 || !channels.is_multiple_of(groups) {
            bail!("{channels} channels do not divide into {groups} groups");
        }
        Ok(Self { gamma: Vector::new(gamma)?, beta: Vector::new(beta)?, groups, epsilon })
    }

    /// The norm.
    pub fn forward(&self, x: &Value) -> Result<Value> {
        self.run(x, false)
    }

    /// The norm, then `SiLU`.
    pub fn forward_silu(&self, x: &Value) -> Result<Value> {
        self.run(x, true)
    }

    fn run(&self, x: &Value, silu: bool) -> Result<Value> {
        let input = x.tensor().contiguous()?;
        let channels = input.dim(D::Minus1)?;
        let batch = input.dim(0)?;
        let shape = GroupShape { batch, pixels: input.elem_count() / batch / channels, channels, groups: self.groups };
        let (gamma, beta) = (self.gamma.tensor(), self.beta.tensor());
        if gamma.dim(0)? != channels {
            bail!("a norm for {:?} channels got {:?}", gamma.dims(), x.dims());
        }
        let parents = parents(x, &self.gamma, &self.beta);
        let parents: Vec<&Value> = parents.iter().collect();
        let slots = (x.slot(), self.gamma.slot(), self.beta.slot());
        if !fused(&input) {
            let epsilon = self.epsilon;
            let y = reference_group_norm(&input, shape, &gamma, &beta, epsilon, silu)?.0;
            return Ok(record(y, &parents, move |gradient, gradients| {
                let (_, normalised, scale) = reference_group_norm(&input, shape, &gamma, &beta, epsilon, silu)?;
                let [to_x, to_gamma, to_beta] = reference_group_norm_backward(&normalised, &scale, gradient, shape, &gamma, &beta, silu)?;
                gradients.add(&slots.0, to_x)?;
                gradients.add(&slots.1, to_gamma)?;
                gradients.add(&slots.2, to_beta)
            }));
        }
        let statistics = norm::group_statistics(shape, &*elements(&input)?, self.epsilon);
        let y = norm::group_norm(shape, &*elements(&input)?, &statistics, &*elements(&gamma)?, &*elements(&beta)?, silu);
        let y = tensor(y, input.dims())?;
        if !parents.iter().any(|parent| parent.requires_grad()) {
            return Ok(Value::constant(y));
        }
        Ok(record(y, &parents, move |gradient, gradients| {
            let gradient = gradient.contiguous()?;
            let parameters = (elements(&gamma)?, elements(&beta)?);
            let result = norm::group_norm_backward(
                shape,
                &*elements(&input)?,
                &*elements(&gradient)?,
                &statistics,
                (&*parameters.0, &*parameters.1),
                silu,
            );
            gradients.add(&slots.0, tensor(result.input, input.dims())?)?;
            gradients.add(&slots.1, tensor(result.gamma, &[channels])?)?;
            gradients.add(&slots.2, tensor(result.beta, &[channels])?)
        }))
    }
}

/// Mean and reciprocal deviation of each group, measured once and used for other pixels of the same picture: what makes tiles agree.
#[derive(Debug, Clone)]
pub struct FixedStatistics {
    mean: Vec<f32>,
    scale: Vec<f32>,
}

impl GroupNorm {
    /// Measures `x [samples, height, width, channels]`, all samples together.
    pub fn measure(&self, x: &Tensor) -> Result<FixedStatistics> {
        let channels = x.dim(D::Minus1)?;
        let grouped = x.to_dtype(DType::F32)?.reshape(((), self.groups, channels / self.groups))?;
        if fused(&grouped) {
            let shape = GroupShape { batch: 1, pixels: grouped.dim(0)?, channels, groups: self.groups };
            let statistics = norm::group_statistics(shape, &elements(&grouped)?, self.epsilon);
            return Ok(FixedStatistics { mean: statistics.mean, scale: statistics.scale });
        }
        let mean = grouped.mean_keepdim((0, 2))?;
        let variance = grouped.broadcast_sub(&mean)?.sqr()?.mean((0, 2))?;
        let scale = (variance + self.epsilon)?.sqrt()?.recip()?;
        Ok(FixedStatistics { mean: mean.flatten_all()?.to_vec1()?, scale: scale.to_vec1()? })
    }

    /// The norm with given statistics, then `SiLU`; without a gradient.
    pub fn apply_silu(&self, x: &Tensor, statistics: &FixedStatistics) -> Result<Tensor> {
        let channels = x.dim(D::Minus1)?;
        let (gamma, beta) = (self.gamma.tensor(), self.beta.tensor());
        if statistics.mean.len() != self.groups || gamma.dim(0)? != channels {
            bail!("statistics of {} groups do not fit {:?}", statistics.mean.len(), x.dims());
        }
        let flat = x.contiguous()?.reshape((1, (), channels))?;
        let spread = |per_group: &[f32]| -> Result<Tensor> {
            let repeated = per_group.iter().flat_map(|&value| std::iter::repeat_n(value, channels / self.groups)).collect::<Vec<_>>();
            Tensor::from_vec(repeated, channels, x.device())
        };
        let slope = (spread(&statistics.scale)? * gamma.to_dtype(DType::F32)?)?;
        let offset = (beta.to_dtype(DType::F32)? - (spread(&statistics.mean)? * &slope)?)?;
        if fused(&flat) {
            let shape = GroupShape { batch: 1, pixels: flat.dim(1)?, channels, groups: channels };
            let unit = norm::GroupStatistics { mean: vec![0.0; channels], scale: vec![1.0; channels] };
            return tensor(norm::group_norm(shape, &elements(&flat)?, &unit, &elements(&slope)?, &elements(&offset)?, true), x.dims());
        }
        let y = flat.to_dtype(DType::F32)?.broadcast_mul(&slope)?.broadcast_add(&offset)?.silu()?;
        y.to_dtype(x.dtype())?.reshape(x.dims())
    }
}

fn parents(x: &Value, gamma: &Vector, beta: &Vector) -> Vec<Value> {
    let mut values = vec![x.clone()];
    for vector in [gamma, beta] {
        if let Vector::Trainable(parameter) = vector {
            values.push(parameter.value());
        }
    }
    values
}

/// The output, the normalised input `[batch, pixels, groups, channels / groups]` and the reciprocal deviation, all in f32 but the output.
fn reference_group_norm(
    x: &Tensor,
    shape: GroupShape,
    gamma: &Tensor,
    beta: &Tensor,
    epsilon: f64,
    silu: bool,
) -> Result<(Tensor, Tensor, Tensor)> {
    let GroupShape { batch, pixels, channels, groups } = shape;
    let grouped = x.to_dtype(DType::F32)?.reshape((batch, pixels, groups, channels / groups))?;
    let centred = grouped.broadcast_sub(&grouped.mean_keepdim((1, 3))?)?;
    let scale = (centred.sqr()?.mean_keepdim((1, 3))? + epsilon)?.sqrt()?.recip()?;
    let normalised = centred.broadcast_mul(&scale)?;
    let flat = normalised.reshape((batch, pixels, channels))?;
    let z = flat.broadcast_mul(&gamma.to_dtype(DType::F32)?)?.broadcast_add(&beta.to_dtype(DType::F32)?)?;
    let y = if silu { z.silu()? } else { z };
    Ok((y.reshape(x.shape())?.to_dtype(x.dtype())?, normalised, scale))
}

fn reference_group_norm_backward(
    normalised: &Tensor,
    scale: &Tensor,
    gradient: &Tensor,
    shape: GroupShape,
    gamma: &Tensor,
    beta: &Tensor,
    silu: bool,
) -> Result<[Tensor; 3]> {
    let GroupShape { batch, pixels, channels, groups } = shape;
    let flat = normalised.reshape((batch, pixels, channels))?;
    let gamma = gamma.to_dtype(DType::F32)?;
    let mut g = gradient.to_dtype(DType::F32)?.reshape((batch, pixels, channels))?;
    if silu {
        let z = flat.broadcast_mul(&gamma)?.broadcast_add(&beta.to_dtype(DType::F32)?)?;
        let s = (((&z * 0.5)?.tanh()? * 0.5)? + 0.5)?;
        g = (g * (&s * ((z * s.affine(-1.0, 1.0)?)? + 1.0)?)?)?;
    }
    let (to_gamma, to_beta) = ((&g * &flat)?.sum((0, 1))?, g.sum((0, 1))?);
    let weighted = g.broadcast_mul(&gamma)?.reshape((batch, pixels, groups, channels / groups))?;
    let mean = weighted.mean_keepdim((1, 3))?;
    let along = (&weighted * normalised)?.mean_keepdim((1, 3))?;
    let to_x = weighted.broadcast_sub(&mean)?.sub(&normalised.broadcast_mul(&along)?)?.broadcast_mul(scale)?;
    Ok([to_x.reshape(gradient.shape())?.to_dtype(gradient.dtype())?, to_gamma, to_beta])
}

/// Normalises the last dimension.
#[derive(Debug)]
pub struct LayerNorm {
    /// Scale per channel.
    pub gamma: Vector,
    /// Shift per channel.
    pub beta: Vector,
    epsilon: f64,
}

impl LayerNorm {
    /// A frozen norm.
    pub fn new(gamma: &Tensor, beta: &Tensor, epsilon: f64) -> Result<Self> {
        Ok(Self { gamma: Vector::new(gamma)?, beta: Vector::new(beta)?, epsilon })
    }

    /// The norm.
    pub fn forward(&self, x: &Value) -> Result<Value> {
        let input = x.tensor().contiguous()?;
        let columns = input.dim(D::Minus1)?;
        let (gamma, beta) = (self.gamma.tensor(), self.beta.tensor());
        if gamma.dim(0)? != columns {
            bail!("a norm for {:?} channels got {:?}", gamma.dims(), x.dims());
        }
        let epsilon = self.epsilon;
        let y = if fused(&input) {
            tensor(norm::layer_norm(&*elements(&input)?, &*elements(&gamma)?, &*elements(&beta)?, epsilon as f32), input.dims())?
        } else {
            reference_layer_norm(&input, &gamma, &beta, epsilon)?.0
        };
        let parents = parents(x, &self.gamma, &self.beta);
        let parents: Vec<&Value> = parents.iter().collect();
        let slots = (x.slot(), self.gamma.slot(), self.beta.slot());
        Ok(record(y, &parents, move |gradient, gradients| {
            let gradient = gradient.contiguous()?;
            let [to_x, to_gamma, to_beta] = if fused(&input) {
                let result = norm::layer_norm_backward(&*elements(&input)?, &*elements(&gradient)?, &*elements(&gamma)?, epsilon as f32);
                [tensor(result.input, input.dims())?, tensor(result.gamma, &[columns])?, tensor(result.beta, &[columns])?]
            } else {
                reference_layer_norm_backward(&input, &gradient, &gamma, &beta, epsilon)?
            };
            gradients.add(&slots.0, to_x)?;
            gradients.add(&slots.1, to_gamma)?;
            gradients.add(&slots.2, to_beta)
        }))
    }
}

/// The output, the normalised input and the reciprocal deviation.
fn reference_layer_norm(x: &Tensor, gamma: &Tensor, beta: &Tensor, epsilon: f64) -> Result<(Tensor, Tensor, Tensor)> {
    let wide = x.to_dtype(DType::F32)?;
    let centred = wide.broadcast_sub(&wide.mean_keepdim(D::Minus1)?)?;
    let scale = (centred.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?.recip()?;
    let normalised = centred.broadcast_mul(&scale)?;
    let y = normalised.broadcast_mul(&gamma.to_dtype(DType::F32)?)?.broadcast_add(&beta.to_dtype(DType::F32)?)?;
    Ok((y.to_dtype(x.dtype())?, normalised, scale))
}

fn reference_layer_norm_backward(x: &Tensor, gradient: &Tensor, gamma: &Tensor, beta: &Tensor, epsilon: f64) -> Result<[Tensor; 3]> {
    let (_, normalised, scale) = reference_layer_norm(x, gamma, beta, epsilon)?;
    let g = gradient.to_dtype(DType::F32)?;
    let last = g.rank() - 2;
    let (to_gamma, to_beta) = ((&g * &normalised)?.flatten_to(last)?.sum(0)?, g.flatten_to(last)?.sum(0)?);
    let weighted = g.broadcast_mul(&gamma.to_dtype(DType::F32)?)?;
    let mean = weighted.mean_keepdim(D::Minus1)?;
    let along = (&weighted * &normalised)?.mean_keepdim(D::Minus1)?;
    let to_x = weighted.broadcast_sub(&mean)?.sub(&normalised.broadcast_mul(&along)?)?.broadcast_mul(&scale)?;
    Ok([to_x.to_dtype(gradient.dtype())?, to_gamma, to_beta])
}
