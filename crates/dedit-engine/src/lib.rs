//! The D-Edit method ("An Item is Worth a Prompt", arXiv 2403.04880): every item of a picture gets a prompt of its own, learned on that picture;
//! grouped cross-attention lets an item's pixels see that prompt alone; edits are changes of prompts, masks, or which belongs to which.
//!
//! The life of a picture: a [`Subject`](dedit_edit::Subject) (picture and items) is learned by [`Engine::learn`] to a [`Learned`], which is small and can be kept; an
//! [`EditPlan`](dedit_edit::EditPlan) on it is carried out by [`Engine::edit`]. [`Engine::draft`] gives a `Learned` that has learned nothing yet, so
//! that edits can begin at once.
//!
//! This crate opens no file, socket or environment variable: what is kept comes and goes as bytes.

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
pub use text::Item;
