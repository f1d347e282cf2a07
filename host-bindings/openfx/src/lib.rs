//! An OpenFX host as seen by an image effect: a safe, typed interface over the C suites of OpenFX 1.5.
//!
//! An effect implements [`Effect`] and is passed to [`export!`], which defines the functions that hosts look for. Actions receive an [`Instance`], whose
//! [`Clip`]s give [`Image`]s and whose parameters are read by name. Suites are fetched once per host; loading again, from any thread, is cheap, since
//! some hosts do it for every frame. A panic in the effect becomes the status "failed" and a message; it is caught in one place, where C calls in ([`run`]).
//!
//! Handles and image addresses are trusted, as the specification requires. All other values from the host are checked before use.

pub mod abi;
mod clip;
mod declaration;
mod define;
mod effect;
mod entry;
mod error;
pub mod folders;
mod format;
mod guard;
mod image;
mod instance;
pub mod names;
mod properties;
mod suites;

pub use clip::Clip;
pub use declaration::{ClipDeclaration, Context};
pub use define::{Definition, Parameter};
pub use effect::{Change, Effect, Field, Frame, FramesNeeded, HostFacts, Identity};
pub use entry::{run, set_host};
pub use error::{Error, Result};
pub use format::{Alpha, Components, Depth};
pub use image::Image;
pub use instance::{Instance, Progress};
pub use properties::Properties;
