//! The D-Edit method ("An Item is Worth a Prompt", arXiv 2403.04880): every item of a picture gets its own prompt, learned on that picture; grouped
//! cross-attention makes the pixels of an item attend to this prompt only; an edit changes prompts, masks, or their assignment.
//!
//! [`Engine::learn`] fine-tunes on a [`Subject`](dedit_edit::Subject) (a picture and its items) and returns a [`Learned`], which is small and can be saved;
//! [`Engine::edit`] carries out an [`EditPlan`](dedit_edit::EditPlan) with it. [`Engine::draft`] returns a `Learned` before any fine-tuning, for quick
//! previews.
//!
//! This crate opens no file or socket and reads no environment variable: whatever is saved is passed as bytes.

#![forbid(unsafe_code)]

mod attention;
mod canvas;
mod conditioning;
mod engine;
mod engine_for_hosts;
mod error;
mod file;
mod learned;
pub mod learning;
mod picture;
mod preview;
mod regional;
pub mod sampling;
mod text;

pub use attention::TrainedAttention;
pub use engine::Engine;
pub use error::{from_edit, to_edit};
pub use learned::Learned;
pub use picture::digest;
pub use text::{Brackets, Item};
