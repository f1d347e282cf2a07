//! What an effect is, to be implemented; and what its calls are told.

use crate::abi::{RangeD, RectI};
use crate::define::Definition;
use crate::error::Result;
use crate::instance::Instance;
use crate::properties::Properties;

/// An image effect. Everything may be called from any thread, and several times at once; describing must be cheap, since hosts describe all effects when
/// they start.
pub trait Effect: Sync {
    /// Says what the effect is: labels, contexts, depths, what it can and cannot do.
    fn describe(&self, host: &HostFacts, effect: &Properties<'_>) -> Result<()>;

    /// Defines clips and parameters for a context.
    fn describe_in_context(&self, host: &HostFacts, context: Context, definition: &Definition<'_>) -> Result<()>;

    /// Whether a frame comes out as another frame of an input.
    fn identity(&self, instance: &Instance<'_>, frame: &Frame) -> Result<Option<Identity>>;

    /// Which frames of which clips a frame is made of.
    fn frames_needed(&self, instance: &Instance<'_>, time: f64) -> Result<Vec<FramesNeeded>>;

    /// Makes a frame: fills the window of the output clip's image.
    fn render(&self, instance: &Instance<'_>, frame: &Frame) -> Result<()>;

    /// Hears of a change to a parameter or clip; the one call in which parameters may be set.
    fn changed(&self, instance: &Instance<'_>, change: &Change) -> Result<()>;

    /// Whether frames differ although neither inputs nor parameters do, such as by files that are read.
    fn varies(&self, instance: &Instance<'_>) -> Result<bool>;

    /// Gives back memory that can be had again.
    fn purge(&self);
}

/// What kind of inputs an instance has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// One.
    Filter,
    /// Any.
    General,
}

/// What a host says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// Its permanent name.
    pub name: String,
    /// Whether frames of other times can be had.
    pub temporal_access: bool,
    /// Whether it says which colour spaces clips have.
    pub manages_colour: bool,
}

/// A frame that is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// When, in frames.
    pub time: f64,
    /// What of it is asked for, in pixels of the scale.
    pub window: RectI,
    /// Pixels for one of the whole size, in both directions.
    pub scale: [f64; 2],
    /// The rows that are asked for.
    pub field: Field,
}

/// Rows of a frame; row 0 is the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// All.
    Both,
    /// 0, 2, 4 …
    Lower,
    /// 1, 3, 5 …
    Upper,
}

impl Field {
    /// Whether a row belongs to it.
    pub fn has(self, y: i32) -> bool {
        match self {
            Self::Both => true,
            Self::Lower => y.rem_euclid(2) == 0,
            Self::Upper => y.rem_euclid(2) == 1,
        }
    }
}

/// The frame of an input that comes out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Identity {
    /// The input.
    pub clip: &'static std::ffi::CStr,
    /// Its time.
    pub time: f64,
}

/// Frames of an input, from first to last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FramesNeeded {
    /// The input.
    pub clip: &'static std::ffi::CStr,
    /// The first and the last.
    pub range: RangeD,
}

/// Something that has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The parameter or clip.
    pub name: String,
    /// Whether it is a parameter.
    pub is_parameter: bool,
    /// Whether the user did it.
    pub by_user: bool,
    /// When, in frames.
    pub time: f64,
}
