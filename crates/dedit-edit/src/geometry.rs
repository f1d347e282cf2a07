//! Sizes, rectangles and the similarity transforms that move an item.

use std::fmt;

use crate::error::{Error, Result};

/// The most pixels a picture may have: 134 megapixels.
pub const MAX_PIXELS: usize = 1 << 27;
/// The most pixels a picture may have along one side. With [`MAX_PIXELS`] it keeps every index and squared distance within 32 bits.
pub const MAX_SIDE: usize = 65_000;

/// Width and height of a picture, mask or grid: at least 1×1, at most [`MAX_SIDE`] along a side and [`MAX_PIXELS`] in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    width: usize,
    height: usize,
}

impl Size {
    /// Checks the limits, so that whatever is allocated for a `Size` is bounded.
    pub fn new(width: usize, height: usize) -> Result<Self> {
        if width == 0 || height == 0 {
            return Err(Error::input(format!("a picture of {width}×{height} has no pixels")).hint("give at least one pixel each way"));
        }
        if width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS {
            let limits = format!("at most {MAX_SIDE} pixels along a side and {} megapixels fit", MAX_PIXELS / 1_000_000);
            return Err(
                Error::input(format!("a picture of {width}×{height} is too large: {limits}")).hint("scale it down or crop it first")
            );
        }
        Ok(Self { width, height })
    }

    /// Pixels along x.
    pub fn width(self) -> usize {
        self.width
    }

    /// Pixels along y.
    pub fn height(self) -> usize {
        self.height
    }

    /// Pixels in all.
    pub fn pixels(self) -> usize {
        self.width * self.height
    }

    /// Column and row of a row-major index.
    pub fn position(self, index: usize) -> (usize, usize) {
        (index % self.width, index / self.width)
    }

    /// The rectangle of all pixels.
    pub fn rect(self) -> Rect {
        Rect { x: 0, y: 0, width: self.width, height: self.height }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.width, self.height)
    }
}

/// A rectangle of whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rect {
    /// First column.
    pub x: usize,
    /// First row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Rect {
    /// The smallest rectangle around the pixels (row-major indices) of a picture; `None` without any.
    pub fn around(size: Size, indices: impl Iterator<Item = usize>) -> Option<Self> {
        indices.fold(None, |rect, index| Some(Self::with_pixel(rect, size.position(index))))
    }

    /// The smallest rectangles around the pixels of each label, for labels 0 to `items` − 1.
    pub(crate) fn around_each(size: Size, labels: &[u16], items: usize) -> Vec<Option<Self>> {
        let mut rects = vec![None; items];
        for (y, row) in labels.chunks_exact(size.width()).enumerate() {
            let mut x = 0;
            // Only the ends of each run of equal labels can extend a rectangle.
            for run in row.chunk_by(|one, next| one == next) {
                let rect = &mut rects[usize::from(run[0])];
                let with_first = Self::with_pixel(*rect, (x, y));
                x += run.len();
                *rect = Some(Self::with_pixel(Some(with_first), (x - 1, y)));
            }
        }
        rects
    }

    fn with_pixel(rect: Option<Self>, (x, y): (usize, usize)) -> Self {
        let Some(rect) = rect else { return Self { x, y, width: 1, height: 1 } };
        let (left, top) = (rect.x.min(x), rect.y.min(y));
        Self { x: left, y: top, width: rect.right().max(x + 1) - left, height: rect.bottom().max(y + 1) - top }
    }

    /// The column after the last.
    pub fn right(self) -> usize {
        self.x + self.width
    }

    /// The row after the last.
    pub fn bottom(self) -> usize {
        self.y + self.height
    }

    /// Pixels in all.
    pub(crate) fn pixels(self) -> usize {
        self.width * self.height
    }

    /// Width and height.
    pub fn size(self) -> Result<Size> {
        Size::new(self.width, self.height)
    }

    /// The rectangle with a margin on every side, within the picture.
    #[must_use]
    pub fn grown(self, margin: usize, size: Size) -> Self {
        let (x, y) = (self.x.saturating_sub(margin), self.y.saturating_sub(margin));
        let right = self.right().saturating_add(margin).min(size.width);
        let bottom = self.bottom().saturating_add(margin).min(size.height);
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// The index in the picture of a pixel with this index in the rectangle.
    pub(crate) fn index(self, inner: usize, size: Size) -> usize {
        (self.y + inner / self.width) * size.width + self.x + inner % self.width
    }

    /// The smallest rectangle around both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Self { x, y, width: self.right().max(other.right()) - x, height: self.bottom().max(other.bottom()) - y }
    }

    /// Whether a pixel lies within.
    pub fn contains(self, x: usize, y: usize) -> bool {
        (self.x..self.right()).contains(&x) && (self.y..self.bottom()).contains(&y)
    }

    /// An error unless the rectangle has pixels and lies within the picture.
    pub(crate) fn check_within(self, size: Size) -> Result<()> {
        let fits = |start: usize, length: usize, whole: usize| length > 0 && start < whole && length <= whole - start;
        if fits(self.x, self.width, size.width) && fits(self.y, self.height, size.height) {
            return Ok(());
        }
        Err(Error::usage(format!("a rectangle {self} does not lie within a picture of {size}")))
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{} at ({}, {})", self.width, self.height, self.x, self.y)
    }
}

/// A position in a picture, in pixels; the centre of the top left pixel is (0, 0), y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Along the rows.
    pub x: f64,
    /// Along the columns, downwards.
    pub y: f64,
}

/// How an item is moved: scaled and rotated about its own centre, then shifted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform {
    /// Shift to the right, pixels.
    pub dx: f64,
    /// Shift downwards, pixels.
    pub dy: f64,
    /// Factor of the size, 0.01 to 100.
    pub scale: f64,
    /// Clockwise rotation, degrees.
    pub degrees: f64,
}

impl Default for Transform {
    /// The identity.
    fn default() -> Self {
        Self { dx: 0.0, dy: 0.0, scale: 1.0, degrees: 0.0 }
    }
}

impl Transform {
    /// A shift by `dx` to the right and `dy` downwards, pixels.
    pub fn shift(dx: f64, dy: f64) -> Self {
        Self { dx, dy, ..Self::default() }
    }

    /// The transform of the plane that has `centre` for the item's own centre. Fails for numbers that are not finite and scales outside 0.01 … 100.
    pub fn about(self, centre: Point) -> Result<Placement> {
        if ![self.dx, self.dy, self.degrees].iter().all(|value| value.is_finite()) {
            return Err(Error::usage(format!("a shift of ({}, {}) and a rotation of {}° cannot be done", self.dx, self.dy, self.degrees)));
        }
        if !(0.01..=100.0).contains(&self.scale) {
            return Err(Error::usage(format!("a scale of {} cannot be done", self.scale)).hint("give one from 0.01 to 100"));
        }
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        Ok(Placement { transform: self, centre, sin, cos })
    }
}

/// A [`Transform`] about a given centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    transform: Transform,
    centre: Point,
    sin: f64,
    cos: f64,
}

impl Placement {
    /// The transform, apart from its centre.
    pub fn transform(&self) -> Transform {
        self.transform
    }

    /// Maps a position in the item: c + d + s·R·(p − c), with centre c, shift d, scale s and rotation R.
    pub fn forward(&self, from: Point) -> Point {
        let Transform { dx, dy, scale, .. } = self.transform;
        let (x, y) = (from.x - self.centre.x, from.y - self.centre.y);
        Point {
            x: self.centre.x + dx + scale * (self.cos * x - self.sin * y),
            y: self.centre.y + dy + scale * (self.sin * x + self.cos * y),
        }
    }

    /// The inverse of [`forward`](Self::forward). Results within a billionth of a whole pixel are rounded to it, so that whole shifts and quarter turns copy
    /// values instead of interpolating.
    pub fn backward(&self, to: Point) -> Point {
        let Transform { dx, dy, scale, .. } = self.transform;
        let (x, y) = ((to.x - self.centre.x - dx) / scale, (to.y - self.centre.y - dy) / scale);
        let snapped = |value: f64| if (value - value.round()).abs() < 1e-9 { value.round() } else { value };
        Point { x: snapped(self.centre.x + self.cos * x + self.sin * y), y: snapped(self.centre.y - self.sin * x + self.cos * y) }
    }
}
