//! The blocked, multi-threaded product `out = rows · panels` of linear layers, convolutions and their gradients.
//!
//! Loop order: blocks of rows (tasks) → groups of the inner dimension → panels → register tiles. The rows of a block for one group stay in the
//! second-level cache while they are multiplied with all panels; the rows of a panel for one group stay in the first-level cache.
#![allow(unsafe_code, reason = "tasks write disjoint tiles of one output; see each SAFETY line")]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::buffer::fill;
use super::panels::{Panels, Piece, panel_width};
use super::rows::Rows;
use super::tile::{self, PANEL, RowPointers, Store, Stretch, TILE_ROWS, TileOut};

/// Inner elements per pass: the panel rows of one pass (64 KiB of f32) stream from the second-level cache.
const GROUP: usize = 256;
/// Rows per task: 504 · 256 · 4 bytes fit the second-level cache beside a panel.
const BLOCK_ROWS: usize = 84 * TILE_ROWS;

/// An output buffer whose tiles are written by several threads.
#[derive(Clone, Copy)]
pub(crate) struct Out {
    pub(crate) start: *mut f32,
    /// Elements between rows.
    pub(crate) stride: usize,
}

impl Out {
    /// The same buffer from `elements` on.
    ///
    /// # Safety
    /// `elements` must lie within the buffer.
    pub(crate) unsafe fn offset(self, elements: usize) -> Self {
        // SAFETY: by contract `elements` lies within the buffer.
        Self { start: unsafe { self.start.add(elements) }, stride: self.stride }
    }
}

// SAFETY: tasks write disjoint row blocks and panel ranges (see `multiply`).
unsafe impl Send for Out {}
// SAFETY: as above.
unsafe impl Sync for Out {}

/// What is added to the product.
#[derive(Clone, Copy, Default)]
pub(crate) struct Addends<'a> {
    /// A number per column.
    pub(crate) bias: Option<&'a [f32]>,
    /// A matrix of the same shape as the product.
    pub(crate) residual: Option<&'a [f32]>,
}

impl Addends<'_> {
    /// Adds to `out`, which starts at `column` of a row that starts at `start` of the whole output.
    #[inline(always)]
    fn add(&self, start: usize, column: usize, out: &mut [f32]) {
        if let Some(bias) = self.bias {
            out.iter_mut().zip(&bias[column..]).for_each(|(value, bias)| *value += bias);
        }
        if let Some(residual) = self.residual {
            out.iter_mut().zip(&residual[start + column..]).for_each(|(value, residual)| *value += residual);
        }
    }
}

/// Cuts the inner dimension into groups of at most [`GROUP`] elements.
fn groups(segments: usize, segment_len: usize) -> Vec<Vec<Piece>> {
    if segment_len >= GROUP {
        let cuts = segment_len.div_ceil(GROUP);
        let step = segment_len.div_ceil(cuts);
        return (0..segments)
            .flat_map(|segment| {
                (0..segment_len).step_by(step).map(move |from| vec![Piece { segment, from, len: step.min(segment_len - from) }])
            })
            .collect();
    }
    let together = (GROUP / segment_len.max(1)).max(1);
    let whole = |segment| Piece { segment, from: 0, len: segment_len };
    (0..segments).step_by(together).map(|first| (first..(first + together).min(segments)).map(whole).collect()).collect()
}

/// One task: a block of rows times a range of panels.
struct Task<'a, R, P> {
    rows: &'a R,
    panels: &'a P,
    addends: Addends<'a>,
    groups: &'a [Vec<Piece>],
    row_range: std::ops::Range<usize>,
    panel_range: std::ops::Range<usize>,
    out: Out,
}

impl<R: Rows, P: Panels> WithSimd for Task<'_, R, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut scratch = Vec::new();
        let mut pointers: Vec<RowPointers> = Vec::new();
        for (pass, pieces) in self.groups.iter().enumerate() {
            self.point(pieces, &mut pointers);
            let store = if pass == 0 { Store::Set } else { Store::Add };
            for panel in self.panel_range.clone() {
                let width = panel_width(self.panels.columns(), panel);
                let chunk = self.panels.chunk(panel, pieces, &mut scratch);
                self.tiles(simd, pieces, &pointers, chunk, (panel, width), store);
            }
        }
        let first = self.panel_range.start * PANEL;
        let last = (self.panel_range.end * PANEL).min(self.panels.columns());
        for row in self.row_range.clone() {
            // SAFETY: this task alone writes these rows and columns, and has written them all.
            let columns = unsafe { std::slice::from_raw_parts_mut(self.out.start.add(row * self.out.stride + first), last - first) };
            self.addends.add(row * self.out.stride, first, columns);
        }
    }
}

impl<R: Rows, P: Panels> Task<'_, R, P> {
    /// Row pointers of every tile of the block for `pieces`: tile-major, so that all panels share them.
    fn point(&self, pieces: &[Piece], pointers: &mut Vec<RowPointers>) {
        pointers.clear();
        for row in self.row_range.clone().step_by(TILE_ROWS) {
            for piece in pieces {
                // `wrapping_add`: a zero row is `segment_len` long, so every offset stays inside its row.
                pointers.push(self.rows.pointers(row, piece.segment).map(|pointer| pointer.wrapping_add(piece.from)));
            }
        }
    }

    #[inline(always)]
    fn tiles<S: Simd>(
        &self,
        simd: S,
        pieces: &[Piece],
        pointers: &[RowPointers],
        chunk: &[f32],
        (panel, width): (usize, usize),
        store: Store,
    ) {
        let columns = (self.panels.columns() - panel * PANEL).min(width);
        let mut stretches: Vec<Stretch<'_>> = Vec::with_capacity(pieces.len());
        for (tile, rows) in pointers.chunks_exact(pieces.len()).enumerate() {
            stretches.clear();
            let mut at = 0;
            for (piece, rows) in pieces.iter().zip(rows) {
                stretches.push(Stretch { rows, panel: chunk[at * width..(at + piece.len) * width].as_ptr(), len: piece.len });
                at += piece.len;
            }
            let row = self.row_range.start + tile * TILE_ROWS;
            let rows = (self.row_range.end - row).min(TILE_ROWS);
            // SAFETY: `Rows::pointers` checks each row's length, the chunk's slices each panel's; the output has `rows · stride` elements, and this
            // task alone writes rows `row_range` and the columns of `panel_range`.
            unsafe {
                let start = self.out.start.add(row * self.out.stride + panel * PANEL);
                tile::multiply(simd, &stretches, width, TileOut { start, stride: self.out.stride, rows, columns, store });
            }
        }
    }
}

/// `rows · panels + addends` as a fresh `[rows, columns]` buffer, on all threads.
pub(crate) fn multiply<R: Rows, P: Panels>(rows: &R, panels: &P, addends: Addends<'_>) -> Vec<f32> {
    let (count, columns) = (rows.rows(), panels.columns());
    let groups = groups(rows.segments(), rows.segment_len());
    assert!(!groups.is_empty(), "a product needs a segment, be it empty, to write its output at all");
    let blocks = count.div_ceil(BLOCK_ROWS).max(1);
    let block_rows = count.div_ceil(blocks).next_multiple_of(TILE_ROWS).max(TILE_ROWS);
    // About four tasks per thread balance the load; a panel is never split.
    let wanted = (rayon::current_num_threads() * 4).div_ceil(blocks);
    let panel_count = columns.div_ceil(PANEL);
    let panel_step = panel_count.div_ceil(wanted.clamp(1, panel_count.max(1))).max(1);
    let tasks: Vec<_> =
        (0..count).step_by(block_rows).flat_map(|row| (0..panel_count).step_by(panel_step).map(move |panel| (row, panel))).collect();
    let arch = Arch::new();
    // SAFETY: the tasks cover all rows and all panels, and each writes all of its part in its first pass, which there is.
    unsafe {
        fill(count * columns, |start| {
            let out = Out { start, stride: columns };
            tasks.into_par_iter().for_each(|(row, panel)| {
                arch.dispatch(Task {
                    rows,
                    panels,
                    addends,
                    groups: &groups,
                    row_range: row..(row + block_rows).min(count),
                    panel_range: panel..(panel + panel_step).min(panel_count),
                    out,
                });
            });
        })
    }
}
