//! What can go wrong, from wherever it comes: a kind for the exit code, a sentence, the place, and what to do.

use std::fmt;
use std::path::Path;

use dedit_protocol::Failure;
pub(crate) use dedit_protocol::FailureKind as ErrorKind;

/// An error.
#[derive(Debug, Clone)]
pub(crate) struct Error(Failure);

/// The result of everything in this program.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Failure::new(kind, message))
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled")
    }

    /// Names the file concerned; an inner place that is already named stays.
    pub(crate) fn at(self, place: impl AsRef<Path>) -> Self {
        Self(self.0.at(place.as_ref().display()))
    }

    /// Says what to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self(self.0.hint(hint))
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<dedit_edit::Error> for Error {
    fn from(error: dedit_edit::Error) -> Self {
        let kind = match error.kind() {
            dedit_edit::ErrorKind::Usage => ErrorKind::Usage,
            dedit_edit::ErrorKind::Input => ErrorKind::Input,
            dedit_edit::ErrorKind::Model => ErrorKind::Model,
            dedit_edit::ErrorKind::Cancelled => ErrorKind::Cancelled,
            dedit_edit::ErrorKind::Resources => ErrorKind::Resources,
            dedit_edit::ErrorKind::Internal => ErrorKind::Internal,
        };
        let place = error.place().map(|place| place.display().to_string());
        Self(Failure { kind, message: error.message().to_owned(), place, hint: error.hint_text().map(str::to_owned) })
    }
}

impl From<dedit_diffusion::Error> for Error {
    fn from(error: dedit_diffusion::Error) -> Self {
        dedit_engine::to_edit(error).into()
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        dedit_diffusion::Error::from(error).into()
    }
}

impl From<dedit_schema::Refusal> for Error {
    fn from(refusal: dedit_schema::Refusal) -> Self {
        let error = Self::usage(refusal.message());
        if refusal.hint().is_empty() { error } else { error.hint(refusal.hint()) }
    }
}
