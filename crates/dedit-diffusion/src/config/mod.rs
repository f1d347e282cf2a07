//! The configurations of the networks, with the key names of diffusers and transformers.
//!
//! Missing keys take the library's default; unknown keys are ignored; an unsupported value is an error that names the file, the key and the value.

mod clip;
mod file;
#[cfg(test)]
mod tests;
mod unet;
mod vae;

pub use clip::{ClipTextConfig, HiddenAct};
pub use file::ConfigFile;
pub(crate) use file::read_text;
pub use unet::{BlockKind, MidBlock, TextTime, UnetConfig};
pub use vae::VaeConfig;
