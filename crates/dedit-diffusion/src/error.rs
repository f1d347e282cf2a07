//! Errors: one sentence about the cause, the file, and a hint.

use std::fmt;
use std::path::{Path, PathBuf};

/// The kind of an error; the command line maps it to an exit code, the hosts to a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// An invalid request (zero steps, a size that is not a multiple of 8).
    Usage,
    /// A picture, mask or prompt that cannot be used.
    Input,
    /// A checkpoint, LoRA, tokenizer or configuration file that cannot be used.
    Model,
    /// The caller asked to stop.
    Cancelled,
    /// Out of memory or disk space.
    Resources,
    /// A numeric operation failed: a bug of this program.
    Internal,
}

/// An error: the cause, the file concerned, and a hint.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    place: Option<PathBuf>,
    hint: Option<String>,
}

/// The result type of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of the given kind; `message` is a sentence with what was found and what was expected.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), place: None, hint: None }
    }

    /// A checkpoint, LoRA, tokenizer or configuration that cannot be used.
    pub fn model(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Model, message)
    }

    /// An invalid request.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// The caller asked to stop.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled")
    }

    /// Adds the file concerned, unless the error has one already.
    #[must_use]
    pub fn at(mut self, place: impl AsRef<Path>) -> Self {
        self.place.get_or_insert_with(|| place.as_ref().to_path_buf());
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The cause, without file and hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The file concerned.
    pub fn place(&self) -> Option<&Path> {
        self.place.as_deref()
    }

    /// What the user can do about it.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, ": {}", place.display())?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::new(ErrorKind::Internal, error.to_string())
    }
}
