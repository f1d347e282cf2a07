//! What goes wrong: one sentence, the place, and what to do; as the daemon words it, or as the host does.

pub(crate) use dedit_protocol::{Failure, FailureKind};

/// Something about the inputs does not do.
pub(crate) fn input(message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Input, message).hint(hint)
}

/// The host wants it no longer.
pub(crate) fn stopped() -> Failure {
    Failure::new(FailureKind::Cancelled, "stopped")
}

/// As the host is told. What its user stopped is no error to be shown.
pub(crate) fn told(failure: &Failure) -> ofx_host::Error {
    match failure.kind {
        FailureKind::Cancelled => ofx_host::Error::aborted(),
        _ => ofx_host::Error::failed(failure.to_string()),
    }
}

/// What the host refuses.
pub(crate) fn of_host(error: &ofx_host::Error) -> Failure {
    match error.message() {
        Some(message) => Failure::new(FailureKind::Internal, message),
        None => stopped(),
    }
}
