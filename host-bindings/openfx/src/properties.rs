//! Sets of properties.
//!
//! `unsafe`: calls of the property suite.
#![expect(unsafe_code, reason = "the property suite is called")]

use std::ffi::{CStr, CString, c_int, c_void};
use std::marker::PhantomData;
use std::ptr;

use crate::abi::{Handle, Status, status};
use crate::suites::Suites;

/// A set of properties of the host's. What it does not have reads as `None`; what it does not take is passed by, since hosts of earlier versions know less.
#[derive(Clone, Copy)]
pub struct Properties<'a> {
    handle: Handle,
    suites: &'static Suites,
    life: PhantomData<&'a ()>,
}

impl Properties<'_> {
    /// A set that the host handed over for as long as the lifetime.
    pub(crate) fn new(handle: Handle, suites: &'static Suites) -> Self {
        Self { handle, suites, life: PhantomData }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    /// How many values a property has.
    pub fn count(&self, name: &CStr) -> usize {
        let mut count: c_int = 0;
        // SAFETY: a set of the host's, a text that ends with zero, and a place for the answer.
        let told = self.suites.property.get_dimension.map(|get| unsafe { get(self.handle, name.as_ptr(), &raw mut count) });
        if told == Some(status::OK) { usize::try_from(count).unwrap_or(0) } else { 0 }
    }

    /// A text; what is no UTF-8 in it is replaced.
    pub fn text(&self, name: &CStr, index: usize) -> Option<String> {
        let mut value = ptr::null();
        // SAFETY: as in `count`.
        let told = self.suites.property.get_string.map(|get| unsafe { get(self.handle, name.as_ptr(), place(index), &raw mut value) });
        if told != Some(status::OK) || value.is_null() {
            return None;
        }
        // SAFETY: a text of the host's that holds until the set changes; it is copied at once.
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
        let told = self.suites.property.get_double.map(|get| unsafe { get(self.handle, name.as_ptr(), place(index), &raw mut value) });
        (told == Some(status::OK)).then_some(value)
    }

    /// A whole number.
    pub fn whole(&self, name: &CStr, index: usize) -> Option<i32> {
        let mut value: c_int = 0;
        // SAFETY: as in `count`.
        let told = self.suites.property.get_int.map(|get| unsafe { get(self.handle, name.as_ptr(), place(index), &raw mut value) });
        (told == Some(status::OK)).then_some(value)
    }

    /// Whether a property is there and not 0.
    pub fn is_set(&self, name: &CStr) -> bool {
        self.whole(name, 0).is_some_and(|value| value != 0)
    }

    /// The first `N` whole numbers of a property.
    pub fn wholes<const N: usize>(&self, name: &CStr) -> Option<[i32; N]> {
        let mut values = [0; N];
        for (index, value) in values.iter_mut().enumerate() {
            *value = self.whole(name, index)?;
        }
        Some(values)
    }

    pub(crate) fn pointer(&self, name: &CStr) -> Option<*mut c_void> {
        let mut value = ptr::null_mut();
        // SAFETY: as in `count`.
        let told = self.suites.property.get_pointer.map(|get| unsafe { get(self.handle, name.as_ptr(), 0, &raw mut value) });
        (told == Some(status::OK) && !value.is_null()).then_some(value)
    }

    /// Sets a text that is one of the words of OpenFX. Whether the host took it.
    pub fn set_word(&self, name: &CStr, index: usize, value: &CStr) -> bool {
        // SAFETY: a set of the host's and texts that end with zero, which the host copies.
        taken(self.suites.property.set_string.map(|set| unsafe { set(self.handle, name.as_ptr(), place(index), value.as_ptr()) }))
    }

    /// Sets a text; one with a zero inside ends there.
    pub fn set_text(&self, name: &CStr, index: usize, value: &str) -> bool {
        self.set_word(name, index, &text_of(value))
    }

    /// Sets a number.
    pub fn set_number(&self, name: &CStr, index: usize, value: f64) -> bool {
        // SAFETY: as in `set_word`.
        taken(self.suites.property.set_double.map(|set| unsafe { set(self.handle, name.as_ptr(), place(index), value) }))
    }

    /// Sets a whole number.
    pub fn set_whole(&self, name: &CStr, index: usize, value: i32) -> bool {
        // SAFETY: as in `set_word`.
        taken(self.suites.property.set_int.map(|set| unsafe { set(self.handle, name.as_ptr(), place(index), value) }))
    }

    /// Sets yes or no.
    pub fn set_flag(&self, name: &CStr, value: bool) -> bool {
        self.set_whole(name, 0, value.into())
    }
}

fn taken(told: Option<Status>) -> bool {
    told == Some(status::OK)
}

fn place(index: usize) -> c_int {
    c_int::try_from(index).unwrap_or(c_int::MAX)
}

/// A text for C: what comes behind a zero is lost to it anyway.
pub(crate) fn text_of(text: &str) -> CString {
    let whole = text.split('\0').next().unwrap_or_default();
    CString::new(whole).unwrap_or_default()
}
