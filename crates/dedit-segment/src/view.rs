//! A window of a picture at a reduced resolution.

use dedit_edit::{Image, Rect, Result, Size};

use crate::lab::{Lab, lab, rgb};

/// Maximal number of cells along a side.
pub(crate) const MOST_CELLS: usize = 320;

/// A window of a picture, divided into cells of whole pixels with their mean colours.
pub(crate) struct View {
    /// The window in pixels of the picture.
    pub(crate) window: Rect,
    /// Columns and rows of cells, at most [`MOST_CELLS`] along a side and at most one per pixel.
    pub(crate) grid: Size,
    /// The colour of each cell, row-major.
    pub(crate) colours: Vec<Lab>,
}

impl View {
    /// The view of a window, which must be within the picture.
    pub(crate) fn new(picture: &Image, window: Rect) -> Result<Self> {
        let longest = window.width.max(window.height).max(MOST_CELLS);
        let cells = |pixels: usize| (pixels * MOST_CELLS).div_ceil(longest);
        let grid = Size::new(cells(window.width), cells(window.height))?;
        let mut view = Self { window, grid, colours: Vec::new() };
        let mut sums = vec![([0.0; 3], 0.0); grid.pixels()];
        for (cell, x, y) in view.pixels() {
            let (sum, count): &mut ([f32; 3], f32) = &mut sums[cell];
            for (sum, value) in sum.iter_mut().zip(rgb(picture, y * picture.size().width() + x)) {
                *sum += value;
            }
            *count += 1.0;
        }
        view.colours = sums.into_iter().map(|(sum, count)| lab(sum.map(|sum| sum / count))).collect();
        Ok(view)
    }

    /// A part of this view with at most `most` cells along a side; its pixels are the cells of this view.
    pub(crate) fn part(&self, window: Rect, most: usize) -> Result<Self> {
        let longest = window.width.max(window.height).max(most);
        let cells = |length: usize| (length * most).div_ceil(longest);
        let grid = Size::new(cells(window.width), cells(window.height))?;
        let mut part = Self { window, grid, colours: Vec::new() };
        let mut sums = vec![([0.0; 3], 0.0); grid.pixels()];
        for (cell, x, y) in part.pixels() {
            let (sum, count): &mut ([f32; 3], f32) = &mut sums[cell];
            for (sum, value) in sum.iter_mut().zip(self.colours[y * self.grid.width() + x]) {
                *sum += value;
            }
            *count += 1.0;
        }
        part.colours = sums.into_iter().map(|(sum, count)| sum.map(|sum| sum / count)).collect();
        Ok(part)
    }

    /// This view with each cell averaged with its neighbours, by the weights 1, 2, 1 along both axes.
    pub(crate) fn blurred(&self) -> Self {
        let blurred = |cell: usize| {
            let (mut sum, mut weight) = (self.colours[cell].map(|value| 4.0 * value), 4.0);
            for (next, distance) in self.around(cell) {
                let share = if distance > 1.0 { 1.0 } else { 2.0 };
                weight += share;
                sum.iter_mut().zip(self.colours[next]).for_each(|(sum, value)| *sum += share * value);
            }
            sum.map(|sum| sum / weight)
        };
        Self { window: self.window, grid: self.grid, colours: (0..self.colours.len()).map(blurred).collect() }
    }

    /// The cell of a pixel of the picture; `None` outside of the window.
    pub(crate) fn cell(&self, (x, y): (usize, usize)) -> Option<usize> {
        self.window.contains(x, y).then(|| {
            let column = (x - self.window.x) * self.grid.width() / self.window.width;
            (y - self.window.y) * self.grid.height() / self.window.height * self.grid.width() + column
        })
    }

    /// The pixel in the middle of a cell.
    pub(crate) fn middle(&self, cell: usize) -> (usize, usize) {
        let (column, row) = self.grid.position(cell);
        let along = |place: usize, pixels: usize, cells: usize| (2 * place + 1) * pixels / (2 * cells);
        let x = self.window.x + along(column, self.window.width, self.grid.width());
        (x, self.window.y + along(row, self.window.height, self.grid.height()))
    }

    /// The position of a pixel of the window in cells; the centre of the first cell is (0, 0).
    pub(crate) fn place(&self, x: usize, y: usize) -> (f32, f32) {
        let along = |at: usize, pixels: usize, cells: usize| (at as f32 + 0.5) * cells as f32 / pixels as f32 - 0.5;
        let across = along(x - self.window.x, self.window.width, self.grid.width());
        (across, along(y - self.window.y, self.window.height, self.grid.height()))
    }

    /// All pixels of the window, row by row: the cell, and column and row in the picture.
    pub(crate) fn pixels(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let (window, grid) = (self.window, self.grid);
        let columns: Vec<usize> = (0..window.width).map(|x| x * grid.width() / window.width).collect();
        (0..window.height * window.width).map(move |index| {
            let (x, y) = (index % window.width, index / window.width);
            (y * grid.height() / window.height * grid.width() + columns[x], window.x + x, window.y + y)
        })
    }

    /// Whether a cell is at the border of the view.
    pub(crate) fn is_at_frame(&self, cell: usize) -> bool {
        let (x, y) = self.grid.position(cell);
        x == 0 || y == 0 || x + 1 == self.grid.width() || y + 1 == self.grid.height()
    }

    /// The up to eight neighbours of a cell with their distances, 1 or √2.
    pub(crate) fn around(&self, cell: usize) -> impl Iterator<Item = (usize, f32)> {
        around(self.grid, cell)
    }
}

/// The up to eight neighbours of a cell on a grid with their distances, 1 or √2.
pub(crate) fn around(grid: Size, cell: usize) -> impl Iterator<Item = (usize, f32)> {
    const STEPS: [(isize, isize, f32); 8] = {
        let far = std::f32::consts::SQRT_2;
        [(-1, 0, 1.0), (1, 0, 1.0), (0, -1, 1.0), (0, 1, 1.0), (-1, -1, far), (1, 1, far), (1, -1, far), (-1, 1, far)]
    };
    let (column, row) = grid.position(cell);
    STEPS.into_iter().filter_map(move |(dx, dy, distance)| {
        let (x, y) = (column.checked_add_signed(dx)?, row.checked_add_signed(dy)?);
        (x < grid.width() && y < grid.height()).then(|| (y * grid.width() + x, distance))
    })
}
