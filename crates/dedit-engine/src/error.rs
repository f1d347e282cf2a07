//! Errors of the layers below, and of those above, as one.

use dedit_diffusion::{Error, ErrorKind};

/// An error about a picture, mask, plan or session, as the engine tells it.
#[expect(clippy::needless_pass_by_value, reason = "handed to `map_err`")]
pub fn from_edit(error: dedit_edit::Error) -> Error {
    let kind = match error.kind() {
        dedit_edit::ErrorKind::Usage => ErrorKind::Usage,
        dedit_edit::ErrorKind::Input => ErrorKind::Input,
        dedit_edit::ErrorKind::Model => ErrorKind::Model,
        dedit_edit::ErrorKind::Cancelled => ErrorKind::Cancelled,
        dedit_edit::ErrorKind::Resources => ErrorKind::Resources,
        dedit_edit::ErrorKind::Internal => ErrorKind::Internal,
    };
    let told = Error::new(kind, error.message());
    let told = error.place().map_or(told.clone(), |place| told.at(place));
    error.hint_text().map_or(told.clone(), |hint| told.hint(hint))
}

/// An error of the engine, as those hear it who hold pictures.
#[expect(clippy::needless_pass_by_value, reason = "handed to `map_err`")]
pub fn to_edit(error: Error) -> dedit_edit::Error {
    let kind = match error.kind() {
        ErrorKind::Usage => dedit_edit::ErrorKind::Usage,
        ErrorKind::Input => dedit_edit::ErrorKind::Input,
        ErrorKind::Model => dedit_edit::ErrorKind::Model,
        ErrorKind::Cancelled => dedit_edit::ErrorKind::Cancelled,
        ErrorKind::Resources => dedit_edit::ErrorKind::Resources,
        ErrorKind::Internal => dedit_edit::ErrorKind::Internal,
    };
    let told = dedit_edit::Error::new(kind, error.message());
    let told = error.place().map_or(told.clone(), |place| told.at(place));
    error.hint_text().map_or(told.clone(), |hint| told.hint(hint))
}
