//! The error type of all crates: one sentence that says what is wrong, the place concerned, and what to do about it.
//!
//! The [`ErrorKind`] is what programs act on: the command line maps it to an exit code, plug-ins to a dialog, and it goes over the wire. Messages are for
//! people and are never parsed.

#![forbid(unsafe_code)]

use std::fmt;
use std::path::Path;

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A request that makes no sense, such as a scale of zero.
    Usage,
    /// A picture, mask, prompt or session that cannot be used.
    Input,
    /// A model that cannot be found, read or used.
    Model,
    /// The daemon cannot be reached, or is gone.
    Connection,
    /// The user stopped it.
    Cancelled,
    /// Memory or disk ran out.
    Resources,
    /// A bug in this program.
    Internal,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Its kind.
    pub kind: ErrorKind,
    /// What is wrong, without place and hint: a phrase that begins in lower case and ends without a full stop.
    pub message: String,
    /// The file, folder, session or address concerned.
    pub place: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A result with this error.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error without place and hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), place: None, hint: None }
    }

    /// A request that makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// A picture, mask, prompt or session that cannot be used.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// A model that cannot be found, read or used.
    pub fn model(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Model, message)
    }

    /// The user stopped it.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled")
    }

    /// Names the place concerned, unless an inner one is named already.
    #[must_use]
    pub fn at(mut self, place: impl AsRef<Path>) -> Self {
        self.place.get_or_insert_with(|| place.as_ref().display().to_string());
        self
    }

    /// Says what to do about it, in place of what was said before.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts the item or edit concerned before the message: `the item 'bag': …`.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        self.message = format!("{subject}: {}", self.message);
        self
    }

    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What is wrong, without place and hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The file, folder, session or address concerned.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// What to do about it.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    /// `MESSAGE: PLACE; HINT`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, ": {place}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_sentence() {
        for (error, expected) in [
            (Error::usage("no"), "no"),
            (Error::input("no").at("a.png"), "no: a.png"),
            (Error::model("no").at("inner").at("outer").hint("first").hint("last"), "no: inner; last"),
            (Error::cancelled().about("the item 'bag'"), "the item 'bag': cancelled"),
        ] {
            assert_eq!(error.to_string(), expected);
        }
    }
}
