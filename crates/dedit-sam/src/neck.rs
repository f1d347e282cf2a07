//! The end of both image encoders: from the transformer's channels to those of the embedding.

use candle_core::{Result, Tensor};
use dedit_nn::layers::{Conv2d, LayerNorm};

use crate::layers::{conv, norm};
use crate::weights::Scope;

/// ε of the norms over channels.
pub(crate) const CHANNEL_EPSILON: f64 = 1e-6;

/// Two convolutions, each followed by a norm over channels.
#[derive(Debug)]
pub(crate) struct Neck {
    first: Conv2d,
    first_norm: LayerNorm,
    second: Conv2d,
    second_norm: LayerNorm,
}

impl Neck {
    pub(crate) fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        let neck = Self {
            first: scope.at(0).conv(1, 0)?,
            first_norm: scope.at(1).norm(CHANNEL_EPSILON)?,
            second: scope.at(2).conv(1, 1)?,
            second_norm: scope.at(3).norm(CHANNEL_EPSILON)?,
        };
        scope.expect(neck.first.kernel() == 1 && neck.second.kernel() == 3 && neck.second.inputs() == neck.first.outputs())?;
        Ok(neck)
    }

    /// Channels that it takes.
    pub(crate) fn inputs(&self) -> usize {
        self.first.inputs()
    }

    /// `[1, height, width, in]` to `[1, height, width, out]`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = norm(&self.first_norm, &conv(&self.first, x)?)?;
        norm(&self.second_norm, &conv(&self.second, &x)?)
    }
}
