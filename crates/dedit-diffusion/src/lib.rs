//! Latent diffusion models: tokenizer, text encoders, U-Net, autoencoder, schedulers, weights.
//!
//! Life cycle: a checkpoint (a diffusers folder or a single file) is opened and its family recognised; the networks are built from it once and then
//! called any number of times. This crate knows no item and no session, and opens no files but weights, tokenizers and their settings.

mod build;
pub mod config;
pub mod embedding;
mod error;
pub mod lora;
pub mod pipeline;
pub mod prompt;
mod resnet;
pub mod scheduler;
pub mod text_encoder;
mod tokenizer;
pub mod unet;
pub mod vae;
pub mod weights;

pub use error::{Error, ErrorKind, Result};
pub use tokenizer::{Encoded, Tokenizer};
pub use weights::{Checkpoint, Family, Scope, Weights};
