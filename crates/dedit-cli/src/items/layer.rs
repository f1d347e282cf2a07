//! A mask that has a name, and the errors of reading one.

use std::path::{Path, PathBuf};

use dedit_edit::{ItemMask, Size};

use crate::error::{Error, ErrorKind};

/// The item that no mask covers.
pub(super) const BACKGROUND: &str = "background";

/// A mask with the name of its item and the file that it was read from.
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) mask: ItemMask,
    pub(super) file: PathBuf,
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("this cannot be read ({error})")).at(path).hint("check the path")
}

pub(super) fn wrong_size(path: &Path, what: &str, found: Size, size: Size) -> Error {
    let message = format!("{what} {found}, and the picture is {size}");
    Error::new(ErrorKind::Input, message).at(path).hint("give masks of the picture's own size")
}
