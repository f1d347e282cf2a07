//! Checkpoints: diffusers folders and single files, opened by memory map, their tensors handed out one at a time by their diffusers names.

mod checkpoint;
mod diagnosis;
mod family;
mod file;
mod folder;
mod header;
mod map;
mod names;
mod single;
mod source;
mod tensor;
#[cfg(test)]
pub(crate) mod tests;

pub use checkpoint::{Checkpoint, Component, OpenOptions};
pub use family::Family;
pub(crate) use file::SafetensorsFile;
pub(crate) use names::Slot;
pub(crate) use single::unet_name_from_original;
pub use source::{Scope, Weights};
