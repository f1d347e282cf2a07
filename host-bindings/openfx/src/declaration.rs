//! What an effect declares about its inputs: contexts and clips.

use std::ffi::CStr;

use crate::format::Components;
use crate::names::value;

/// The context of an instance: which inputs it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// One input, `Source`.
    Filter,
    /// Any inputs.
    General,
}

impl Context {
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word.as_bytes() {
            name if name == value::FILTER.to_bytes() => Some(Self::Filter),
            name if name == value::GENERAL.to_bytes() => Some(Self::General),
            _ => None,
        }
    }
}

/// A clip of an effect. Hosts are asked for whole frames of it: no tiles, and both fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClipDeclaration {
    /// Its permanent name, which projects keep. `Source` and `Output` have their meaning from the specification.
    pub name: &'static CStr,
    /// The components that it takes; the first are preferred.
    pub components: &'static [Components],
    /// Whether it may stay unconnected.
    pub optional: bool,
    /// Whether images of other times than the rendered one are fetched, where the host allows it.
    pub temporal_access: bool,
}

impl ClipDeclaration {
    /// Whether the effect fills it.
    pub fn is_output(&self) -> bool {
        self.name == value::OUTPUT
    }
}
