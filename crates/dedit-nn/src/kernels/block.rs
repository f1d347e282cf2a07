//! Matrix products on one thread, for the blocks of attention.
#![allow(unsafe_code, reason = "calls the register tile on slices whose bounds it has checked; see the SAFETY line")]

use std::ops::Range;

use pulp::Simd;

use super::panels::{packed_len, panel_width};
use super::tile::{self, PANEL, RowPointers, Store, Stretch, TILE_ROWS, TileOut};
use super::transpose::{Grid, transpose};

/// A left operand: rows `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) stride: usize,
}

/// A right operand `[inner, columns]` in panels.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a> {
    pub(crate) panels: &'a [f32],
    pub(crate) inner: usize,
    pub(crate) columns: usize,
}

/// The destination of a product: rows `stride` apart.
pub(crate) struct Target<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) stride: usize,
    pub(crate) store: Store,
}

/// A right operand that owns its panels.
pub(crate) struct PackedBlock {
    panels: Vec<f32>,
    inner: usize,
    columns: usize,
}

impl PackedBlock {
    /// Packs the matrix itself.
    #[inline(always)]
    pub(crate) fn straight(matrix: Left<'_>, columns: usize) -> Self {
        let inner = matrix.rows;
        let mut panels = vec![0f32; packed_len(inner, columns)];
        for panel in 0..columns.div_ceil(PANEL) {
            let (first, width) = (panel * PANEL, panel_width(columns, panel));
            let take = (columns - first).min(PANEL);
            for (row, to) in panels[first * inner..][..inner * width].chunks_exact_mut(width).enumerate() {
                to[..take].copy_from_slice(&matrix.data[row * matrix.stride + first..][..take]);
            }
        }
        Self { panels, inner, columns }
    }

    /// Packs the transpose of a matrix whose rows have `inner` elements.
    #[inline(always)]
    pub(crate) fn transposed(matrix: Left<'_>, inner: usize) -> Self {
        let columns = matrix.rows;
        let mut panels = vec![0f32; packed_len(inner, columns)];
        for panel in 0..columns.div_ceil(PANEL) {
            let first = panel * PANEL;
            let grid = Grid::new((columns - first).min(PANEL), inner, matrix.stride);
            transpose(grid, &matrix.data[first * matrix.stride..], &mut panels[first * inner..], panel_width(columns, panel));
        }
        Self { panels, inner, columns }
    }

    pub(crate) fn right(&self) -> Right<'_> {
        Right { panels: &self.panels, inner: self.inner, columns: self.columns }
    }
}

/// `out (+)= left · right[inner, columns]`: a range of the inner dimension, as long as the rows of `left`, and a range of columns that starts at a panel.
#[inline(always)]
pub(crate) fn multiply<S: Simd>(simd: S, left: Left<'_>, right: Right<'_>, inner: Range<usize>, columns: Range<usize>, out: Target<'_>) {
    let Target { data, stride, store } = out;
    for panel in columns.start / PANEL..columns.end.div_ceil(PANEL) {
        let width = panel_width(right.columns, panel);
        let rows = &right.panels[panel * PANEL * right.inner..][inner.start * width..inner.end * width];
        let take = (columns.end - panel * PANEL).min(width);
        for row in (0..left.rows).step_by(TILE_ROWS) {
            let pointers: RowPointers =
                std::array::from_fn(|i| left.data[(row + i).min(left.rows - 1) * left.stride..][..inner.len()].as_ptr());
            let stretch = [Stretch { rows: &pointers, panel: rows.as_ptr(), len: inner.len() }];
            let count = (left.rows - row).min(TILE_ROWS);
            let tile = &mut data[row * stride + panel * PANEL - columns.start..][..(count - 1) * stride + take];
            let tile = TileOut { start: tile.as_mut_ptr(), stride, rows: count, columns: take, store };
            // SAFETY: the row pointers, the panel's rows and the tile are slices of just what is read and written, and the output is borrowed mutably.
            unsafe { tile::multiply(simd, &stretch, width, tile) };
        }
    }
}
