//! From the name of a model to a loaded engine: checkpoints in folders and files, the built-in model, the engine without weights, and the
//! devices they run on; and to a segment-anything model.
//!
//! [`Catalogue`] provides engines to sessions; [`Model`] gives access to the networks for programs that use them directly.

#![forbid(unsafe_code)]

mod catalogue;
mod device;
mod model;
mod place;
mod pool;
mod segmenter;

pub use catalogue::Catalogue;
pub use dedit_patches::NAME as PATCHES;
pub use device::AUTO;
pub use model::Model;
pub use place::{VARIABLE, usual};
