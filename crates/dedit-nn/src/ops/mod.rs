//! Operations without weights, each with its gradient.

mod layout;
mod loss;
mod pointwise;
mod rows;

use candle_core::{DType, Tensor};

pub use self::layout::{cat_channels, cat_samples, channels_first, channels_last, crop, reshape, samples, to_dtype, upsample2};
pub use self::loss::mean_squared_error;
pub(crate) use self::pointwise::reference_slope;
pub use self::pointwise::{activate, add, add_per_sample, geglu, scale};
pub use self::rows::{embed, scale_rows, scatter_rows, select_rows};
pub use crate::kernels::Activation;

/// The precision that networks compute in: f32 on the CPU, that of the weights elsewhere.
pub fn compute_dtype(weight: &Tensor) -> DType {
    if weight.device().is_cpu() { DType::F32 } else { weight.dtype() }
}
