//! A small OpenFX host for tests. It loads a real effect, drives it strictly by OpenFX 1.5 and records the effect's errors: writes to memory that it must
//! not write, images that it does not release, properties that do not exist, calls in actions that forbid them.
//!
//! Handles are numbers, never addresses, so that a wrong one is a recorded error and no crash. Images lie between guard bytes and are filled with a
//! pattern, so that every stray write is found. All `unsafe` code of a test is in this crate.
//!
//! A test goes from a [`Library`] to a [`Connection`] (with a [`Host`]), an [`Effect`], [`Described`], [`ContextDescribed`], an [`Instance`] and
//! [`Rendered`].

mod allowed;
mod answers;
mod call;
mod definitions;
mod effect;
mod effect_state;
mod error;
mod guard;
mod host;
mod host_state;
mod image;
mod instance;
mod library;
mod link;
mod live_image;
mod log;
mod memory;
mod prop;
mod property_set;
mod registry;
mod render;
mod run;
mod settings;
mod suites;
mod value;

pub use answers::{Frames, Identity, Preferences, RegionOfDefinition, RegionsOfInterest};
pub use effect::{ClipDescribed, Context, ContextDescribed, Described, Effect, ParamDescribed};
pub use error::{Error, Result};
pub use host::Host;
pub use image::{ClipImage, Components, Depth, Field, Premult, rect};
pub use instance::{Instance, InstanceSettings, Reason};
pub use library::{Connection, Library, PluginInfo};
pub use log::{Message, Progress, stray_complaints};
pub use ofx_host::abi::{RangeD, RectD, RectI, status};
pub use prop::{Prop, Properties};
pub use render::{RenderRequest, Rendered, Sequence};
pub use run::Outcome;
pub use settings::HostSettings;
pub use value::Value;
