//! Errors of the plug-in: one sentence, the place, and what to do.

use std::fmt;
use std::ops::Deref;

pub(crate) use dedit_protocol::FailureKind;

/// An error, from the daemon, from GIMP or from the plug-in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(dedit_protocol::Failure);

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self(dedit_protocol::Failure::new(kind, message))
    }

    /// The document or the values of a call are unfit: what is wrong, and what to do.
    pub(crate) fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(FailureKind::Input, message).hint(hint)
    }

    /// A fault in D-Edit itself.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, message)
    }

    /// The user cancelled.
    pub(crate) fn cancelled() -> Self {
        Self::new(FailureKind::Cancelled, "cancelled")
    }

    /// Adds what to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self(self.0.hint(hint))
    }
}

impl Deref for Failure {
    type Target = dedit_protocol::Failure;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<dedit_protocol::Failure> for Failure {
    fn from(failure: dedit_protocol::Failure) -> Self {
        Self(failure)
    }
}

impl From<dedit_schema::Refusal> for Failure {
    fn from(refusal: dedit_schema::Refusal) -> Self {
        let failure = Self::new(FailureKind::Usage, refusal.message());
        if refusal.hint().is_empty() { failure } else { failure.hint(refusal.hint()) }
    }
}

impl From<gimp_host::Error> for Failure {
    fn from(error: gimp_host::Error) -> Self {
        Self::new(FailureKind::Input, error.to_string())
    }
}
