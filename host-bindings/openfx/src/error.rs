//! Errors between an effect and its host.

use std::fmt;

use crate::abi::{Status, status};

/// The result of something that may fail.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure: the status for the host, and a sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: Option<String>,
}

impl Error {
    /// The action failed; the sentence is shown to the user.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { status: status::FAILED, message: Some(message.into()) }
    }

    /// The host asked to stop; nothing is shown.
    pub fn aborted() -> Self {
        Self { status: status::FAILED, message: None }
    }

    /// The host lacks something that the effect needs.
    pub fn lacking(what: &str) -> Self {
        Self { status: status::MISSING_HOST_FEATURE, message: Some(format!("this host has no {what}")) }
    }

    /// A call of the host failed; `None` where the host lacks the function.
    pub(crate) fn of(what: &str, status: Option<Status>) -> Self {
        let status = status.unwrap_or(status::MISSING_HOST_FEATURE);
        Self { status, message: Some(format!("the host refused {what} (status {status})")) }
    }

    /// The status for the host.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The sentence for the user, if there is anything to show.
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
