//! The permanent names of clips, and of the parameters that only OpenFX has. Those of edits are in the table of `dedit-schema`.

use std::ffi::CStr;

/// The clip whose colours or alpha say where items are.
pub(crate) const MASK: &CStr = c"Mask";
/// The clip with a picture to take an item from.
pub(crate) const REFERENCE: &CStr = c"Reference";

pub(crate) const EDIT: &str = "edit";
pub(crate) const MASK_SOURCE: &str = "maskSource";
pub(crate) const MASK_FILE: &str = "maskFile";
pub(crate) const MODEL: &str = "model";
pub(crate) const OUTPUT: &str = "output";
pub(crate) const VALUES: &str = "values";
pub(crate) const SESSION: &str = "session";
pub(crate) const LEARNED: &str = "learned";
pub(crate) const REFERENCE_FRAME: &str = "referenceFrame";
pub(crate) const LEARN: &str = "learn";
pub(crate) const LEARN_IN_RENDER: &str = "learnInRender";
pub(crate) const RENDER_AGAIN: &str = "renderAgain";
pub(crate) const TAKE: &str = "take";
pub(crate) const STATUS: &str = "status";
