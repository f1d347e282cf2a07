//! What an edit is, independent of how an engine carries it out: pure data and arithmetic on pixels.
//!
//! The life of an edit, in the order of the modules: an [`Image`] comes from a host; soft [`ItemMask`]s make a [`Segmentation`], whose items own every
//! pixel exactly once; a list of [`Edit`]s on it becomes an [`EditPlan`] (new masks, prompts, regions), which can be drawn as a picture before any
//! network runs; what the engine then generates is put back by [`composite()`], which changes no sample outside the plan's region.
//!
//! This crate knows no tensor, opens no file, reads no picture format and keeps no state.

#![forbid(unsafe_code)]

mod composite;
mod distance;
mod edit;
mod engine;
mod error;
mod geometry;
mod grid;
mod image;
mod layers;
mod mask;
mod neighbour;
mod plan;
mod prompt;
mod segmentation;
mod sides;

pub use composite::{ColourMatch, changed_outside, composite};
pub use distance::NearestSites;
pub use edit::{Edit, Fit, Vacated};
pub use engine::{
    AttentionTraining, EditOptions, Edited, Engine, EngineEvent, ItemWords, LearnOptions, Learned, Listener, Preset, Stage, Subject, Work,
};
pub use error::{Error, ErrorKind, Result};
pub use geometry::{MAX_PIXELS, MAX_SIDE, Placement, Point, Rect, Size, Transform};
pub use grid::Downsampling;
pub use image::{Channels, Depth, Image, Planes, Samples, Window, luma};
pub use layers::{Coverage, ItemLayer, Lifted, Matte, Outline, lift};
pub use mask::ItemMask;
pub use neighbour::Neighbour;
pub use plan::{Change, ChangeKind, EditPlan, Margin, PlanSettings, Ring, item_colour};
pub use prompt::{ItemPrompt, ItemRef, Picture, PromptPiece};
pub use segmentation::Segmentation;
pub use sides::Sides;
