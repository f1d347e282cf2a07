//! From pixels to the coarser (or finer) cells of latents and attention maps.

use crate::geometry::{Rect, Size};

/// How the items of a segmentation reach the cells of a coarser grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downsampling {
    /// A cell goes to the item with the largest share of its area; an item that wins none gets the cell where its share is largest.
    AreaMajority,
    /// A cell goes to the item of one pixel: column ⌊cell · width / cells⌋, and rows alike, as `interpolate(mode="nearest")` of PyTorch. Small items
    /// can vanish; kept for comparisons with the published implementation.
    Nearest,
}

/// One axis cut into equal cells. Lengths are counted in fractions of a pixel: one pixel is `cells` long and one cell `pixels`, so all are whole numbers.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    pixels: usize,
    cells: usize,
}

impl Axis {
    /// The pixels that overlap a cell, with the lengths of the overlaps; these sum to `pixels`.
    pub(crate) fn overlaps(self, cell: usize) -> impl Iterator<Item = (usize, u64)> {
        let (start, end) = (cell * self.pixels, (cell + 1) * self.pixels);
        let first = start / self.cells;
        let last = (end - 1) / self.cells;
        (first..=last).map(move |pixel| {
            let overlap = end.min((pixel + 1) * self.cells) - start.max(pixel * self.cells);
            (pixel, overlap as u64)
        })
    }

    /// The pixel that stands for a cell under [`Downsampling::Nearest`].
    pub(crate) fn nearest(self, cell: usize) -> usize {
        cell * self.pixels / self.cells
    }
}

/// The two axes of a picture cut into the cells of a grid: x, then y.
pub(crate) fn axes(picture: Size, grid: Size) -> (Axis, Axis) {
    (Axis { pixels: picture.width(), cells: grid.width() }, Axis { pixels: picture.height(), cells: grid.height() })
}

/// Calls `visit(pixel index, overlap area)` for every pixel that overlaps a cell; the areas sum to the pixels of the picture.
pub(crate) fn for_each_overlap(picture: Size, grid: Size, cell: usize, mut visit: impl FnMut(usize, u64)) {
    let (across, down) = axes(picture, grid);
    let (column, row) = grid.position(cell);
    for (y, height) in down.overlaps(row) {
        for (x, width) in across.overlaps(column) {
            visit(y * picture.width() + x, height * width);
        }
    }
}

/// The values of a rectangle of a picture, row by row, `per_pixel` values for each pixel.
pub(crate) fn cut<T: Copy>(values: &[T], size: Size, per_pixel: usize, rect: Rect) -> Vec<T> {
    let mut part = Vec::with_capacity(rect.pixels() * per_pixel);
    for row in values.chunks_exact(size.width() * per_pixel).skip(rect.y).take(rect.height) {
        part.extend_from_slice(&row[rect.x * per_pixel..rect.right() * per_pixel]);
    }
    part
}
