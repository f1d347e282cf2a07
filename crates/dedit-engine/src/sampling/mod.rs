//! Carrying out a plan: generates the plan's region from noise with the items' prompts, and leaves the rest of the picture unchanged.
//!
//! Modules in reading order: `settings` has the options ([`EditSettings`]); `edit` prepares the inputs and composites the result; `denoise` is the loop over
//! the steps; `guided` is one prediction; `freeze` keeps the rest of the picture; `plate` is what clean plates are used for; `invert` is DDIM inversion; `steady` is noise that is attached to positions of
//! the picture, for films.

mod denoise;
mod edit;
mod freeze;
mod guided;
mod invert;
mod plate;
mod settings;
mod steady;

use std::ops::ControlFlow;

use dedit_diffusion::{Error, Result};
use dedit_edit::{EditPlan, Image};

pub use edit::Edited;
pub(crate) use edit::canvas_around;
pub use settings::{EditSettings, FrozenLevel, GroundUse, Output, PlateUse, PooledItems, RingRelease, Start, Unconditional};

/// What an edit works on.
#[derive(Debug, Clone, Copy)]
pub struct EditInput<'a> {
    /// The picture that the plan was made for.
    pub picture: &'a Image,
    /// What to do.
    pub plan: &'a EditPlan,
    /// A clean plate: the picture without the items that leave their pixels or are replaced; of the same size. It is used as
    /// [`EditSettings::plate`] says.
    pub plate: Option<&'a Image>,
}

impl<'a> EditInput<'a> {
    /// A picture and a plan, without a clean plate.
    pub fn new(picture: &'a Image, plan: &'a EditPlan) -> Self {
        Self { picture, plan, plate: None }
    }
}

/// Progress of an edit.
pub enum EditEvent<'a> {
    /// The end of a prompt, which was left out because the prompt is too long for the text encoder.
    Cut(&'a str),
    /// A finished step of the inversion.
    Inverted {
        /// Finished steps.
        done: usize,
        /// Total number of steps.
        of: usize,
    },
    /// A finished denoising step.
    Step {
        /// Finished steps.
        done: usize,
        /// Total number of steps.
        of: usize,
        /// Estimated seconds for the remaining steps.
        seconds_left: f64,
        /// A preview of the edited part with one pixel per latent cell.
        preview: &'a Image,
    },
}

/// Called with every event. `Break` cancels the edit; an error is returned to the caller.
pub type EditListener<'a> = dyn FnMut(EditEvent<'_>) -> Result<ControlFlow<()>> + 'a;

/// Converts `Break` to the error `Cancelled`.
fn continue_or_cancel(flow: ControlFlow<()>) -> Result<()> {
    if flow.is_break() { Err(Error::cancelled()) } else { Ok(()) }
}
