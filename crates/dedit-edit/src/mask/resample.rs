//! Masks and planes under a similarity transform, and masks on coarser grids.

use crate::error::Result;
use crate::geometry::{Placement, Point, Rect, Size, Transform};
use crate::grid::{axes, for_each_overlap};
use crate::image::Planes;
use crate::mask::ItemMask;

impl ItemMask {
    /// The mask scaled and rotated about its own centre (its [`centroid`](Self::centroid)) and shifted, with sub-pixel accuracy: bilinear, averaged over
    /// as many points per pixel as the scale needs. What leaves the picture is cut off. An empty mask stays empty.
    pub fn transformed(&self, transform: Transform) -> Result<Self> {
        let placement = transform.about(self.centroid().unwrap_or(Point { x: 0.0, y: 0.0 }))?;
        Ok(self.placed(&placement))
    }

    /// [`transformed`](Self::transformed) about a given centre.
    pub(crate) fn placed(&self, placement: &Placement) -> Self {
        let mut placed = Self::empty(self.size);
        let Some(target) = self.bounding_box().and_then(|source| reach(source, self.size, placement)) else { return placed };
        for_each_pixel(target, self.size, |index, x, y| {
            let mut at = |point| bilinear(self.size, point, |x, y| self.value_or_zero(x, y));
            placed.values[index] = averaged(placement, x, y, &mut at).clamp(0.0, 1.0);
        });
        placed
    }

    /// The mean of the mask over each cell of a grid, as a mask of the grid's size.
    #[must_use]
    pub fn on_grid(&self, grid: Size) -> Self {
        Self::generate(grid, |cell| {
            let mut sum = 0.0;
            for_each_overlap(self.size, grid, cell, |index, area| sum += f64::from(self.values[index]) * area as f64);
            (sum / self.size.pixels() as f64).min(1.0) as f32
        })
    }

    /// The largest value of the mask in each cell of a grid, as a mask of the grid's size: where a cell may change if any of its pixels may.
    #[must_use]
    pub fn largest_on_grid(&self, grid: Size) -> Self {
        Self::generate(grid, |cell| {
            let mut largest = 0.0f32;
            for_each_overlap(self.size, grid, cell, |index, _| largest = largest.max(self.values[index]));
            largest
        })
    }

    /// The value of one pixel for each cell of a grid, the one that [`Downsampling::Nearest`](crate::Downsampling::Nearest) takes.
    #[must_use]
    pub fn nearest_on_grid(&self, grid: Size) -> Self {
        let (across, down) = axes(self.size, grid);
        Self::generate(grid, |cell| {
            let (column, row) = grid.position(cell);
            self.values[down.nearest(row) * self.size.width() + across.nearest(column)]
        })
    }

    fn value_or_zero(&self, x: i64, y: i64) -> f32 {
        let within = (0..self.size.width() as i64).contains(&x) && (0..self.size.height() as i64).contains(&y);
        if within { self.values[y as usize * self.size.width() + x as usize] } else { 0.0 }
    }
}

impl Planes {
    /// The colour under a transform, where `mask` (the mask after the same transform) is above zero; as it was elsewhere. Alpha stays. Beyond the border
    /// the nearest pixel counts.
    #[must_use]
    pub(crate) fn placed(&self, placement: &Placement, mask: &ItemMask) -> Self {
        let (size, mut placed) = (self.size(), self.clone());
        let Some(target) = mask.bounding_box() else { return placed };
        let (right, bottom) = (size.width() as i64 - 1, size.height() as i64 - 1);
        for (plane, source) in placed.colour_mut().iter_mut().zip(self.colour()) {
            for_each_pixel(target, size, |index, x, y| {
                let nearest = |x: i64, y: i64| source[(y.clamp(0, bottom) * (right + 1) + x.clamp(0, right)) as usize];
                if mask.values[index] > 0.0 {
                    plane[index] = averaged(placement, x, y, &mut |point| bilinear(size, point, nearest));
                }
            });
        }
        placed
    }
}

fn for_each_pixel(rect: Rect, size: Size, mut visit: impl FnMut(usize, usize, usize)) {
    for y in rect.y..rect.bottom() {
        for x in rect.x..rect.right() {
            visit(y * size.width() + x, x, y);
        }
    }
}

/// The pixels that a transformed rectangle, with a pixel of soft edge, can touch; `None` if it lies off the picture.
fn reach(source: Rect, size: Size, placement: &Placement) -> Option<Rect> {
    let (left, right) = (source.x as f64 - 1.0, source.right() as f64);
    let (top, bottom) = (source.y as f64 - 1.0, source.bottom() as f64);
    let corners = [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| placement.forward(Point { x, y }));
    let span = |coordinate: fn(&Point) -> f64, length: usize| {
        let low = corners.iter().map(coordinate).fold(f64::INFINITY, f64::min) - 1.0;
        let high = corners.iter().map(coordinate).fold(f64::NEG_INFINITY, f64::max) + 1.0;
        let (start, end) = (low.floor().clamp(0.0, length as f64) as usize, (high.ceil() + 1.0).clamp(0.0, length as f64) as usize);
        (start < end).then_some((start, end - start))
    };
    let (x, width) = span(|point| point.x, size.width())?;
    let (y, height) = span(|point| point.y, size.height())?;
    Some(Rect { x, y, width, height })
}

/// The mean of n×n points of a pixel after the transform, n such that they are at most a pixel apart before it.
fn averaged(placement: &Placement, x: usize, y: usize, at: &mut impl FnMut(Point) -> f32) -> f32 {
    let n = (1.0 / placement.transform().scale).ceil().max(1.0) as usize;
    let offset = |i: usize| (i as f64 + 0.5) / n as f64 - 0.5;
    let mut sum = 0.0;
    for i in 0..n {
        for j in 0..n {
            sum += at(placement.backward(Point { x: x as f64 + offset(j), y: y as f64 + offset(i) }));
        }
    }
    sum / (n * n) as f32
}

fn bilinear(size: Size, point: Point, value: impl Fn(i64, i64) -> f32) -> f32 {
    // Far off the picture every place reads alike; this keeps the whole numbers small.
    let limit = |coordinate: f64, length: usize| coordinate.clamp(-2.0, length as f64 + 1.0);
    let (px, py) = (limit(point.x, size.width()), limit(point.y, size.height()));
    let (x, y) = (px.floor(), py.floor());
    let (fx, fy) = ((px - x) as f32, (py - y) as f32);
    let (x, y) = (x as i64, y as i64);
    let row = |y: i64| if fx == 0.0 { value(x, y) } else { value(x, y) * (1.0 - fx) + value(x + 1, y) * fx };
    if fy == 0.0 { row(y) } else { row(y) * (1.0 - fy) + row(y + 1) * fy }
}
