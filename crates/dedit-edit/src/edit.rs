//! The edits, as data.

use crate::geometry::Transform;
use crate::mask::ItemMask;
use crate::prompt::ItemRef;
use crate::sides::Sides;

/// Which item gets the pixels that an item leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Vacated {
    /// Each goes to the nearest item among those whose shape no edit of the plan changes.
    #[default]
    Nearest,
    /// All go to the item of this name.
    To(String),
}

impl Vacated {
    /// The item that gets them all, if one does.
    pub fn receiver(&self) -> Option<&str> {
        match self {
            Self::Nearest => None,
            Self::To(name) => Some(name),
        }
    }
}

/// The region of an edit that generates an item anew, relative to the item's shape.
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

/// An edit of a picture's items. Items are named; the names are looked up when the plan is computed.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Generates the whole picture again, every item from its own tokens.
    Reconstruct,
    /// The item becomes what the prompt describes.
    Replace {
        /// The item.
        item: String,
        /// The prompt.
        prompt: String,
    },
    /// The item keeps its tokens, with words around them.
    Augment {
        /// The item.
        item: String,
        /// The prompt, with `[v]` for the item's tokens: `a golden [v]`.
        prompt: String,
    },
    /// The item becomes another item, of the reference picture or of this one.
    SwapIn {
        /// The item.
        item: String,
        /// The item that replaces it.
        from: ItemRef,
    },
    /// The item is scaled and rotated about its own centre and shifted.
    Move {
        /// The item.
        item: String,
        /// The scaling, rotation and shift.
        transform: Transform,
        /// Which item gets the pixels it leaves.
        vacated: Vacated,
    },
    /// The item takes a given outline: the pixels where the mask is at least 0.5.
    Reshape {
        /// The item.
        item: String,
        /// Its new mask, of the picture's size.
        mask: ItemMask,
        /// Which item gets the pixels it leaves.
        vacated: Vacated,
    },
    /// Two items take each other's place and outline.
    Swap {
        /// One item.
        item: String,
        /// The other item.
        with: String,
    },
    /// Items are removed.
    Remove {
        /// The items, at least one.
        items: Vec<String>,
        /// Which item gets their pixels.
        vacated: Vacated,
    },
    /// The item becomes a mixture of itself and another.
    Blend {
        /// The item.
        item: String,
        /// The other item.
        with: ItemRef,
        /// 0 (itself) … 1 (the other).
        amount: f32,
    },
    /// Generates a region again; its items stay what they are.
    Refine {
        /// The region, of the picture's size; values below 1 change the pixels less.
        mask: ItemMask,
    },
    /// The canvas grows, and the new pixels are generated.
    Expand {
        /// By how much.
        sides: Sides,
        /// Who gets the new pixels.
        vacated: Vacated,
    },
    /// One item alone in a new scene: the whole picture from one prompt.
    Personalize {
        /// The item.
        item: String,
        /// The prompt, with `[v]` for the item's tokens: `[v] on a beach`.
        prompt: String,
    },
}

impl Edit {
    /// The verb's id, as on the command line.
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
            Self::Expand { .. } => "expand",
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
            | Self::Expand { .. }
            | Self::Personalize { .. } => None,
        }
    }
}
