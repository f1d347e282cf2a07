//! Catches panics, which must not unwind into C.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, Result};

/// Runs `body`. A panic becomes an error with its message.
pub(crate) fn guard<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // Unwind safety: state that actions share is behind locks, which are poisoned by a panic.
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|panic| Err(Error::failed(format!("internal error in the effect: {}", message(panic.as_ref())))))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Body = fn() -> Result<()>;

    #[test]
    fn a_panic_becomes_an_error_and_nothing_else_changes() {
        assert_eq!(guard(|| Ok(2)), Ok(2));
        assert_eq!(guard::<()>(|| Err(Error::aborted())), Err(Error::aborted()));
        let bodies: [Body; 3] = [|| panic!("no {}", "luck"), || panic!("none"), || std::panic::panic_any(7)];
        for (body, words) in bodies.into_iter().zip(["no luck", "none", "a panic without a message"]) {
            let error = guard(body).unwrap_err();
            assert_eq!(error.message(), Some(format!("internal error in the effect: {words}").as_str()));
        }
    }
}
