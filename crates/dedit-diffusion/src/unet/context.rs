//! The text context of the cross-attentions in one U-Net call.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{DType, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::layers::{AttentionMask, Linear, attention};
use dedit_nn::ops;

use crate::{Error, Result};

/// The text context of a call.
#[derive(Clone)]
pub enum Context {
    /// Every pixel of sample i attends to row i of `[batch, tokens, width]`.
    Shared(Value),
    /// One entry per sample: the branches of guidance may differ in number of tokens and in kind.
    PerSample(Vec<SampleContext>),
}

/// The context of one sample.
#[derive(Clone)]
pub enum SampleContext {
    /// Every pixel attends to the same tokens, `[1, tokens, width]`.
    Whole(Value),
    /// Several contexts, each for the pixels of its mask: `out = Σ_k m_k ⊙ softmax(Q K_kᵀ / √d) V_k` (D-Edit's grouped cross-attention).
    Regions(Vec<Region>),
}

/// A context and the pixels that attend to it.
#[derive(Clone)]
pub struct Region {
    /// `[1, tokens, width]`.
    pub context: Value,
    /// The mask at each attention resolution, (height, width) → row-major weights; see [`super::Unet::attention_sizes`]. Nothing is computed for pixels of
    /// weight 0. Where the masks of all regions are 0, the attention's output is 0.
    pub masks: Arc<BTreeMap<(usize, usize), Vec<f32>>>,
}

/// The projections of one cross-attention layer.
pub(super) struct Projections<'a> {
    pub(super) q: &'a Linear,
    pub(super) k: &'a Linear,
    pub(super) v: &'a Linear,
    pub(super) heads: usize,
}

impl Projections<'_> {
    fn attend(&self, q: &Value, context: &Value) -> Result<Value> {
        let (k, v) = (self.k.forward(context)?, self.v.forward(context)?);
        Ok(attention(q, &k, &v, self.heads, &AttentionMask::None)?)
    }
}

impl Context {
    /// Attention of `x [batch, height · width, channels]` to the context, as `[batch, height · width, inner]` with the layer's inner width.
    pub(super) fn attend(&self, layer: &Projections<'_>, x: &Value, size: (usize, usize)) -> Result<Value> {
        let q = layer.q.forward(x)?;
        match self {
            Self::Shared(context) => layer.attend(&q, context),
            Self::PerSample(samples) => {
                let parts: Vec<Value> = samples
                    .iter()
                    .enumerate()
                    .map(|(i, sample)| match sample {
                        SampleContext::Whole(context) => layer.attend(&ops::samples(&q, i, 1)?, context),
                        SampleContext::Regions(regions) => regions_attend(layer, &ops::samples(&q, i, 1)?, regions, size),
                    })
                    .collect::<Result<_>>()?;
                Ok(ops::cat_samples(&parts)?)
            }
        }
    }

    /// All values of the context, in a fixed order.
    pub(super) fn values(&self) -> Vec<&Value> {
        match self {
            Self::Shared(context) => vec![context],
            Self::PerSample(samples) => samples
                .iter()
                .flat_map(|sample| match sample {
                    SampleContext::Whole(context) => vec![context],
                    SampleContext::Regions(regions) => regions.iter().map(|region| &region.context).collect(),
                })
                .collect(),
        }
    }

    /// The same context with the given values, in the order of [`Self::values`].
    pub(super) fn with_values(&self, values: &[Value]) -> Self {
        let mut values = values.iter().cloned();
        let mut next = |old: &Value| values.next().unwrap_or_else(|| old.clone());
        match self {
            Self::Shared(context) => Self::Shared(next(context)),
            Self::PerSample(samples) => Self::PerSample(
                samples
                    .iter()
                    .map(|sample| match sample {
                        SampleContext::Whole(context) => SampleContext::Whole(next(context)),
                        SampleContext::Regions(regions) => SampleContext::Regions(
                            regions.iter().map(|region| Region { context: next(&region.context), masks: region.masks.clone() }).collect(),
                        ),
                    })
                    .collect(),
            ),
        }
    }

    /// The same context in another precision.
    pub(super) fn to_dtype(&self, dtype: DType) -> Result<Self> {
        let values: Vec<Value> = self.values().into_iter().map(|value| ops::to_dtype(value, dtype)).collect::<dedit_nn::Result<_>>()?;
        Ok(self.with_values(&values))
    }

    /// Fails unless the context matches the batch size.
    pub(super) fn check(&self, batch: usize) -> Result<()> {
        let samples = match self {
            Self::Shared(context) => context.dims().first().copied().unwrap_or(0),
            Self::PerSample(samples) => samples.len(),
        };
        if samples == batch {
            return Ok(());
        }
        Err(Error::usage(format!("{batch} latents were given text for {samples}")))
    }
}

/// Attention of one sample's pixels, each only to the tokens of its own regions, so that many regions take no more time than one.
fn regions_attend(layer: &Projections<'_>, q: &Value, regions: &[Region], size: (usize, usize)) -> Result<Value> {
    let (_, pixels, width) = q.tensor().dims3()?;
    let q = ops::reshape(q, &[pixels, width])?;
    let mut parts = Vec::with_capacity(regions.len());
    for region in regions {
        let mask = region.masks.get(&size).filter(|mask| mask.len() == pixels);
        let Some(mask) = mask else {
            return Err(Error::usage(format!("a region has no mask of {} × {} for the attention there", size.1, size.0)));
        };
        let (rows, weights): (Vec<u32>, Vec<f32>) =
            mask.iter().enumerate().filter(|&(_, &weight)| weight != 0.0).map(|(row, &weight)| (row as u32, weight)).unzip();
        if rows.is_empty() {
            continue;
        }
        let own = ops::reshape(&ops::select_rows(&q, &rows)?, &[1, rows.len(), width])?;
        let mut out = ops::reshape(&layer.attend(&own, &region.context)?, &[rows.len(), width])?;
        if weights.iter().any(|&weight| (weight - 1.0).abs() > f32::EPSILON) {
            let weights = Tensor::from_vec(weights, (rows.len(), 1), q.device())?.to_dtype(out.tensor().dtype())?;
            out = ops::scale_rows(&out, &weights)?;
        }
        parts.push((out, rows));
    }
    Ok(ops::reshape(&ops::scatter_rows(&parts, pixels, width, q.tensor())?, &[1, pixels, width])?)
}

#[cfg(test)]
mod tests;
