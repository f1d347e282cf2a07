//! Checkpoints: memory-mapped diffusers folders and single files, whose tensors are read one at a time by their diffusers names.

mod checkpoint;
mod companions;
mod diagnosis;
mod diffusers;
mod family;
mod fault;
mod file;
mod float8;
mod folder;
mod header;
mod map;
mod markers;
mod names;
mod open;
mod options;
mod parts;
mod single;
mod source;
mod tensor;
#[cfg(test)]
pub(crate) mod tests;

pub use checkpoint::{Checkpoint, Component};
pub use family::Family;
pub(crate) use file::SafetensorsFile;
pub(crate) use names::Slot;
pub use options::OpenOptions;
pub(crate) use single::unet_name_from_original;
pub use source::{Scope, Weights};
