//! The error type of this crate: that of `dedit-error`, into which errors of candle convert too.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

pub use dedit_error::ErrorKind;

/// An error; [`dedit_error::Error`] with a conversion from candle's errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(dedit_error::Error);

/// A result with this error.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// See [`dedit_error::Error::new`].
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(dedit_error::Error::new(kind, message))
    }

    /// A checkpoint, LoRA, tokenizer or configuration that cannot be used.
    pub fn model(message: impl Into<String>) -> Self {
        Self(dedit_error::Error::model(message))
    }

    /// A request that makes no sense, such as zero steps.
    pub fn usage(message: impl Into<String>) -> Self {
        Self(dedit_error::Error::usage(message))
    }

    /// The caller stopped it.
    pub fn cancelled() -> Self {
        Self(dedit_error::Error::cancelled())
    }

    /// Names the file concerned, unless an inner one is named already.
    #[must_use]
    pub fn at(self, place: impl AsRef<Path>) -> Self {
        Self(self.0.at(place))
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self(self.0.hint(hint))
    }
}

impl Deref for Error {
    type Target = dedit_error::Error;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::new(ErrorKind::Internal, error.to_string())
    }
}

impl From<dedit_error::Error> for Error {
    fn from(error: dedit_error::Error) -> Self {
        Self(error)
    }
}

impl From<Error> for dedit_error::Error {
    fn from(error: Error) -> Self {
        error.0
    }
}
