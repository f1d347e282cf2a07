//! Output buffers that are written before they are read, so that nobody zeroes them first.
#![allow(unsafe_code, reason = "fresh buffers become vectors once every element is written; see each SAFETY line")]

use std::mem::MaybeUninit;

/// A vector of `len` elements, every one of which `write` must set through the pointer it gets.
///
/// Sound because every caller in this crate covers `0..len`; the kernels are tested against plain implementations on sizes around every block border,
/// so that an element left unwritten shows.
pub(crate) fn fill(len: usize, write: impl FnOnce(*mut f32)) -> Vec<f32> {
    let mut buffer = Vec::with_capacity(len);
    write(buffer.as_mut_ptr());
    // SAFETY: the capacity is len, and `write` has initialised all of it.
    unsafe { buffer.set_len(len) };
    buffer
}

/// The same for loops that write through slices.
pub(crate) fn collect_into(len: usize, write: impl FnOnce(&mut [MaybeUninit<f32>])) -> Vec<f32> {
    let mut buffer = Vec::with_capacity(len);
    write(&mut buffer.spare_capacity_mut()[..len]);
    // SAFETY: as in `fill`.
    unsafe { buffer.set_len(len) };
    buffer
}
