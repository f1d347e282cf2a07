//! Layers whose weights are frozen, trainable, or carry LoRA adapters.
//!
//! Images are `[batch, height, width, channels]`, token sequences `[batch, tokens, channels]`. A new layer is frozen; `make_trainable` and `attach` of
//! each type change that. For frozen weights no gradient is computed and no input kept.

mod adapter;
mod attention;
mod biased;
mod conv;
mod depthwise;
mod group_norm;
mod layer_norm;
mod linear;
mod matrix;
mod vector;
mod windows;

use candle_core::Result;

pub use adapter::Adapter;
pub use attention::{AttentionMask, attention};
pub use biased::{ScoreBias, biased_attention};
pub use conv::{Conv2d, window_factor};
pub use depthwise::DepthwiseConv;
pub use group_norm::{FixedStatistics, GroupNorm};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use vector::Vector;

/// Called with the path and the layer.
pub type Visitor<'v> = dyn FnMut(&str, Layer<'_>) -> Result<()> + 'v;

/// Visits every layer that has weights, with its path in diffusers' naming, without the trailing `.weight`.
pub trait Visit {
    /// Calls `visitor` for every layer below `path`; stops at the first error.
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> Result<()>;
}

/// A layer that [`Visit::visit`] passes to the visitor.
pub enum Layer<'a> {
    /// A linear layer.
    Linear(&'a mut Linear),
    /// A convolution.
    Conv2d(&'a mut Conv2d),
    /// A group norm.
    GroupNorm(&'a mut GroupNorm),
    /// A layer norm.
    LayerNorm(&'a mut LayerNorm),
}

/// `parent.child`, or `child` at the root.
pub fn join(parent: &str, child: impl std::fmt::Display) -> String {
    if parent.is_empty() { child.to_string() } else { format!("{parent}.{child}") }
}
