//! Arguments from C: panics are caught, and pointers are read and written.
#![expect(unsafe_code, reason = "strings and places for results come from C as pointers")]

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ofx_host::abi::{Status, Text, status};

use crate::log::complain;

/// Runs a function that an effect calls.
pub(crate) fn guard<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    // Unwind safety: shared state is behind locks, whose poisoning is ignored.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        complain(None, "internal error of the test host");
        fallback
    })
}

/// As [`guard`], for bodies that return a status early.
pub(crate) fn answer(body: impl FnOnce() -> Result<(), Status>) -> Status {
    guard(status::FAILED, || body().err().unwrap_or(status::OK))
}

/// A string of an effect; `None` for null.
pub(crate) fn text(text: Text) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null; effects pass strings that end with zero and live as long as the call.
    let text = unsafe { CStr::from_ptr(text) };
    if text.to_str().is_err() {
        complain(None, format!("a text that is not UTF-8: {text:?}"));
    }
    Some(text.to_string_lossy().into_owned())
}

/// A string that must not be null; complaints call it `what`.
pub(crate) fn needed(pointer: Text, what: &str) -> Result<String, Status> {
    text(pointer).ok_or_else(|| {
        complain(None, format!("{what} is null"));
        status::VALUE
    })
}

/// Writes a result to a place that must not be null.
pub(crate) fn give<T>(place: *mut T, value: T) -> Result<(), Status> {
    if give_if_asked(place, value) {
        return Ok(());
    }
    complain(None, "the place for a result is null");
    Err(status::VALUE)
}

/// Writes a result to a place that may be null; returns whether it was written.
pub(crate) fn give_if_asked<T>(place: *mut T, value: T) -> bool {
    if place.is_null() {
        return false;
    }
    // SAFETY: not null; effects pass a place of the type in the function's signature.
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
    // SAFETY: not null; effects pass the number of values.
    Ok(unsafe { std::slice::from_raw_parts(start, count) }.to_vec())
}

/// Writes results to an array.
pub(crate) fn give_list<T: Copy>(start: *mut T, values: &[T]) -> Result<(), Status> {
    if start.is_null() {
        complain(None, "the place for results is null");
        return Err(status::VALUE);
    }
    // SAFETY: not null; the caller has limited the values to the length that the effect passed.
    unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), start, values.len()) };
    Ok(())
}

/// The value at a pointer; `None` for null.
pub(crate) fn look<T: Copy>(pointer: *const T) -> Option<T> {
    // SAFETY: null, or a valid pointer of the type in the function's signature.
    unsafe { pointer.as_ref() }.copied()
}
