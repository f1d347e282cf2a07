//! Requests about the items of a picture as it is shown, which may be a revision.

use serde::{Deserialize, Serialize};

use super::pictures::Items;

/// The items of a revision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemsOf {
    /// The session.
    pub session: String,
    /// The revision; 0 is the picture itself.
    pub revision: u64,
    /// Whether the answer has a label map.
    pub labels: bool,
}

/// Which item is meant, by a selection, a name, or both. Changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choose {
    /// The session.
    pub session: String,
    /// The revision that the picture is; 0 is the picture itself.
    pub base: u64,
    /// Blob: the selection, one channel of the picture's size.
    pub selection: Option<usize>,
    /// The name; may be empty.
    pub name: String,
    /// A known item of that name is meant whatever is selected.
    pub prefer_name: bool,
}

/// Sets the items of a revision's picture. At most one of `selection`, `region`, `items` and `everything` is given; without any, the item `name` is meant and
/// nothing changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the wire")]
pub struct Adopt {
    /// The session.
    pub session: String,
    /// The revision that the picture is; 0 is the picture itself.
    pub base: u64,
    /// Blob: a selection. Where it is no known item, it becomes one in front of those.
    pub selection: Option<usize>,
    /// With `selection`: as for [`Choose::name`].
    pub name: String,
    /// With `selection`: as for [`Choose::prefer_name`].
    pub prefer_name: bool,
    /// With `selection`: it becomes the only item, also where it is a known one.
    pub alone: bool,
    /// Blob: the region of a `refine`, one channel. It becomes an item only where the picture has none.
    pub region: Option<usize>,
    /// With `items`: their names.
    pub names: Vec<String>,
    /// The items; of masks those that are empty are left out.
    pub items: Option<Items>,
    /// With masks: the known items stay behind them; else the masks are all items.
    pub add: bool,
    /// What segmentation without prompts finds, at most so many.
    pub everything: Option<usize>,
    /// Whether the answer has a label map.
    pub labels: bool,
}
