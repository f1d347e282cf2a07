//! The border to C: panics end here, and what C gives is read here.
#![expect(unsafe_code, reason = "texts and places for results come from C as pointers")]

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ofx_host::abi::{Status, Text, status};

use crate::frame::complain;

/// Runs a function that an effect calls.
pub(crate) fn guard<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    // What is shared lies behind locks that are taken in spite of a panic.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        complain(None, "a fault in the test host itself");
        fallback
    })
}

/// As [`guard`], for bodies that end early.
pub(crate) fn answer(body: impl FnOnce() -> Result<(), Status>) -> Status {
    guard(status::FAILED, || body().err().unwrap_or(status::OK))
}

/// A text of an effect's; none for null.
pub(crate) fn text(text: Text) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null; an effect gives a text that is ended by zero and stays during the call.
    let text = unsafe { CStr::from_ptr(text) };
    if text.to_str().is_err() {
        complain(None, format!("a text that is not UTF-8: {text:?}"));
    }
    Some(text.to_string_lossy().into_owned())
}

/// A text that has to be there.
pub(crate) fn needed(pointer: Text, what: &str) -> Result<String, Status> {
    text(pointer).ok_or_else(|| {
        complain(None, format!("{what} is null"));
        status::VALUE
    })
}

/// Gives a result to a place that has to be there.
pub(crate) fn give<T>(place: *mut T, value: T) -> Result<(), Status> {
    if give_if_asked(place, value) {
        return Ok(());
    }
    complain(None, "the place for a result is null");
    Err(status::VALUE)
}

/// Gives a result to a place that may be null.
pub(crate) fn give_if_asked<T>(place: *mut T, value: T) -> bool {
    if place.is_null() {
        return false;
    }
    // SAFETY: not null; an effect gives a place of the type that the function's signature says.
    unsafe { place.write(value) };
    true
}

/// Reads `count` values.
pub(crate) fn list<T: Copy>(start: *const T, count: usize) -> Result<Vec<T>, Status> {
    if start.is_null() && count > 0 {
        complain(None, "a list of values is null");
        return Err(status::VALUE);
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: not null; an effect says how many values there are.
    Ok(unsafe { std::slice::from_raw_parts(start, count) }.to_vec())
}

/// Gives a list of results to places that lie one behind the other.
pub(crate) fn give_list<T: Copy>(start: *mut T, values: &[T]) -> Result<(), Status> {
    if start.is_null() {
        complain(None, "the place for results is null");
        return Err(status::VALUE);
    }
    // SAFETY: not null; an effect says for how many values there is place, and these are not more.
    unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), start, values.len()) };
    Ok(())
}

/// What an effect points at, if it points at anything.
pub(crate) fn look<T: Copy>(pointer: *const T) -> Option<T> {
    // SAFETY: null, or what the function's signature says.
    unsafe { pointer.as_ref() }.copied()
}
