//! Procedural toy scenes, and the built-in model that was trained on them.
//!
//! A [`Scene`] describes toys, ground and back. [`Scene::random`] generates one from a seed, and [`draw`] renders it with exact masks. As a changed scene can
//! be rendered again, there is a ground truth for every edit: the scene without a toy, with it moved, or with another in its place.
//!
//! [`model`] is a small diffusion model trained on such scenes, for use without any other model.

#![forbid(unsafe_code)]

mod draw;
mod edits;
mod ground;
pub mod model;
mod pixels;
mod random;
mod scene;
mod shapes;
mod solids;
mod words;

pub use draw::{Drawing, draw};
pub use pixels::BACKGROUND;
pub use scene::{Camera, Extent, Scene, Toy};
pub use words::{Back, Colour, Ground, Kind};
