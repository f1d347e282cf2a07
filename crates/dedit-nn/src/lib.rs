//! Neural-network layers on candle tensors: exact gradients, fused CPU kernels, weights that are frozen, trainable, or carry LoRA adapters.
//!
//! Why not candle's own layers: in candle 0.11.1 several of them cut the graph without a word, a transposed batch times a shared weight gives wrong
//! products, frozen weights get gradients all the same, and most CPU loops use one thread. So this crate has its own graph ([`autograd`]), its own
//! kernels, and layers ([`layers`]) that are the only code above to know either. candle gives the tensors, the devices and their primitive operations.
//!
//! On the CPU networks compute in f32 whatever precision their weights are stored in. On other devices every layer falls back to candle's operations in
//! the weights' precision; [`with_reference`] runs that path on the CPU, where tests hold the two against each other.
//!
//! This crate knows no model, opens no file and reads no environment variable.

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
