//! The edits.

/// An edit of a picture's items, by its permanent id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// The item becomes what a prompt describes.
    Replace,
    /// The item keeps its identity, with words around its tokens.
    Augment,
    /// The item is replaced by another one, mostly of a reference picture.
    SwapIn,
    /// Items go away.
    Remove,
    /// The item is shifted, scaled and rotated.
    Move,
    /// Two items take each other's place.
    Swap,
    /// The item takes the outline of a mask.
    Reshape,
    /// The item becomes a mixture of itself and another.
    Blend,
    /// A region is generated again as it is.
    Refine,
    /// The canvas grows, and its new pixels are generated.
    Expand,
    /// The whole picture is generated again from its items' tokens.
    Reconstruct,
    /// One item alone in a new scene.
    Personalize,
}

impl Verb {
    /// All of them, in the order of menus and lists.
    pub const ALL: [Self; 12] = [
        Self::Replace,
        Self::Augment,
        Self::SwapIn,
        Self::Remove,
        Self::Move,
        Self::Swap,
        Self::Reshape,
        Self::Blend,
        Self::Refine,
        Self::Expand,
        Self::Reconstruct,
        Self::Personalize,
    ];

    /// The permanent id: the command line's word, and `verb` on the wire and on disk.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Augment => "augment",
            Self::SwapIn => "swap-in",
            Self::Remove => "remove",
            Self::Move => "move",
            Self::Swap => "swap",
            Self::Reshape => "reshape",
            Self::Blend => "blend",
            Self::Refine => "refine",
            Self::Expand => "expand",
            Self::Reconstruct => "reconstruct",
            Self::Personalize => "personalize",
        }
    }

    /// Whether words have to become pixels: what only a diffusion model can do.
    pub const fn needs_model(self) -> bool {
        match self {
            Self::Replace | Self::Augment | Self::Blend | Self::Personalize => true,
            Self::SwapIn | Self::Remove | Self::Move | Self::Swap | Self::Reshape | Self::Refine | Self::Expand | Self::Reconstruct => {
                false
            }
        }
    }

    /// The verb of an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.id() == id)
    }
}
