//! From the name of a model to a loaded engine: checkpoints in folders and files, the built-in model, and the devices they run on.
//!
//! [`Catalogue`] is what sessions are given; [`Model`] is the way there, for programs that want the networks themselves.

#![forbid(unsafe_code)]

mod catalogue;
mod model;

pub use catalogue::Catalogue;
pub use model::{Model, VARIABLE};
