//! Failures: one sentence, the place, and a hint; from the daemon, the host, or the table of parameters.

use dedit_schema::Refusal;

pub(crate) use dedit_protocol::{Failure, FailureKind};

/// An input that cannot be used, and what to do about it.
pub(crate) fn input(message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Input, message).hint(hint)
}

/// The host asked to stop.
pub(crate) fn stopped() -> Failure {
    Failure::new(FailureKind::Cancelled, "stopped")
}

/// A parameter that is missing or out of range.
pub(crate) fn refused(refusal: &Refusal) -> Failure {
    let failure = Failure::new(FailureKind::Usage, refusal.message());
    if refusal.hint().is_empty() { failure } else { failure.hint(refusal.hint()) }
}

/// The error that the host gets. A stop is not shown to the user.
pub(crate) fn to_host(failure: &Failure) -> ofx_host::Error {
    match failure.kind {
        FailureKind::Cancelled => ofx_host::Error::aborted(),
        _ => ofx_host::Error::failed(failure.to_string()),
    }
}

/// An error of the host.
pub(crate) fn from_host(error: &ofx_host::Error) -> Failure {
    match error.message() {
        Some(message) => Failure::new(FailureKind::Internal, message),
        None => stopped(),
    }
}
