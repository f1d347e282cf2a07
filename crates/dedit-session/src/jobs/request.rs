//! What clients ask of an engine.

use dedit_edit::{Edit, EditOptions, ItemMask, LearnOptions, PlanSettings};
use dedit_segment::Hint;
use serde_json::Value;

use super::frame::Frame;
use crate::models::{Found, ModelChoice};

/// A picture to be learned.
#[derive(Debug, Clone, Default)]
pub struct LearnRequest {
    /// The model.
    pub model: ModelChoice,
    /// Options of learning.
    pub options: LearnOptions,
    /// Starts from nothing, whatever was learned before.
    pub restart: bool,
}

/// Items to be found by a segment-anything model.
#[derive(Debug, Clone)]
pub struct SegmentRequest {
    /// The model.
    pub model: Found,
    /// The picture, by the number of its revision; 0 is the session's picture itself.
    pub base: u64,
    /// What is looked for.
    pub wanted: Wanted,
}

/// What a segment-anything model looks for.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// One item: where it is, and a mask of it that is to be improved.
    Item(Hint, Option<ItemMask>),
    /// All items, at most so many.
    Everything(usize),
}

/// Edits to be planned.
#[derive(Debug, Clone)]
pub struct PlanRequest {
    /// The edits, carried out together; the first lies in front.
    pub edits: Vec<Edit>,
    /// Settings of the whole plan.
    pub settings: PlanSettings,
    /// What is edited.
    pub original: Original,
}

/// What is edited.
#[derive(Debug, Clone)]
pub enum Original {
    /// The current revision.
    Current,
    /// A revision; 0 is the picture itself.
    Revision(u64),
    /// Another picture than the session's.
    Frame(Frame),
}

impl Original {
    /// Whether it is not one of the session's own pictures, so that the result is not kept.
    pub fn is_frame(&self) -> bool {
        matches!(self, Self::Frame(_))
    }
}

/// Edits to be carried out.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own, as on the wire")]
pub struct EditRequest {
    /// The edits and their plan.
    pub planning: PlanRequest,
    /// The model.
    pub model: ModelChoice,
    /// Options of editing.
    pub options: EditOptions,
    /// Edits with the initial tokens if nothing was learned; otherwise that is an error.
    pub draft: bool,
    /// Whether previews are wanted.
    pub previews: bool,
    /// Whether the result has the change mask of its region.
    pub changes: bool,
    /// Whether the result has the clean plate and the edited items as layers.
    pub layers: bool,
    /// Kept with the revision.
    pub note: Option<Value>,
}
