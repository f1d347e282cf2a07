//! The one place where a panic ends: it must not cross the border to C.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, Result};

/// Runs what the host calls. A panic is an error with its words.
pub(crate) fn guard<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // What an effect shares between calls it keeps behind locks, which know of a panic while they were held.
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|panic| Err(Error::failed(format!("a fault in the effect itself: {}", words(panic.as_ref())))))
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it does not say what")
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
        for (body, words) in bodies.into_iter().zip(["no luck", "none", "it does not say what"]) {
            let error = guard(body).unwrap_err();
            assert_eq!(error.message(), Some(format!("a fault in the effect itself: {words}").as_str()));
        }
    }
}
