//! Transposition in blocks that fit the registers and the first-level cache.

/// Side of a block.
const SIDE: usize = 16;

/// The layout of a matrix: element `(row, column)` is at `row · stride + column · step`.
#[derive(Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) stride: usize,
    pub(crate) step: usize,
}

impl Grid {
    /// Rows of contiguous elements.
    pub(crate) fn new(rows: usize, columns: usize, stride: usize) -> Self {
        Self { rows, columns, stride, step: 1 }
    }
}

/// `to[column · to_stride + row] = from[row · stride + column · step]`.
#[inline(always)]
pub(crate) fn transpose<T: Copy + Default>(grid: Grid, from: &[T], to: &mut [T], to_stride: usize) {
    for row in (0..grid.rows).step_by(SIDE) {
        for column in (0..grid.columns).step_by(SIDE) {
            let (rows, columns) = ((grid.rows - row).min(SIDE), (grid.columns - column).min(SIDE));
            let from = &from[row * grid.stride + column * grid.step..];
            let to = &mut to[column * to_stride + row..];
            if (rows, columns, grid.step) == (SIDE, SIDE, 1) {
                whole(from, grid.stride, to, to_stride);
            } else {
                for j in 0..columns {
                    for (i, to) in to[j * to_stride..][..rows].iter_mut().enumerate() {
                        *to = from[i * grid.stride + j * grid.step];
                    }
                }
            }
        }
    }
}

/// One block of 16 × 16.
#[inline(always)]
fn whole<T: Copy + Default>(from: &[T], stride: usize, to: &mut [T], to_stride: usize) {
    let mut block = [[T::default(); SIDE]; SIDE];
    for (i, row) in block.iter_mut().enumerate() {
        row.copy_from_slice(&from[i * stride..][..SIDE]);
    }
    for j in 0..SIDE {
        let to = &mut to[j * to_stride..][..SIDE];
        for (to, row) in to.iter_mut().zip(&block) {
            *to = row[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_lands_where_it_belongs() {
        for (rows, columns) in [(1, 1), (15, 17), (16, 16), (33, 48), (64, 5), (3, 70)] {
            for (step, gap) in [(1, 0), (1, 3), (9, 2)] {
                let grid = Grid { rows, columns, stride: columns * step + gap, step };
                let from: Vec<u16> = (0..rows * grid.stride).map(|i| i as u16).collect();
                let to_stride = rows + 2;
                let mut to = vec![u16::MAX; columns * to_stride];
                transpose(grid, &from, &mut to, to_stride);
                for (at, &value) in to.iter().enumerate() {
                    let (column, row) = (at / to_stride, at % to_stride);
                    let want = if row < rows { from[row * grid.stride + column * step] } else { u16::MAX };
                    assert_eq!(value, want, "{rows} × {columns}, step {step}, gap {gap}: ({row}, {column})");
                }
            }
        }
    }
}
