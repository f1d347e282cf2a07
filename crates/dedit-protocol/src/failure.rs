//! What went wrong, as it goes over the wire: a kind to act on, a sentence, the place, and what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of failure it is; the command line maps it to an exit code, the hosts to a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A request that makes no sense.
    Usage,
    /// A picture, mask, prompt or session that cannot be used.
    Input,
    /// A model that cannot be found, read or used.
    Model,
    /// The daemon cannot be reached, or is gone.
    Connection,
    /// Somebody asked to stop.
    Cancelled,
    /// Memory or disk ran out.
    Resources,
    /// A fault of the program; and any kind that is not known here.
    #[serde(other)]
    Internal,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// What is wrong.
    pub message: String,
    /// The file, folder or session concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without place and hint.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), place: None, hint: None }
    }

    /// Names the file, folder or session concerned.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.place.get_or_insert_with(|| place.to_string());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, ": {place}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
