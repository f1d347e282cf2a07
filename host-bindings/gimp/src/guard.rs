//! Stops panics before they reach C, where unwinding is undefined behaviour.

use std::any::Any;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what GIMP calls. After a panic the caller gets what `fallback` makes of the message.
pub(crate) fn guard<T>(fallback: impl FnOnce(String) -> T, body: impl FnOnce() -> T) -> T {
    // The call ends with this panic: no state that it left behind is used again.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let message = format!("a fault in the plug-in itself: {}", words(panic.as_ref()));
        log_error(&message);
        fallback(message)
    })
}

/// Writes an error to standard error, after the program's name.
pub(crate) fn log_error(message: &str) {
    let program = std::env::args_os().next().map(std::path::PathBuf::from);
    let name = program.as_deref().and_then(std::path::Path::file_name).unwrap_or_default().to_string_lossy();
    // `eprintln!` panics where standard error is closed.
    let _ = writeln!(std::io::stderr(), "{name}: {message}");
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
