//! A small OpenFX host for tests. It loads a real effect, drives it by the letter of OpenFX 1.5 and writes down all that the effect does wrong: memory
//! that it may not write, images that it keeps, properties that are not there, calls in actions in which they are not allowed.
//!
//! An effect gets handles that are numbers and were never memory, so that a wrong one is a complaint and no crash. Images lie between guards and in a
//! pattern, so that every byte that was written where it may not be is found. All `unsafe` of a test stays in this crate.
//!
//! The way of a test: [`Library`] → [`Connection`] (for a [`Host`]) → [`Effect`] → [`Described`] → [`ContextDescribed`] → [`Instance`] → [`Rendered`].

mod allowed;
mod answers;
mod definitions;
mod effect;
mod effect_state;
mod error;
mod frame;
mod guard;
mod host;
mod image;
mod instance;
mod library;
mod live_image;
mod memory;
mod property_set;
mod registry;
mod render;
mod run;
mod suites;
mod value;

pub use answers::{Frames, Identity, Preferences, RegionOfDefinition, RegionsOfInterest};
pub use effect::{ClipDescribed, Context, ContextDescribed, Described, Effect, ParamDescribed};
pub use error::{Error, Result};
pub use frame::Progress;
pub use host::{Host, HostSettings, Message, stray_complaints};
pub use image::{ClipImage, Components, Depth, Field, Premult, rect};
pub use instance::{Instance, InstanceSettings, Reason};
pub use library::{Connection, Library, PluginInfo};
pub use ofx_host::abi::{RangeD, RectD, RectI, status};
pub use property_set::{Prop, Properties};
pub use render::{RenderRequest, Rendered, Sequence};
pub use run::Outcome;
pub use value::Value;
