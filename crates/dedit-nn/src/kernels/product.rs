//! The blocked, threaded product `out = rows · panels`: the one loop behind linear layers, convolutions and attention scores.
//!
//! Loop order: blocks of rows (tasks) → groups of the inner dimension → panels → register tiles. A block's rows of one group stay in the second-level
//! cache while all panels pass over them; a panel's rows of one group stay in the first; the output block is finished before the next begins.
#![allow(unsafe_code, reason = "tasks write disjoint tiles of one output; see each SAFETY line")]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::panels::{Panels, Piece};
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
        // SAFETY: forwarded.
        Self { start: unsafe { self.start.add(elements) }, stride: self.stride }
    }
}

// SAFETY: tasks write disjoint row blocks and panel ranges (see `multiply`).
unsafe impl Send for Out {}
// SAFETY: as above.
unsafe impl Sync for Out {}

/// What a task does to a finished block of rows: bias, residual, activation.
pub(crate) trait Finish: Sync {
    /// `row` holds the product's columns `first..first + row.len()` of row `index`.
    fn finish(&self, index: usize, first: usize, row: &mut [f32]);
}

/// Nothing to do at the end.
pub(crate) struct Plain;

impl Finish for Plain {
    fn finish(&self, _index: usize, _first: usize, _row: &mut [f32]) {}
}

/// Adds a bias per column, and a residual of the same shape as the output.
pub(crate) struct AddBias<'a> {
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) residual: Option<&'a [f32]>,
    pub(crate) columns: usize,
}

impl Finish for AddBias<'_> {
    fn finish(&self, index: usize, first: usize, row: &mut [f32]) {
        if let Some(bias) = self.bias {
            row.iter_mut().zip(&bias[first..]).for_each(|(value, bias)| *value += bias);
        }
        if let Some(residual) = self.residual {
            row.iter_mut().zip(&residual[index * self.columns + first..]).for_each(|(value, residual)| *value += residual);
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
struct Task<'a, R, P, F> {
    rows: &'a R,
    panels: &'a P,
    finish: &'a F,
    groups: &'a [Vec<Piece>],
    row_range: std::ops::Range<usize>,
    panel_range: std::ops::Range<usize>,
    out: Out,
}

impl<R: Rows, P: Panels, F: Finish> WithSimd for Task<'_, R, P, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut scratch = Vec::new();
        let mut pointers: Vec<RowPointers> = Vec::new();
        for (pass, pieces) in self.groups.iter().enumerate() {
            self.point(pieces, &mut pointers);
            let store = if pass == 0 { Store::Set } else { Store::Add };
            for panel in self.panel_range.clone() {
                let width = self.panels.width(panel);
                let chunk = self.panels.chunk(panel, pieces, &mut scratch);
                self.tiles(simd, pieces, &pointers, chunk, (panel, width), store);
            }
        }
        let first = self.panel_range.start * PANEL;
        let last = (self.panel_range.end * PANEL).min(self.panels.columns());
        for row in self.row_range.clone() {
            // SAFETY: this task alone writes these rows and columns, and has written them all.
            let columns = unsafe { std::slice::from_raw_parts_mut(self.out.start.add(row * self.out.stride + first), last - first) };
            self.finish.finish(row, first, columns);
        }
    }
}

impl<R: Rows, P: Panels, F: Finish> Task<'_, R, P, F> {
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

/// Multiplies into a fresh `[rows, columns]` buffer on all threads.
pub(crate) fn multiply<R: Rows, P: Panels, F: Finish>(rows: &R, panels: &P, finish: &F) -> Vec<f32> {
    let len = rows.rows() * panels.columns();
    super::buffer::fill(len, |start| {
        let out = Out { start, stride: panels.columns() };
        // SAFETY: the buffer has rows · columns elements.
        unsafe { multiply_into(rows, panels, finish, out) }
    })
}

/// Multiplies into `out` on all threads.
///
/// # Safety
/// `out` must be writable for `rows` rows of `columns` elements, `stride` apart, by this call alone.
pub(crate) unsafe fn multiply_into<R: Rows, P: Panels, F: Finish>(rows: &R, panels: &P, finish: &F, out: Out) {
    let groups = groups(rows.segments(), rows.segment_len());
    let blocks = rows.rows().div_ceil(BLOCK_ROWS);
    let block_rows = rows.rows().div_ceil(blocks.max(1)).next_multiple_of(TILE_ROWS);
    // Enough tasks to keep every thread busy to the end, but no panel split.
    let wanted = (rayon::current_num_threads() * 4).div_ceil(blocks.max(1));
    let panel_step = panels.panels().div_ceil(wanted.clamp(1, panels.panels().max(1))).max(1);
    let tasks: Vec<_> = (0..rows.rows())
        .step_by(block_rows.max(1))
        .flat_map(|row| (0..panels.panels()).step_by(panel_step).map(move |panel| (row, panel)))
        .collect();
    let arch = Arch::new();
    tasks.into_par_iter().for_each(|(row, panel)| {
        arch.dispatch(Task {
            rows,
            panels,
            finish,
            groups: &groups,
            row_range: row..(row + block_rows).min(rows.rows()),
            panel_range: panel..(panel + panel_step).min(panels.panels()),
            out,
        });
    });
}
