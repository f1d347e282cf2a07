//! The register tile, the innermost loop of every product: 6 rows times one panel of weights.
//!
//! `acc[i][j] += Σ_k row_i[k] · panel[k][j]` with the accumulators in registers. Rows are not packed: each row and segment has a pointer, so the taps of
//! a convolution need no copies. Panels are contiguous and `PANEL` columns wide, or fewer, in multiples of `LANE_STEP`.
#![allow(unsafe_code, reason = "the innermost loop; bounds are established once by product.rs, see each SAFETY line")]

use pulp::Simd;

/// Rows of one register tile.
pub(crate) const TILE_ROWS: usize = 6;
/// Columns of one full panel of weights: four AVX-512 registers.
pub(crate) const PANEL: usize = 64;
/// Panel widths are multiples of this.
pub(crate) const LANE_STEP: usize = 16;

/// Where a tile's rows start in each segment of the inner dimension.
pub(crate) type RowPointers = [*const f32; TILE_ROWS];

/// How the finished sums of a tile are stored.
#[derive(Clone, Copy)]
pub(crate) enum Store {
    /// `out = acc`
    Set,
    /// `out += acc`
    Add,
}

/// A range of the inner dimension: six row pointers and the panel rows that they are multiplied with.
pub(crate) struct Stretch<'a> {
    pub(crate) rows: &'a RowPointers,
    /// First panel element of this stretch; `len · width` elements are read.
    pub(crate) panel: *const f32,
    pub(crate) len: usize,
}

/// The destination of a tile.
#[derive(Clone, Copy)]
pub(crate) struct TileOut {
    pub(crate) start: *mut f32,
    /// Elements between rows.
    pub(crate) stride: usize,
    /// Rows that exist (1..=`TILE_ROWS`).
    pub(crate) rows: usize,
    /// Columns that exist (1..=width of the panel).
    pub(crate) columns: usize,
    pub(crate) store: Store,
}

/// Multiplies the stretches with their panel rows and stores the tile.
///
/// # Safety
/// Every row pointer must be readable for `len` elements, every panel for `len · width`, and `out` writable (and initialised if `Store::Add`) for
/// `rows` rows of `columns` elements that no other thread touches.
#[inline(always)]
pub(crate) unsafe fn multiply<S: Simd>(simd: S, stretches: &[Stretch<'_>], width: usize, out: TileOut) {
    // Width of the accumulator block in registers: 4 where the processor has 32 registers (AVX-512, NEON), 2 where it has 16.
    let wide = if S::F32_LANES == 8 { 2 } else { 4 };
    let mut column = 0;
    while column < width {
        let left = (width - column) / S::F32_LANES;
        // SAFETY: forwarded from the caller; `column + NV · LANES <= width` by the choice of NV.
        unsafe {
            match left.min(wide) {
                0 => return,
                1 => columns::<S, 1>(simd, stretches, width, column, out),
                2 => columns::<S, 2>(simd, stretches, width, column, out),
                3 => columns::<S, 3>(simd, stretches, width, column, out),
                _ => columns::<S, 4>(simd, stretches, width, column, out),
            }
        }
        column += left.min(wide) * S::F32_LANES;
    }
}

/// The same for `NV` registers of columns from `column` on.
///
/// # Safety
/// As [`multiply`], and `column + NV · LANES <= width`.
#[inline(always)]
unsafe fn columns<S: Simd, const NV: usize>(simd: S, stretches: &[Stretch<'_>], width: usize, column: usize, out: TileOut) {
    let mut acc = [[simd.splat_f32s(0.0); NV]; TILE_ROWS];
    for stretch in stretches {
        let rows = *stretch.rows;
        // Wrapping additions: the last step, and the first of an empty stretch, may point past the panel's end, where nothing is read.
        let mut panel = stretch.panel.wrapping_add(column);
        for k in 0..stretch.len {
            let mut b = [simd.splat_f32s(0.0); NV];
            for (j, b) in b.iter_mut().enumerate() {
                // SAFETY: the panel has `len · width` elements and column + NV · LANES <= width.
                *b = unsafe { panel.wrapping_add(j * S::F32_LANES).cast::<S::f32s>().read_unaligned() };
            }
            for (acc, row) in acc.iter_mut().zip(rows) {
                // SAFETY: rows are readable for `len` elements.
                let a = simd.splat_f32s(unsafe { *row.add(k) });
                for (acc, b) in acc.iter_mut().zip(b) {
                    *acc = simd.mul_add_f32s(a, b, *acc);
                }
            }
            panel = panel.wrapping_add(width);
        }
    }
    // SAFETY: forwarded from the caller.
    unsafe { store(simd, &acc, column, out) }
}

/// Writes the accumulators to the rows and columns that exist.
///
/// # Safety
/// As [`multiply`] for `out`.
#[inline(always)]
unsafe fn store<S: Simd, const NV: usize>(simd: S, acc: &[[S::f32s; NV]; TILE_ROWS], column: usize, out: TileOut) {
    let whole = column + NV * S::F32_LANES <= out.columns;
    for (i, acc) in acc.iter().enumerate().take(out.rows) {
        // SAFETY: row i exists and column < columns or nothing is written below.
        let row = unsafe { out.start.add(i * out.stride) };
        for (j, &value) in acc.iter().enumerate() {
            let at = column + j * S::F32_LANES;
            if whole {
                // SAFETY: at + LANES <= columns.
                unsafe {
                    let to = row.add(at).cast::<S::f32s>();
                    to.write_unaligned(match out.store {
                        Store::Set => value,
                        Store::Add => simd.add_f32s(to.read_unaligned(), value),
                    });
                }
            } else {
                let lanes: &[f32] = pulp::bytemuck::cast_slice(std::slice::from_ref(&value));
                for (lane, &value) in lanes.iter().enumerate().take(out.columns.saturating_sub(at)) {
                    // SAFETY: at + lane < columns.
                    unsafe {
                        let to = row.add(at + lane);
                        to.write(match out.store {
                            Store::Set => value,
                            Store::Add => *to + value,
                        });
                    }
                }
            }
        }
    }
}
