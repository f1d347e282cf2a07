//! Procedural toy scenes, and the built-in model that was trained on them.
//!
//! A [`Scene`] describes toys, ground and back; a seed gives a random one, and [`draw`] renders it with exact masks. As a changed scene can
//! be rendered again, there is a ground truth for every edit: the scene without a toy, with it moved, or with another in its place.
//!
//! There are two generators. [`Scene::random`] gives plain scenes, on which the built-in model was trained, and whose pixels must stay as they are.
//! [`Scene::detailed`] gives scenes for pictures of 256 pixels, with more kinds, colours and materials; some kinds and grounds are never shown in training
//! ([`Cast`]).
//!
//! [`model`] is a small diffusion model trained on such scenes, for use without any other model.

#![forbid(unsafe_code)]

mod detailed;
mod draw;
mod edits;
mod figures;
mod generate;
mod ground;
mod material;
pub mod model;
mod parts;
mod pixels;
mod plain;
mod random;
mod scene;
mod shapes;
mod solids;
mod unseen;
mod view;
mod words;

pub use draw::{Drawing, draw};
pub use generate::Cast;
pub use pixels::BACKGROUND;
pub use scene::{Camera, Extent, Look, Scene, Toy};
pub use words::{Back, Colour, Ground, Kind, Material};
