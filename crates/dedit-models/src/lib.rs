//! From the name of a model to a loaded engine: checkpoints in folders and files, the built-in model, and the devices they run on.
//!
//! [`Catalogue`] provides engines to sessions; [`Model`] gives access to the networks for programs that use them directly.

#![forbid(unsafe_code)]

mod catalogue;
mod model;

pub use catalogue::Catalogue;
pub use model::{Model, VARIABLE};
