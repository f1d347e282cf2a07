//! Conversion between the errors of `dedit_edit` and `dedit_diffusion`.

use dedit_diffusion::{Error, ErrorKind};

/// An error of `dedit_edit` as one of the engine.
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
    let converted = Error::new(kind, error.message());
    let converted = error.place().map_or(converted.clone(), |place| converted.at(place));
    error.hint_text().map_or(converted.clone(), |hint| converted.hint(hint))
}

/// An error of the engine as one of `dedit_edit`.
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
    let converted = dedit_edit::Error::new(kind, error.message());
    let converted = error.place().map_or(converted.clone(), |place| converted.at(place));
    error.hint_text().map_or(converted.clone(), |hint| converted.hint(hint))
}
