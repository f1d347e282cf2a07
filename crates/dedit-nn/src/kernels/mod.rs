//! CPU kernels: fused, multi-threaded, in f32, chosen for the processor at run time. Images are `[batch, height, width, channels]`.
#![allow(
    clippy::inline_always,
    reason = "a loop is vector code only where everything in it is inlined into a function compiled for the processor"
)]

pub(crate) mod attention;
pub(crate) mod attention_backward;
pub(crate) mod block;
pub(crate) mod buffer;
pub(crate) mod depthwise;
pub(crate) mod group_norm;
pub(crate) mod layer_norm;
pub(crate) mod math;
pub(crate) mod panels;
pub(crate) mod pointwise;
pub(crate) mod product;
pub(crate) mod rows;
pub(crate) mod tile;
pub(crate) mod transpose;

pub use math::Activation;
pub(crate) use panels::PackedMatrix;
