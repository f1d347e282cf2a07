//! What goes wrong between an effect and its host.

use std::fmt;

use crate::abi::{Status, status};

/// The result of something that may fail.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure: the status that the host gets, and the sentence that its user gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: Option<String>,
}

impl Error {
    /// It did not work; the sentence is shown to the user.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { status: status::FAILED, message: Some(message.into()) }
    }

    /// The host asked to stop: nothing to be told.
    pub fn aborted() -> Self {
        Self { status: status::FAILED, message: None }
    }

    /// The host lacks something without which the effect cannot work.
    pub fn lacking(what: &str) -> Self {
        Self { status: status::MISSING_HOST_FEATURE, message: Some(format!("this host has no {what}")) }
    }

    /// Something of the host's did not work.
    pub(crate) fn of(what: &str, status: Status) -> Self {
        Self { status, message: Some(format!("the host refused {what} (status {status})")) }
    }

    /// The number for the host.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The sentence for its user, if there is something to be told.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or("stopped"))
    }
}

impl std::error::Error for Error {}
