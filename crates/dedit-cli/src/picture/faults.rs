//! Errors of picture files.

use std::fmt::Display;

use crate::error::{Error, ErrorKind};

/// A file that cannot be read.
pub(super) fn unreadable(reason: &dyn Display, hint: &str) -> Error {
    Error::new(ErrorKind::Input, format!("cannot read this picture ({reason})")).hint(hint)
}

/// A file that cannot be put together.
pub(super) fn broken(kind: &str, error: &dyn Display) -> Error {
    Error::new(ErrorKind::Internal, format!("a {kind} file cannot be put together ({error})"))
}
