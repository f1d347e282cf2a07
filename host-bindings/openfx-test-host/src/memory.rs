//! Memory that is lent to an effect: its pixels, and what it asks for. Only an effect writes here while it runs, and only its own threads know in what
//! order; the host looks when the effect is done.
#![expect(unsafe_code, reason = "memory that C writes is read")]

use std::cell::UnsafeCell;
use std::ffi::c_void;

use crate::registry::Registration;

/// Bytes that another side may write; aligned to 16.
pub(crate) struct Lent {
    cells: Box<[UnsafeCell<u128>]>,
    len: usize,
}

// SAFETY: nothing here hands out references to the bytes; they are copied, and when that is done is said at `copy`.
unsafe impl Sync for Lent {}

impl Lent {
    /// Bytes to begin with.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let word = |chunk: &[u8]| {
            let mut word = [0_u8; 16];
            word[..chunk.len()].copy_from_slice(chunk);
            UnsafeCell::new(u128::from_ne_bytes(word))
        };
        Self { cells: bytes.chunks(16).map(word).collect(), len: bytes.len() }
    }

    /// Where the byte `offset` lies.
    pub(crate) fn address(&self, offset: usize) -> *mut c_void {
        UnsafeCell::raw_get(self.cells.as_ptr()).cast::<u8>().wrapping_add(offset).cast()
    }

    /// What stands there now. An effect that still writes in another thread gives a picture that is half old, half new; no more.
    pub(crate) fn copy(&self) -> Vec<u8> {
        let mut bytes = vec![0_u8; self.len];
        // SAFETY: `len` bytes lie in the cells, and a byte is a byte whatever was written.
        unsafe { std::ptr::copy_nonoverlapping(self.address(0).cast::<u8>().cast_const(), bytes.as_mut_ptr(), self.len) };
        bytes
    }
}

/// Memory that an effect asked for.
pub(crate) struct Memory {
    pub(crate) registration: Registration,
    pub(crate) lent: Lent,
}
