//! The models that are known by name, those found on this machine, and the one chosen.
//!
//! [`known`] is the table of models that can be fetched. [`Library`] finds the models of this machine where they lie (of this program and of others),
//! resolves names to paths, and keeps the user's choices. Weights are never read: a safetensors file tells by its header what it holds.
//!
//! Connections are opened by [`Library::fetch`] alone, through `dedit-fetch`.

#![forbid(unsafe_code)]

mod fetching;
mod found;
mod header;
mod kinds;
pub mod known;
mod library;
mod places;
#[cfg(test)]
mod samples;
mod settings;
mod surroundings;
#[cfg(test)]
mod tests;
mod verify;
mod yaml;

pub use dedit_fetch::{Progress, Settings};
pub use fetching::{FetchedModel, Origin};
pub use found::Found;
pub use kinds::{Family, Kind};
pub use known::{Known, KnownFile, Licence};
pub use library::{Library, Usual, is_usable};
pub use places::Program;
pub use surroundings::Surroundings;
pub use verify::{Verified, digest};
