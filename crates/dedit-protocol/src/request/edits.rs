//! Edits, plans, and what was done.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::learning::{EditOptions, ModelChoice};
use crate::answer::Region;
use dedit_schema::Verb;

/// One thing done to items. Items are named; `reference:NAME` is one of the reference picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum EditVerb {
    /// The whole picture again.
    Reconstruct,
    /// The item becomes what the words say.
    Replace {
        /// Which.
        item: String,
        /// Words.
        prompt: String,
    },
    /// The item stays itself, with words round its tokens, `[v]`.
    Augment {
        /// Which.
        item: String,
        /// Words.
        prompt: String,
    },
    /// The item becomes another.
    SwapIn {
        /// Which.
        item: String,
        /// What takes its place.
        from: String,
    },
    /// The item is scaled and rotated about its own centre and shifted.
    Move {
        /// Which.
        item: String,
        /// Pixels to the right.
        #[serde(default)]
        dx: f64,
        /// Pixels down.
        #[serde(default)]
        dy: f64,
        /// How many times as large.
        #[serde(default = "one")]
        scale: f64,
        /// Degrees clockwise.
        #[serde(default)]
        rotate: f64,
        /// Who gets the pixels it leaves; without it the nearest items.
        #[serde(default)]
        into: Option<String>,
    },
    /// The item takes the outline of a mask.
    Reshape {
        /// Which.
        item: String,
        /// Blob: the mask, one channel.
        mask: usize,
        /// Who gets the pixels it leaves.
        #[serde(default)]
        into: Option<String>,
    },
    /// Two items take each other's place.
    Swap {
        /// One.
        item: String,
        /// The other.
        with: String,
    },
    /// Items go away.
    Remove {
        /// Which.
        items: Vec<String>,
        /// Who gets their pixels.
        #[serde(default)]
        into: Option<String>,
    },
    /// The item becomes something between itself and another.
    Blend {
        /// Which.
        item: String,
        /// The other.
        with: String,
        /// 0 … 1.
        #[serde(deserialize_with = "finite")]
        amount: f32,
    },
    /// A region is made again as it is.
    Refine {
        /// Blob: the region, one channel.
        mask: usize,
    },
    /// The canvas grows, and the new pixels are generated. Masks, regions and labels of the answer are of the larger canvas.
    Expand {
        /// Pixels at the left.
        #[serde(default)]
        left: usize,
        /// Pixels at the right.
        #[serde(default)]
        right: usize,
        /// Pixels at the top.
        #[serde(default)]
        top: usize,
        /// Pixels at the bottom.
        #[serde(default)]
        bottom: usize,
        /// Who gets the new pixels; without it the nearest items.
        #[serde(default)]
        into: Option<String>,
    },
    /// One item alone in a new scene.
    Personalize {
        /// Which.
        item: String,
        /// Words with `[v]`.
        prompt: String,
    },
}

impl EditVerb {
    /// The verb without its fields.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Reconstruct => Verb::Reconstruct,
            Self::Replace { .. } => Verb::Replace,
            Self::Augment { .. } => Verb::Augment,
            Self::SwapIn { .. } => Verb::SwapIn,
            Self::Move { .. } => Verb::Move,
            Self::Reshape { .. } => Verb::Reshape,
            Self::Swap { .. } => Verb::Swap,
            Self::Remove { .. } => Verb::Remove,
            Self::Blend { .. } => Verb::Blend,
            Self::Refine { .. } => Verb::Refine,
            Self::Expand { .. } => Verb::Expand,
            Self::Personalize { .. } => Verb::Personalize,
        }
    }
}

fn one() -> f64 {
    1.0
}

/// A number that is too large for its type would be infinite, which no JSON can say.
fn finite<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let number = f32::deserialize(from)?;
    if number.is_finite() { Ok(number) } else { Err(D::Error::custom("a number is too large")) }
}

/// What holds for a whole plan; what is left out is as it suits the picture's size.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanOptions {
    /// `auto`, `exact`, `loose` or `box`.
    pub fit: Option<String>,
    /// Width of the soft ring, pixels.
    pub ring: Option<f64>,
    /// How far around what leaves or moves its surroundings are generated anew, a share of its bounding box's diagonal.
    pub margin: Option<f64>,
    /// The same in pixels; it counts where both are given.
    pub margin_pixels: Option<f64>,
    /// Other items to make again.
    pub also: Vec<String>,
    /// As published.
    pub reference: bool,
}

/// An edit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the wire")]
pub struct Edit {
    /// The session.
    pub session: String,
    /// What is done, in one go; the first lies in front.
    pub edits: Vec<EditVerb>,
    /// What is changed.
    pub plan: PlanOptions,
    /// How.
    pub options: EditOptions,
    /// The model.
    pub model: ModelChoice,
    /// The revision that is edited: 0 for the picture itself; without it the one that the session is at.
    pub base: Option<u64>,
    /// Blob: pixels of another picture, such as another frame of a film. It is edited in place of a revision, with what was learned in the session, and
    /// is not kept.
    pub frame: Option<usize>,
    /// Blob: a number for each pixel of the frame (one channel, u8 or u16), which says what item of the session it is; without it the items lie as in
    /// the session's picture.
    pub frame_items: Option<usize>,
    /// The names that those numbers mean, in their order. Where the session has other items by now, the frame is refused.
    pub frame_names: Option<Vec<String>>,
    /// Other frames of the film, which may show what an item hides in this one.
    pub neighbours: Vec<Neighbour>,
    /// Goes on without anything learned, if nothing is: the items' prompts are as they start.
    pub draft: bool,
    /// Goes on when this client is gone; a frame does not, since nobody would get it.
    pub keep: bool,
    /// Sends previews.
    pub previews: bool,
    /// Whether the answer says how far each pixel of the region may change.
    pub changes: bool,
    /// Whether the answer has the clean plate and the edited items as layers too.
    pub layers: bool,
    /// Kept with the revision, and told in the history: whatever the client wants to know of it later.
    pub note: Option<serde_json::Value>,
}

/// Another frame of the film that an edited frame belongs to, of its size.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Neighbour {
    /// Its time minus that of the edited frame, in frames: below 0 for one before.
    pub offset: f64,
    /// Blob: its pixels.
    pub frame: usize,
    /// Blob: its items, as for [`Edit::frame_items`].
    pub frame_items: Option<usize>,
    /// Blob: the pixels of `region` after the same edit, as it was answered for this frame; only of one before.
    pub edited: Option<usize>,
    /// Where those lie.
    pub region: Region,
}

/// What an edit would come to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// The session.
    pub session: String,
    /// What would be done.
    pub edits: Vec<EditVerb>,
    /// What would be changed.
    pub plan: PlanOptions,
    /// The revision that would be edited.
    pub base: Option<u64>,
    /// Blob: pixels of another picture that would be edited in place of a revision; where there are `frame_items`, none are needed.
    pub frame: Option<usize>,
    /// Blob: the items of that picture, as for [`Edit::frame_items`].
    pub frame_items: Option<usize>,
    /// Their names, as for [`Edit::frame_names`].
    pub frame_names: Option<Vec<String>>,
    /// The blobs of the answer have the size of the region, not that of the picture.
    pub cropped: bool,
}

/// What was done in a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// The session.
    pub session: String,
    /// With a small picture of each.
    pub thumbnails: bool,
    /// With the masks of edits that have some: all that it takes to make a revision again.
    pub masks: bool,
}

/// The pixels of a revision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResultOf {
    /// The session.
    pub session: String,
    /// Which.
    pub revision: u64,
    /// The whole picture, not the part that was changed.
    pub whole: bool,
}

/// A revision to go back to, or on to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Undo {
    /// The session.
    pub session: String,
    /// Which; 0 for the picture itself.
    pub revision: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blended(amount: &str) -> Result<EditVerb, serde_json::Error> {
        serde_json::from_str(&format!(r#"{{"verb":"blend","item":"a","with":"b","amount":{amount}}}"#))
    }

    #[test]
    fn verbs_have_the_names_of_the_wire() {
        let remove = EditVerb::Remove { items: Vec::new(), into: None };
        let swap_in = EditVerb::SwapIn { item: String::new(), from: String::new() };
        for edit in [EditVerb::Reconstruct, remove, swap_in, blended("0.5").unwrap()] {
            assert_eq!(serde_json::to_value(&edit).unwrap()["verb"], edit.verb().id());
        }
    }

    #[test]
    fn numbers_come_back_as_they_were_and_none_is_infinite() {
        let read = blended("0.1").unwrap();
        assert_eq!(serde_json::from_value::<EditVerb>(serde_json::to_value(&read).unwrap()).unwrap(), read);
        assert!(blended("1e300").unwrap_err().to_string().contains("too large"));
        for number in [0.1 + 0.2, 6.500_000_000_000_001e304, 7.1e-9] {
            let text = serde_json::to_string(&number).unwrap();
            assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), f64::to_bits(number), "{text}");
        }
    }
}
