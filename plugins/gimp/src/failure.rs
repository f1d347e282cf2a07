//! What goes wrong, whether in GIMP, in the document or in the daemon: one sentence, the place, and what to do.

use std::fmt;
use std::ops::Deref;

pub(crate) use dedit_protocol::FailureKind;

/// A failure as the daemon tells them; GIMP's become such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(dedit_protocol::Failure);

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self(dedit_protocol::Failure::new(kind, message))
    }

    /// Says what to do about it.
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

impl From<gimp_host::Error> for Failure {
    fn from(error: gimp_host::Error) -> Self {
        Self::new(FailureKind::Input, error.to_string())
    }
}
