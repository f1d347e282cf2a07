//! The records of GTK and `GObject` that are passed by pointer.

use std::ffi::{c_int, c_void};
use std::ptr;

/// `GValue`.
#[repr(C)]
pub(super) struct Value {
    kind: usize,
    data: [u64; 2],
}

impl Value {
    /// All zero: a value that has no type yet.
    pub(super) fn empty() -> Self {
        Self { kind: 0, data: [0; 2] }
    }
}

/// `GtkTreeIter`: a place in a list.
#[repr(C)]
pub(super) struct Iter {
    stamp: c_int,
    data: [*mut c_void; 3],
}

impl Iter {
    /// A place in no list.
    pub(super) fn nowhere() -> Self {
        Self { stamp: 0, data: [ptr::null_mut(); 3] }
    }
}
