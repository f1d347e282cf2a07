//! Errors of picture files.

use std::fmt::Display;

use crate::error::{Error, ErrorKind};

/// Letters of a decoder's reason that are shown: some list what stands in the file.
const LONGEST: usize = 200;

/// A file that cannot be read.
pub(super) fn unreadable(reason: &dyn Display, hint: &str) -> Error {
    Error::new(ErrorKind::Input, format!("cannot read this picture ({})", in_short(reason))).hint(hint)
}

/// A file that cannot be put together.
pub(super) fn broken(kind: &str, error: &dyn Display) -> Error {
    Error::new(ErrorKind::Internal, format!("a {kind} file cannot be put together ({})", in_short(error)))
}

/// A reason in one line.
fn in_short(reason: &dyn Display) -> String {
    let line = reason.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST { line } else { line.chars().take(LONGEST).chain(['…']).collect() }
}
