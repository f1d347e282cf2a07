//! What goes wrong on the side of the host or of the test.

/// A sentence for whoever reads the test.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
}

impl Error {
    /// An error with its sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
