//! The error type, from `dedit-error`.

pub(crate) use dedit_error::{Error, ErrorKind, Result};
use dedit_schema::Refusal;

/// The error for a value that the table refuses.
#[expect(clippy::needless_pass_by_value, reason = "handed to `map_err`")]
pub(crate) fn refused(refusal: Refusal) -> Error {
    let error = Error::usage(refusal.message());
    if refusal.hint().is_empty() { error } else { error.hint(refusal.hint()) }
}
