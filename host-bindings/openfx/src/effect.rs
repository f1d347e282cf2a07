//! The trait that an effect implements, and the arguments of its methods.

use std::ffi::CStr;

use crate::abi::{RangeD, RectI};
use crate::declaration::{ClipDeclaration, Context};
use crate::define::Definition;
use crate::error::Result;
use crate::instance::Instance;
use crate::properties::Properties;

/// An image effect. Methods are called from any thread, several at once. Describing must be cheap: hosts describe all effects when they start.
pub trait Effect: Sync {
    /// The name that users see. It also marks messages, in hosts and on a terminal.
    fn label(&self) -> &'static CStr;

    /// The clips of a context, in the order in which hosts show them.
    fn clips(&self, context: Context) -> &'static [ClipDeclaration];

    /// Describes the effect: contexts, depths, capabilities. The label is set already.
    fn describe(&self, host: &HostFacts, effect: &Properties<'_>) -> Result<()>;

    /// Defines the parameters for a context. The clips are defined already.
    fn describe_in_context(&self, host: &HostFacts, context: Context, definition: &Definition<'_>) -> Result<()>;

    /// Which input frame a frame is a copy of, if it is one.
    fn identity(&self, instance: &Instance<'_>, frame: &Frame) -> Result<Option<Identity>>;

    /// Which frames of which clips a frame depends on. Empty for the default: the same time of every clip.
    fn frames_needed(&self, instance: &Instance<'_>, time: f64) -> Result<Vec<FramesNeeded>>;

    /// Renders a frame: fills the window of the output clip's image.
    fn render(&self, instance: &Instance<'_>, frame: &Frame) -> Result<()>;

    /// A parameter or clip has changed. The only action in which parameters may be set.
    fn changed(&self, instance: &Instance<'_>, change: &Change) -> Result<()>;

    /// Whether frames differ although neither inputs nor parameters do, for example because files are read.
    fn varies(&self, instance: &Instance<'_>) -> Result<bool>;

    /// Whether the output has alpha, with premultiplied colours, whatever the inputs have.
    fn makes_alpha(&self, _: &Instance<'_>) -> Result<bool> {
        Ok(false)
    }

    /// Frees caches.
    fn purge(&self);
}

/// Properties of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// Its permanent name.
    pub name: String,
    /// Whether frames of other times can be fetched.
    pub temporal_access: bool,
    /// Whether it tells the colour spaces of clips.
    pub manages_colour: bool,
}

/// A frame to render.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Its time, in frames.
    pub time: f64,
    /// The part to fill, in pixels at `scale`.
    pub window: RectI,
    /// Rendered pixels per pixel of the full size, horizontally and vertically.
    pub scale: [f64; 2],
    /// The rows to fill.
    pub field: Field,
}

/// Rows of a frame; row 0 is the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// All rows.
    Both,
    /// Rows 0, 2, 4 …
    Lower,
    /// Rows 1, 3, 5 …
    Upper,
}

impl Field {
    /// Whether row `y` belongs to it.
    pub fn has(self, y: i32) -> bool {
        match self {
            Self::Both => true,
            Self::Lower => y.rem_euclid(2) == 0,
            Self::Upper => y.rem_euclid(2) == 1,
        }
    }
}

/// An input frame that is passed through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Identity {
    /// The input.
    pub clip: &'static CStr,
    /// The time of its frame.
    pub time: f64,
}

/// Frames of an input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FramesNeeded {
    /// The input.
    pub clip: &'static CStr,
    /// First and last frame, both included.
    pub range: RangeD,
}

/// A change of a parameter or clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The name of the parameter or clip.
    pub name: String,
    /// Whether it is a parameter.
    pub is_parameter: bool,
    /// Whether the user changed it.
    pub by_user: bool,
    /// The current time, in frames.
    pub time: f64,
}
