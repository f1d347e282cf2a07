//! What the daemon made of an edit, before it is a layer.

use dedit_protocol::Pixels;
use dedit_protocol::answer::Edited;
use dedit_protocol::request::{EditOptions, EditVerb, PlanOptions};

use crate::sides::Sides;

/// What the daemon made of an edit.
#[derive(Debug, Clone)]
pub(crate) struct EditResult {
    pub(crate) edited: Edited,
    /// What the picture gains around it; the region lies within the larger picture.
    pub(crate) sides: Sides,
    /// The pixels of its region, in the format of the picture.
    pub(crate) pixels: Pixels,
    /// How far each pixel of the region may change, 0 … 1, row by row.
    pub(crate) changes: Vec<f32>,
    /// What was asked for; `None` for a result from the history.
    pub(crate) edit: Option<EditVerb>,
    pub(crate) plan: PlanOptions,
    pub(crate) options: EditOptions,
    /// The session that it is a revision of.
    pub(crate) session: String,
    /// The name of its layer.
    pub(crate) name: String,
}
