//! CPU kernels: fused, multi-threaded, in f32, chosen for the processor at run time. Images are `[batch, height, width, channels]`.

pub(crate) mod attention;
pub(crate) mod attention_backward;
pub(crate) mod buffer;
pub(crate) mod math;
pub(crate) mod norm;
pub(crate) mod panels;
pub(crate) mod pointwise;
pub(crate) mod product;
pub(crate) mod rows;
pub(crate) mod tile;

pub use math::Activation;
pub(crate) use panels::PackedMatrix;
