//! The path of a folder on the wire, whose texts are UTF-8.

use std::path::Path;

/// The path of a folder: as text, or as bytes where it is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) text: Option<String>,
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Folder {
    pub(crate) fn of(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self { text: Some(text.to_owned()), bytes: None },
            None => Self::no_text(path),
        }
    }

    #[cfg(unix)]
    fn no_text(path: &Path) -> Self {
        use std::os::unix::ffi::OsStrExt as _;
        Self { text: None, bytes: Some(path.as_os_str().as_bytes().to_vec()) }
    }

    /// Elsewhere paths have no bytes to be sent; what is no text in them is replaced.
    #[cfg(not(unix))]
    fn no_text(path: &Path) -> Self {
        Self { text: Some(path.to_string_lossy().into_owned()), bytes: None }
    }
}
