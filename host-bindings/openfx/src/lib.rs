//! An OpenFX host as an image effect sees it: a safe, typed interface over the C suites of OpenFX 1.5.
//!
//! An effect implements [`Effect`] and is handed to [`export!`], which makes the functions that hosts look for. Its calls get an [`Instance`], whose
//! [`Clip`]s give [`Image`]s and whose parameters are read by name. Suites are fetched once; loading again, in any thread, costs nothing: some hosts do it
//! for every frame. A panic in the effect becomes the status "failed" and a message, never more: one guard stands where C comes in ([`run`]).
//!
//! What is the host's word is taken as such: that handles are its own, that images lie where it says. What it says is checked for sense before it is used.

pub mod abi;
mod clip;
mod define;
mod effect;
mod entry;
mod error;
mod guard;
mod image;
mod instance;
pub mod names;
mod properties;
mod suites;

pub use clip::Clip;
pub use define::{Definition, Parameter};
pub use effect::{Change, Context, Effect, Field, Frame, FramesNeeded, HostFacts, Identity};
pub use entry::{run, set_host};
pub use error::{Error, Result};
pub use image::{Alpha, Components, Depth, Image};
pub use instance::{Instance, Progress};
pub use properties::Properties;
