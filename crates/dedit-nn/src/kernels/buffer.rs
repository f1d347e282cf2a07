//! Output buffers without initial zeros: the types guarantee that every element is written exactly once.
#![allow(unsafe_code, reason = "fresh buffers become vectors once every element is written; see each SAFETY line")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use rayon::prelude::*;

/// Ties a [`Written`] to the [`Blank`] that it came from: an invariant lifetime, distinct for every call of [`collect`]'s closure.
type Brand<'b> = PhantomData<fn(&'b ()) -> &'b ()>;

/// A part of an output that is not yet written.
pub(crate) struct Blank<'b> {
    slots: &'b mut [MaybeUninit<f32>],
    brand: Brand<'b>,
}

/// The proof that the [`Blank`] of the same lifetime was written to its end.
pub(crate) struct Written<'b>(Brand<'b>);

impl<'b> Blank<'b> {
    fn new(slots: &'b mut [MaybeUninit<f32>]) -> Self {
        Self { slots, brand: PhantomData }
    }

    /// Elements to write.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// `out[i] = value(i)`.
    #[inline(always)]
    pub(crate) fn each(self, value: impl Fn(usize) -> f32) -> Written<'b> {
        for (i, slot) in self.slots.iter_mut().enumerate() {
            slot.write(value(i));
        }
        Written(self.brand)
    }

    /// `out = from`, which has the same length.
    #[inline(always)]
    pub(crate) fn copy(self, from: &[f32]) -> Written<'b> {
        let from = &from[..self.slots.len()];
        self.each(|i| from[i])
    }

    /// Writes the first `at` elements and the rest separately.
    #[inline(always)]
    pub(crate) fn split(
        self,
        at: usize,
        left: impl for<'l> FnOnce(Blank<'l>) -> Written<'l>,
        right: impl for<'r> FnOnce(Blank<'r>) -> Written<'r>,
    ) -> Written<'b> {
        let (first, rest) = self.slots.split_at_mut(at);
        left(Blank::new(first));
        right(Blank::new(rest));
        Written(self.brand)
    }

    /// Writes row after row of `columns` elements, which must divide.
    #[inline(always)]
    pub(crate) fn rows(self, columns: usize, mut row: impl for<'r> FnMut(usize, Blank<'r>) -> Written<'r>) -> Written<'b> {
        let mut rows = self.slots.chunks_exact_mut(columns.max(1));
        for (i, slots) in rows.by_ref().enumerate() {
            row(i, Blank::new(slots));
        }
        assert!(rows.into_remainder().is_empty(), "an output is not cut into whole rows");
        Written(self.brand)
    }
}

/// A vector of `len` elements, written in parts of `part` (the last is shorter) on all threads.
pub(crate) fn collect(len: usize, part: usize, write: impl for<'b> Fn(usize, Blank<'b>) -> Written<'b> + Sync) -> Vec<f32> {
    collect_with(len, part, |i, blank| (write(i, blank), ())).0
}

/// Like [`collect`], where `write` also returns a value for each part; the values are in the order of the parts.
pub(crate) fn collect_with<T: Send>(
    len: usize,
    part: usize,
    write: impl for<'b> Fn(usize, Blank<'b>) -> (Written<'b>, T) + Sync,
) -> (Vec<f32>, Vec<T>) {
    let mut others = Vec::new();
    // SAFETY: the parts cover the buffer, and `write` gives back the proof that it has written its part.
    let buffer = unsafe {
        fill(len, |start| {
            let slots = std::slice::from_raw_parts_mut(start.cast::<MaybeUninit<f32>>(), len);
            slots.par_chunks_mut(part.max(1)).enumerate().map(|(i, slots)| write(i, Blank::new(slots)).1).collect_into_vec(&mut others);
        })
    };
    (buffer, others)
}

/// A vector of `len` elements that `write` sets through the pointer it gets.
///
/// # Safety
/// When `write` returns, all `len` elements must be initialised.
pub(crate) unsafe fn fill(len: usize, write: impl FnOnce(*mut f32)) -> Vec<f32> {
    let mut buffer = Vec::with_capacity(len);
    write(buffer.as_mut_ptr());
    // SAFETY: the capacity is at least len, and by contract `write` has initialised that much.
    unsafe { buffer.set_len(len) };
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_written_whatever_the_parts() {
        for (len, part) in [(0, 1), (0, 0), (1, 4), (4, 4), (7, 3), (1000, 64)] {
            let by_index = collect(len, part, |i, blank| blank.each(|j| (i * part.max(1) + j) as f32));
            assert_eq!(by_index, (0..len).map(|i| i as f32).collect::<Vec<_>>());
            let halves = collect(len, part, |_, blank| {
                let middle = blank.len() / 2;
                blank.split(middle, |left| left.each(|_| 1.0), |right| right.rows(1, |i, row| row.each(|_| 2.0 + i as f32)))
            });
            assert!(halves.iter().all(|&value| value >= 1.0), "{halves:?}");
        }
        let (_, counts) = collect_with(10, 4, |i, blank| {
            let len = blank.len();
            (blank.copy(&[0.0; 4]), (i, len))
        });
        assert_eq!(counts, [(0, 4), (1, 4), (2, 2)]);
    }
}
