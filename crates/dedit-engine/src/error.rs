//! Errors of the layers below as one.

use dedit_diffusion::{Error, ErrorKind};

#[expect(clippy::needless_pass_by_value, reason = "handed to `map_err`")]
/// An error about a picture, mask or plan, as the engine tells it.
pub fn from_edit(error: dedit_edit::Error) -> Error {
    let kind = match error.kind() {
        dedit_edit::ErrorKind::Usage => ErrorKind::Usage,
        dedit_edit::ErrorKind::Input => ErrorKind::Input,
    };
    let told = Error::new(kind, error.message());
    match error.hint_text() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}
