//! The one place where a panic ends: it must not cross the border to C.

use std::any::Any;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what GIMP calls. After a panic the caller gets what `fallback` makes of the message.
pub(crate) fn guard<T>(fallback: impl FnOnce(String) -> T, body: impl FnOnce() -> T) -> T {
    // A run of a plug-in is over after this: nothing that was left half done is looked at again.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let message = format!("a fault in the plug-in itself: {}", words(panic.as_ref()));
        complain(&message);
        fallback(message)
    })
}

/// Says something where a terminal shows it.
pub(crate) fn complain(message: &str) {
    // A terminal that was closed is no reason to panic once more.
    let _ = writeln!(std::io::stderr(), "dedit-gimp: {message}");
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it does not say what")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_panic_passes() {
        assert_eq!(guard(|_| 1, || 2), 2);
    }

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(guard(|message| message, || panic!("no {}", "luck")), "a fault in the plug-in itself: no luck");
        assert_eq!(guard(|message| message, || panic!("none")), "a fault in the plug-in itself: none");
        assert_eq!(guard(|message| message, || std::panic::panic_any(7)), "a fault in the plug-in itself: it does not say what");
    }
}
