//! Values for the pixels of a part of a picture.

use dedit_edit::Rect;

/// A value for each pixel of a rectangle, addressed by the picture's columns and rows; the default value elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Area<T> {
    rect: Rect,
    values: Vec<T>,
}

impl<T: Copy + Default> Area<T> {
    /// The default value everywhere.
    pub(super) fn new(rect: Rect) -> Self {
        Self { rect, values: vec![T::default(); rect.width * rect.height] }
    }

    pub(super) fn rect(&self) -> Rect {
        self.rect
    }

    pub(super) fn get(&self, x: usize, y: usize) -> T {
        self.index(x, y).map_or_else(T::default, |index| self.values[index])
    }

    /// Sets a value; nothing happens outside the rectangle.
    pub(super) fn set(&mut self, x: usize, y: usize, value: T) {
        if let Some(index) = self.index(x, y) {
            self.values[index] = value;
        }
    }

    fn index(&self, x: usize, y: usize) -> Option<usize> {
        self.rect.contains(x, y).then(|| (y - self.rect.y) * self.rect.width + x - self.rect.x)
    }
}

/// The columns and rows of a rectangle, row by row.
pub(super) fn pixels(rect: Rect) -> impl Iterator<Item = (usize, usize)> {
    (rect.y..rect.bottom()).flat_map(move |y| (rect.x..rect.right()).map(move |x| (x, y)))
}

/// What two rectangles have in common.
pub(super) fn overlap(one: Rect, other: Rect) -> Option<Rect> {
    let (x, y) = (one.x.max(other.x), one.y.max(other.y));
    let (right, bottom) = (one.right().min(other.right()), one.bottom().min(other.bottom()));
    (x < right && y < bottom).then(|| Rect { x, y, width: right - x, height: bottom - y })
}

/// Calls `visit` with the pixels of `within` that are at most `radius` from (x, y), itself too, and the squares of the distances.
pub(super) fn near((x, y): (usize, usize), radius: usize, within: Rect, mut visit: impl FnMut(usize, usize, usize)) {
    let span = |at: usize, start: usize, end: usize| at.saturating_sub(radius).max(start)..(at + radius + 1).min(end);
    for v in span(y, within.y, within.bottom()) {
        for u in span(x, within.x, within.right()) {
            let square = x.abs_diff(u).pow(2) + y.abs_diff(v).pow(2);
            if square <= radius * radius {
                visit(u, v, square);
            }
        }
    }
}
