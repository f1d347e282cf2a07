//! Memory lent to an effect: pixels, and blocks that it allocates. Only the effect writes to it, during an action; the host reads it afterwards.
#![expect(unsafe_code, reason = "memory that C writes is read")]

use std::cell::UnsafeCell;
use std::ffi::c_void;

use crate::registry::Registration;

/// Bytes that an effect may write; aligned to 16.
pub(crate) struct Lent {
    cells: Box<[UnsafeCell<u128>]>,
    len: usize,
}

// SAFETY: no references to the bytes are handed out; they are only copied, see `copy`.
unsafe impl Sync for Lent {}

impl Lent {
    /// Memory with these bytes.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let word = |chunk: &[u8]| {
            let mut word = [0_u8; 16];
            word[..chunk.len()].copy_from_slice(chunk);
            UnsafeCell::new(u128::from_ne_bytes(word))
        };
        Self { cells: bytes.chunks(16).map(word).collect(), len: bytes.len() }
    }

    /// The address of the byte `offset`.
    pub(crate) fn address(&self, offset: usize) -> *mut c_void {
        UnsafeCell::raw_get(self.cells.as_ptr()).cast::<u8>().wrapping_add(offset).cast()
    }

    /// A copy of the bytes. An effect that still writes in another thread can tear the copy, no more.
    pub(crate) fn copy(&self) -> Vec<u8> {
        let mut bytes = vec![0_u8; self.len];
        // SAFETY: the cells hold `len` bytes, and any byte is a valid `u8`.
        unsafe { std::ptr::copy_nonoverlapping(self.address(0).cast::<u8>().cast_const(), bytes.as_mut_ptr(), self.len) };
        bytes
    }
}

/// Memory that an effect allocated.
pub(crate) struct Memory {
    pub(crate) registration: Registration,
    pub(crate) lent: Lent,
}
