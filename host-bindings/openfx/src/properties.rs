//! Property sets.
//!
//! `unsafe`: calls of the property suite.
#![expect(unsafe_code, reason = "the property suite is called")]

use std::ffi::{CStr, CString, c_int, c_void};
use std::marker::PhantomData;
use std::ptr;

use crate::abi::{Handle, Status, status};
use crate::suites::Suites;

/// A property set of the host. A missing property reads as `None`. Setting one that the host does not know is no error: older hosts know fewer.
#[derive(Clone, Copy)]
pub struct Properties<'a> {
    handle: Handle,
    suites: &'static Suites,
    life: PhantomData<&'a ()>,
}

impl Properties<'_> {
    /// `handle` is valid for the lifetime `'a`.
    pub(crate) fn new(handle: Handle, suites: &'static Suites) -> Self {
        Self { handle, suites, life: PhantomData }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    /// The number of values of a property.
    pub fn count(&self, name: &CStr) -> usize {
        let mut count: c_int = 0;
        // SAFETY: a set of the host's, a string that ends with zero, and a place for the result.
        let status = self.suites.property.get_dimension.map(|get| unsafe { get(self.handle, name.as_ptr(), &raw mut count) });
        if status == Some(status::OK) { usize::try_from(count).unwrap_or(0) } else { 0 }
    }

    /// A text; invalid UTF-8 is replaced.
    pub fn text(&self, name: &CStr, index: usize) -> Option<String> {
        let mut value = ptr::null();
        // SAFETY: as in `count`.
        let status = self.suites.property.get_string.map(|get| unsafe { get(self.handle, name.as_ptr(), c_index(index), &raw mut value) });
        if status != Some(status::OK) || value.is_null() {
            return None;
        }
        // SAFETY: a string of the host's, valid until the set changes; it is copied at once.
        Some(unsafe { CStr::from_ptr(value) }.to_string_lossy().into_owned())
    }

    /// All texts of a property.
    pub fn texts(&self, name: &CStr) -> Vec<String> {
        (0..self.count(name)).filter_map(|index| self.text(name, index)).collect()
    }

    /// A number.
    pub fn number(&self, name: &CStr, index: usize) -> Option<f64> {
        let mut value = 0.0;
        // SAFETY: as in `count`.
        let status = self.suites.property.get_double.map(|get| unsafe { get(self.handle, name.as_ptr(), c_index(index), &raw mut value) });
        (status == Some(status::OK)).then_some(value)
    }

    /// An integer.
    pub fn integer(&self, name: &CStr, index: usize) -> Option<i32> {
        let mut value: c_int = 0;
        // SAFETY: as in `count`.
        let status = self.suites.property.get_int.map(|get| unsafe { get(self.handle, name.as_ptr(), c_index(index), &raw mut value) });
        (status == Some(status::OK)).then_some(value)
    }

    /// Whether a property exists and is not 0.
    pub fn is_set(&self, name: &CStr) -> bool {
        self.integer(name, 0).is_some_and(|value| value != 0)
    }

    /// The first `N` integers of a property.
    pub fn integers<const N: usize>(&self, name: &CStr) -> Option<[i32; N]> {
        let mut values = [0; N];
        for (index, value) in values.iter_mut().enumerate() {
            *value = self.integer(name, index)?;
        }
        Some(values)
    }

    pub(crate) fn pointer(&self, name: &CStr) -> Option<*mut c_void> {
        let mut value = ptr::null_mut();
        // SAFETY: as in `count`.
        let status = self.suites.property.get_pointer.map(|get| unsafe { get(self.handle, name.as_ptr(), 0, &raw mut value) });
        (status == Some(status::OK) && !value.is_null()).then_some(value)
    }

    /// Sets a text to a word of OpenFX. Returns whether the host accepted it; as for the other setters.
    pub fn set_word(&self, name: &CStr, index: usize, value: &CStr) -> bool {
        // SAFETY: a set of the host's and strings that end with zero, which the host copies.
        accepted(self.suites.property.set_string.map(|set| unsafe { set(self.handle, name.as_ptr(), c_index(index), value.as_ptr()) }))
    }

    /// Sets a text, up to its first zero character.
    pub fn set_text(&self, name: &CStr, index: usize, value: &str) -> bool {
        self.set_word(name, index, &text_of(value))
    }

    /// Sets a number.
    pub fn set_number(&self, name: &CStr, index: usize, value: f64) -> bool {
        // SAFETY: as in `set_word`.
        accepted(self.suites.property.set_double.map(|set| unsafe { set(self.handle, name.as_ptr(), c_index(index), value) }))
    }

    /// Sets an integer.
    pub fn set_integer(&self, name: &CStr, index: usize, value: i32) -> bool {
        // SAFETY: as in `set_word`.
        accepted(self.suites.property.set_int.map(|set| unsafe { set(self.handle, name.as_ptr(), c_index(index), value) }))
    }

    /// Sets a flag.
    pub fn set_flag(&self, name: &CStr, value: bool) -> bool {
        self.set_integer(name, 0, value.into())
    }
}

fn accepted(status: Option<Status>) -> bool {
    status == Some(status::OK)
}

fn c_index(index: usize) -> c_int {
    c_int::try_from(index).unwrap_or(c_int::MAX)
}

/// A C string of the text up to its first zero character.
pub(crate) fn text_of(text: &str) -> CString {
    let whole = text.split('\0').next().unwrap_or_default();
    CString::new(whole).unwrap_or_default()
}
