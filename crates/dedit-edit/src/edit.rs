//! The edits, as data.

use crate::geometry::Transform;
use crate::mask::ItemMask;
use crate::prompt::ItemRef;

/// Who gets the pixels that an item leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Vacated {
    /// Each goes to the nearest of the items whose own shape no edit of the plan changes.
    #[default]
    Nearest,
    /// All go to the item of this name.
    To(String),
}

/// How closely what replaces an item keeps to the item's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fit {
    /// The item's own pixels.
    #[default]
    Exact,
    /// Chosen for each edit: see [`EditPlan::new`](crate::EditPlan::new).
    Auto,
    /// The item grown by a tenth of its bounding box's diagonal.
    Loose,
    /// The item's bounding box.
    Box,
}

/// One thing done to a picture's items. Items are named; names are looked up when the plan is made.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// The whole picture again, every item from its own tokens.
    Reconstruct,
    /// The item becomes what the words say.
    Replace {
        /// Which.
        item: String,
        /// Words.
        prompt: String,
    },
    /// The item stays itself, with words round its tokens.
    Augment {
        /// Which.
        item: String,
        /// Words with `[v]` for the item's tokens: `a golden [v]`.
        prompt: String,
    },
    /// The item becomes another item, of the reference picture or of this one.
    SwapIn {
        /// Which.
        item: String,
        /// What takes its place.
        from: ItemRef,
    },
    /// The item is scaled and rotated about its own centre and shifted.
    Move {
        /// Which.
        item: String,
        /// How.
        transform: Transform,
        /// Who gets the pixels it leaves.
        vacated: Vacated,
    },
    /// The item takes a given outline (the mask from one half on).
    Reshape {
        /// Which.
        item: String,
        /// Its new mask, of the picture's size.
        mask: ItemMask,
        /// Who gets the pixels it leaves.
        vacated: Vacated,
    },
    /// Two items take each other's place and outline.
    Swap {
        /// One.
        item: String,
        /// The other.
        with: String,
    },
    /// Items go away.
    Remove {
        /// Which, at least one.
        items: Vec<String>,
        /// Who gets their pixels.
        vacated: Vacated,
    },
    /// The item becomes something between itself and another.
    Blend {
        /// Which.
        item: String,
        /// The other.
        with: ItemRef,
        /// 0 (itself) … 1 (the other).
        amount: f32,
    },
    /// A region is generated again with its items as they are.
    Refine {
        /// Which; soft values change less than 1.
        mask: ItemMask,
    },
    /// One item alone in a new scene: the whole picture from one prompt.
    Personalize {
        /// Which.
        item: String,
        /// Words with `[v]` for the item's tokens: `[v] on a beach`.
        prompt: String,
    },
}

impl Edit {
    /// The word for it, as the command line has it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Reconstruct => "reconstruct",
            Self::Replace { .. } => "replace",
            Self::Augment { .. } => "augment",
            Self::SwapIn { .. } => "swap-in",
            Self::Move { .. } => "move",
            Self::Reshape { .. } => "reshape",
            Self::Swap { .. } => "swap",
            Self::Remove { .. } => "remove",
            Self::Blend { .. } => "blend",
            Self::Refine { .. } => "refine",
            Self::Personalize { .. } => "personalize",
        }
    }

    /// The mask it was given, if it is an edit that has one.
    pub fn mask(&self) -> Option<&ItemMask> {
        match self {
            Self::Reshape { mask, .. } | Self::Refine { mask } => Some(mask),
            Self::Reconstruct
            | Self::Replace { .. }
            | Self::Augment { .. }
            | Self::SwapIn { .. }
            | Self::Move { .. }
            | Self::Swap { .. }
            | Self::Remove { .. }
            | Self::Blend { .. }
            | Self::Personalize { .. } => None,
        }
    }
}
