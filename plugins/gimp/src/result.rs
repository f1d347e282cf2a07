//! What the daemon made of an edit, before it is a layer.

use dedit_protocol::Pixels;
use dedit_protocol::answer::{Edited, Region};
use dedit_protocol::request::{EditOptions, EditVerb, PlanOptions};

/// What the daemon made of an edit.
#[derive(Debug, Clone)]
pub(crate) struct EditResult {
    pub(crate) edited: Edited,
    /// The pixels of its region, in the format of the picture.
    pub(crate) pixels: Pixels,
    /// How far each pixel of the whole picture may change, 0 … 1, row by row.
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

impl EditResult {
    /// For each pixel of the region, whether the edit may have changed it, of a picture that is `width` pixels wide.
    pub(crate) fn changed(&self, width: usize) -> impl Iterator<Item = bool> + '_ {
        let Region { x, y, width: columns, height } = self.edited.region;
        let rows = self.changes.chunks_exact(width).skip(y).take(height);
        rows.flat_map(move |row| row[x..x + columns].iter().map(|change| *change > 0.0))
    }
}
