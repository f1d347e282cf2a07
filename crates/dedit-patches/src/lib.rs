//! Edits without weights: what an edit needs is found in the picture itself.
//!
//! [`fill()`] makes the pixels of a hole from the rest of the picture: by example, from coarse to fine. [`Patches`] is the engine that carries out plans with
//! it: holes where items leave are filled with what lies behind them, and items are cut out and laid where they go. It knows no words and learns nothing.

#![forbid(unsafe_code)]

mod engine;
pub mod fill;
mod film;

pub use engine::Patches;
pub use fill::{Filled, Flow, Progress, Task, Workers, fill, window};

/// The engine's name among models.
pub const NAME: &str = dedit_schema::defaults::MODEL;
