//! Carrying out a plan: from noise, under the items' prompts, to a picture that differs from the original in the plan's region alone.
//!
//! Read top to bottom: [`settings`](EditSettings) say how; `edit` prepares and puts back; `denoise` goes from noise to latents; `guided` is one
//! prediction; `freeze` keeps the rest of the picture in place; `invert` finds noise that leads back to the picture; `steady` is noise that belongs to
//! places of the picture.

mod denoise;
mod edit;
mod freeze;
mod guided;
mod invert;
mod settings;
mod steady;

use std::ops::ControlFlow;

use dedit_diffusion::{Error, Result};
use dedit_edit::Image;

pub use edit::Edited;
pub use settings::{EditSettings, FrozenLevel, Output, PooledItems, RingRelease, Start, Unconditional};

/// What is heard while an edit is carried out.
pub enum EditEvent<'a> {
    /// The end of a prompt did not fit into the text encoder and was left out.
    Cut(&'a str),
    /// A step on the way from the picture to noise.
    Inverted {
        /// Steps done.
        done: usize,
        /// Steps in all.
        of: usize,
    },
    /// A denoising step is done.
    Step {
        /// Steps done.
        done: usize,
        /// Steps in all.
        of: usize,
        /// Seconds that the rest of them take.
        seconds_left: f64,
        /// What it will look like, a pixel per latent, of the part that is worked on.
        preview: &'a Image,
    },
}

/// Hears of everything and decides whether to go on.
pub type EditListener<'a> = dyn FnMut(EditEvent<'_>) -> Result<ControlFlow<()>> + 'a;

/// A break is an error here.
fn go_on(flow: ControlFlow<()>) -> Result<()> {
    if flow.is_break() { Err(Error::cancelled()) } else { Ok(()) }
}
