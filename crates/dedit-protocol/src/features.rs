//! What a daemon can beyond the first release of version 1, by name.
//!
//! A daemon passes by fields that it does not know. Where that would make something else of a request, a client first looks whether the daemon knows
//! them: [`Welcome::require`](crate::answer::Welcome::require).

/// `edit` and `plan` of frames: `frame`, `frame_items` and `frame_names`.
pub const FRAMES: &str = "frames";

/// `open_picture` with a `variant`.
pub const VARIANTS: &str = "variants";

/// `items`, `choose`, `adopt`, and `open_picture` with `revision_of`, `last`, `peek` and `labels`.
pub const ITEMS: &str = "items";

/// `edit` with `changes`, `plan` with `cropped`.
pub const CROPPED: &str = "cropped";

/// The verb `expand`.
pub const EXPAND: &str = "expand";

/// `edit` with `layers`.
pub const LAYERS: &str = "layers";

/// `edit` of a frame with `neighbours`, and `model` of the answer to `hello`.
pub const NEIGHBOURS: &str = "neighbours";

/// `open_picture` and `open_session` with `folder_bytes`.
pub const PATHS: &str = "paths";

/// `embeddings` and `clip_skip` of a model.
pub const EMBEDDINGS: &str = "embeddings";

/// `catalog`, `fetch_model` and `choose_model`.
pub const MODELS: &str = "models";

/// `segment` with `model`, `earlier`, and `base` without `everything`.
pub const SEGMENT_ANYTHING: &str = "segment-anything";

/// `add_model`, `verify_model` and `remove_model`.
pub const MODEL_FILES: &str = "model_files";

/// Everything that a daemon of this release tells that it can.
pub const FEATURES: [&str; 12] =
    [FRAMES, VARIANTS, ITEMS, CROPPED, EXPAND, LAYERS, NEIGHBOURS, PATHS, EMBEDDINGS, MODELS, SEGMENT_ANYTHING, MODEL_FILES];

/// What somebody does with it, in words.
pub(crate) fn in_words(feature: &str) -> String {
    match feature {
        FRAMES => "edit frames".to_owned(),
        VARIANTS => "tell sessions of one picture apart".to_owned(),
        ITEMS => "choose the items of a document".to_owned(),
        CROPPED => "tell of an edit's region alone".to_owned(),
        EXPAND => "expand a canvas".to_owned(),
        LAYERS => "give items as layers of their own".to_owned(),
        NEIGHBOURS => "look at other frames of a film".to_owned(),
        PATHS => "keep a session in a folder whose name is no text".to_owned(),
        EMBEDDINGS => "take embeddings or a clip skip".to_owned(),
        SEGMENT_ANYTHING => "find items by a segment-anything model".to_owned(),
        MODELS => "list and fetch models".to_owned(),
        MODEL_FILES => "add, check and remove models".to_owned(),
        other => format!("do '{other}'"),
    }
}
