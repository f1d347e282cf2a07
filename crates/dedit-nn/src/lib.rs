//! Neural-network layers on candle tensors: exact gradients, fused CPU kernels, and weights that are frozen, trainable, or have LoRA adapters.
//!
//! Why not candle's own layers: in candle 0.11.1 several of them silently cut the graph, the product of a transposed batch with a shared weight is wrong,
//! gradients of frozen weights are computed too, and most CPU loops use one thread. So this crate has its own graph ([`autograd`]), its own CPU kernels,
//! and layers ([`layers`]) on top of both. It uses candle's tensors, devices and primitive operations.
//!
//! On the CPU networks compute in f32, whatever the precision of their weights. On other devices every layer uses candle's operations in the precision of
//! the weights; [`with_reference`] runs that path on the CPU, where tests compare the two.
//!
//! This crate names no model, opens no file and reads no environment variable.

pub mod adamw;
pub mod autograd;
mod backend;
mod kernels;
pub mod layers;
pub mod memory;
pub mod ops;
pub mod rng;

pub use backend::with_reference;
pub use candle_core::{Error, Result};
