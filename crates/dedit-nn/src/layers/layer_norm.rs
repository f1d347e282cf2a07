//! Layer norm (Ba et al. 2016, arXiv 1607.06450).

use candle_core::{D, DType, Result, Tensor, bail};

use super::vector::{Vector, with_trainable};
use crate::autograd::{Value, record};
use crate::backend::{elements, fused, tensor};
use crate::kernels::layer_norm as kernel;

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
    ///
    /// # Errors
    /// When there are no channels, or scale and shift differ in length.
    pub fn new(gamma: &Tensor, beta: &Tensor, epsilon: f64) -> Result<Self> {
        let (gamma, beta) = (Vector::new(gamma)?, Vector::new(beta)?);
        let channels = gamma.tensor().dim(0)?;
        if channels == 0 {
            bail!("a norm for no channels");
        }
        beta.of(channels, "shift")?;
        Ok(Self { gamma, beta, epsilon })
    }

    /// Normalises `x [.., channels]`; the result has the same shape.
    pub fn forward(&self, x: &Value) -> Result<Value> {
        let channels = self.gamma.tensor().elem_count();
        if x.dims().last() != Some(&channels) || channels == 0 {
            bail!("a norm for {channels} channels got {:?}", x.dims());
        }
        let (gamma, beta) = (self.gamma.of(channels, "scale")?, self.beta.of(channels, "shift")?);
        let input = x.tensor().contiguous()?;
        let epsilon = self.epsilon;
        let y = if input.elem_count() == 0 {
            input.clone()
        } else if fused(&input) {
            tensor(kernel::layer_norm(&elements(&input)?, &elements(&gamma)?, &elements(&beta)?, epsilon as f32), input.dims())?
        } else {
            reference(&input, &gamma, &beta, epsilon)?
        };
        let parents = with_trainable(x, &[&self.gamma, &self.beta]);
        let slots = (x.slot(), self.gamma.slot(), self.beta.slot());
        Ok(record(y, &parents.iter().collect::<Vec<_>>(), move |gradient, gradients| {
            if input.elem_count() == 0 {
                return gradients.add(&slots.0, gradient.clone());
            }
            let gradient = gradient.contiguous()?;
            let [to_x, to_gamma, to_beta] = if fused(&input) {
                let result = kernel::layer_norm_backward(&elements(&input)?, &elements(&gradient)?, &elements(&gamma)?, epsilon as f32);
                [tensor(result.input, input.dims())?, tensor(result.gamma, &[channels])?, tensor(result.beta, &[channels])?]
            } else {
                reference_backward(&input, &gradient, &gamma, epsilon)?
            };
            gradients.add(&slots.0, to_x)?;
            gradients.add(&slots.1, to_gamma)?;
            gradients.add(&slots.2, to_beta)
        }))
    }
}

/// The normalised input and the reciprocal deviation, in f32.
fn normalise(x: &Tensor, epsilon: f64) -> Result<(Tensor, Tensor)> {
    let wide = x.to_dtype(DType::F32)?;
    let centred = wide.broadcast_sub(&wide.mean_keepdim(D::Minus1)?)?;
    let scale = (centred.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?.recip()?;
    Ok((centred.broadcast_mul(&scale)?, scale))
}

fn reference(x: &Tensor, gamma: &Tensor, beta: &Tensor, epsilon: f64) -> Result<Tensor> {
    let normalised = normalise(x, epsilon)?.0;
    let y = normalised.broadcast_mul(&gamma.to_dtype(DType::F32)?)?.broadcast_add(&beta.to_dtype(DType::F32)?)?;
    y.to_dtype(x.dtype())
}

fn reference_backward(x: &Tensor, gradient: &Tensor, gamma: &Tensor, epsilon: f64) -> Result<[Tensor; 3]> {
    let channels = gamma.elem_count();
    let (normalised, scale) = normalise(&x.reshape(((), channels))?, epsilon)?;
    let g = gradient.to_dtype(DType::F32)?.reshape(((), channels))?;
    let (to_gamma, to_beta) = ((&g * &normalised)?.sum(0)?, g.sum(0)?);
    let weighted = g.broadcast_mul(&gamma.to_dtype(DType::F32)?)?;
    let mean = weighted.mean_keepdim(D::Minus1)?;
    let along = (&weighted * &normalised)?.mean_keepdim(D::Minus1)?;
    let to_x = weighted.broadcast_sub(&mean)?.sub(&normalised.broadcast_mul(&along)?)?.broadcast_mul(&scale)?;
    Ok([to_x.reshape(gradient.shape())?.to_dtype(gradient.dtype())?, to_gamma, to_beta])
}
