//! Toy scenes, drawn by code: the small world that the built-in model knows.
//!
//! A [`Scene`] is a short record: what stands where, on which ground, before which back. [`Scene::random`] makes one from a seed, and
//! [`draw`] turns it into a picture with exact masks. As a scene can be changed and drawn again, there is a true answer to every edit:
//! the scene without the thing, with it elsewhere, with another in its place.
//!
//! [`model`] is a small diffusion model that was trained on such scenes: what works without any other model at hand.

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
