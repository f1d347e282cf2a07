//! Requests about pictures and their items.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::words::Words;

/// Which of a session's two pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The one that is edited.
    #[default]
    Target,
    /// The one that items are taken from.
    Reference,
}

/// A revision of a session; 0 is the picture itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevisionId {
    /// The session.
    pub session: String,
    /// The revision.
    pub revision: u64,
}

/// A picture. Sent without `pixels` it asks whether the daemon has them: the answer's `known` says so, and only if it is false are they sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "on the wire each is a field of its own, and none excludes another")]
pub struct OpenPicture {
    /// [`Pixels::digest`](crate::Pixels::digest).
    pub digest: String,
    /// Blob: the pixels.
    pub pixels: Option<usize>,
    /// Blob: the colour profile (ICC), which comes back with the picture.
    pub profile: Option<usize>,
    /// Blob: whatever else the client knows of the picture and wants back with it.
    pub metadata: Option<usize>,
    /// `profile` and `metadata` are meant without `pixels` too: the same pixels with another profile are another picture, and `metadata` replaces what is
    /// kept. Without it a picture that is asked for by its digest alone is the one that the daemon has, whatever its profile.
    pub about: bool,
    /// What people call it, such as a file name.
    pub name: String,
    /// The folder that keeps the session, on the daemon's machine; without it the daemon's own store does.
    pub folder: Option<String>,
    /// Blob: the bytes of the folder's path, where it is no UTF-8. Not with `folder`.
    pub folder_bytes: Option<usize>,
    /// The session that gets it as reference picture; without it a session of this picture is opened. With an empty `digest` the session loses its
    /// reference picture.
    pub reference_of: Option<String>,
    /// A session of another picture in `folder` is removed.
    pub replace: bool,
    /// Tells sessions of one picture apart: those of different variants have items, learning and history of their own. Not with `folder`.
    pub variant: String,
    /// Width and height of the picture.
    pub size: Option<[usize; 2]>,
    /// The revision that the client made the picture of: opened in place of a session of its own.
    pub revision_of: Option<RevisionId>,
    /// The session that the client worked on last, and the revision whose items a new picture gets.
    pub last: Option<RevisionId>,
    /// Creates no session and sets no items.
    pub peek: bool,
    /// Whether the answer has a label map.
    pub labels: bool,
}

/// A session that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenSession {
    /// Its name.
    pub session: Option<String>,
    /// Or its folder, on the daemon's machine.
    pub folder: Option<String>,
    /// Blob: the bytes of the folder's path, where it is no UTF-8. Not with `folder`.
    pub folder_bytes: Option<usize>,
}

/// What the items of a picture are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Items {
    /// Blob: a number for each pixel (one channel, u8 or u16); item k has the k-th name.
    Labels(usize),
    /// Blobs: a mask for each name (one channel), soft values allowed, the first in front. What no mask covers is an item of its own, `background`.
    Masks(Vec<usize>),
}

/// Items for a picture. What was learned for other items is kept, and is there again when these come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetItems {
    /// The session.
    pub session: String,
    /// Of which picture.
    #[serde(default)]
    pub picture: Which,
    /// The items' names.
    pub names: Vec<String>,
    /// Their places.
    pub items: Items,
    /// What is said of them; without it their names say it, where these are words.
    #[serde(default)]
    pub words: Option<BTreeMap<String, Words>>,
}

/// A picture and its items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fetch {
    /// The session.
    pub session: String,
    /// Which picture.
    pub picture: Which,
    /// Whether the pixels are wanted too, not the items alone.
    pub pixels: bool,
}

/// An item that is looked for in a picture: a box round it, pixels of it, pixels beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Segment {
    /// The session.
    pub session: String,
    /// Left, top, width and height of a box round it.
    pub region: Option<[usize; 4]>,
    /// Column and row of pixels of it.
    pub inside: Vec<[usize; 2]>,
    /// Column and row of pixels that are not.
    pub outside: Vec<[usize; 2]>,
    /// Instead of one item, all that can be told apart, at most so many.
    pub everything: Option<usize>,
    /// The revision that is segmented; 0 is the picture itself.
    pub base: u64,
    /// A segment-anything model by its name or path, or the way without weights by its name; without it the usual one of these models, where there is one.
    pub model: Option<String>,
    /// Blob: a mask of the item that the model is to improve.
    pub earlier: Option<usize>,
}

/// Something to be removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forget {
    /// The session.
    pub session: String,
    /// Only what was learned; picture, items and history stay.
    pub learned_only: bool,
}
