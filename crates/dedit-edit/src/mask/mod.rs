//! Soft masks of items, and their algebra.

mod measure;
mod outline;
pub(crate) mod parts;
mod resample;

use crate::error::{Error, Result};
use crate::geometry::{Rect, Size};
use crate::grid::cut;
use crate::image::{Image, Planes};

/// From this value on, a pixel counts as inside a mask where only inside and outside exist.
pub(crate) const INSIDE: f32 = 0.5;

/// The share of every pixel that belongs to an item: values in 0 … 1, row-major.
///
/// Union, intersection, difference and inversion are those of fuzzy sets (largest, smallest, one minus), so a mask united or intersected with itself
/// stays as it is and De Morgan's laws hold exactly. What is defined on an outline ([`grow`](Self::grow), [`feather`](Self::feather),
/// [`ring`](Self::ring)) takes the line where the value passes one half.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemMask {
    pub(crate) size: Size,
    pub(crate) values: Vec<f32>,
}

impl ItemMask {
    /// A mask from its values, one for each pixel, each in 0 … 1.
    pub fn new(size: Size, values: Vec<f32>) -> Result<Self> {
        if values.len() != size.pixels() {
            return Err(Error::input(format!("a mask of {size} needs {} values, not {}", size.pixels(), values.len())));
        }
        if let Some(index) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            let (x, y) = size.position(index);
            return Err(Error::input(format!("the mask is {} at pixel ({x}, {y})", values[index])).hint("masks go from 0 to 1"));
        }
        Ok(Self { size, values })
    }

    /// A mask from a picture: its grey, or the luma of its colour. Alpha is ignored.
    pub fn from_image(image: &Image) -> Result<Self> {
        let planes = image.planes()?.with_colours(1);
        // Luma of white is one up to rounding.
        Self::new(
            planes.size(),
            planes.colour()[0].iter().map(|value| if (1.0..1.000_001).contains(value) { 1.0 } else { *value }).collect(),
        )
    }

    /// One where `inside` holds (asked with column and row), zero elsewhere.
    pub fn from_fn(size: Size, inside: impl Fn(usize, usize) -> bool) -> Self {
        Self::generate(size, |index| {
            let (x, y) = size.position(index);
            f32::from(u8::from(inside(x, y)))
        })
    }

    /// Zero everywhere.
    pub fn empty(size: Size) -> Self {
        Self { size, values: vec![0.0; size.pixels()] }
    }

    /// One everywhere.
    pub fn full(size: Size) -> Self {
        Self { size, values: vec![1.0; size.pixels()] }
    }

    /// Unchecked: the caller guarantees values within 0 … 1.
    pub(crate) fn generate(size: Size, value: impl FnMut(usize) -> f32) -> Self {
        Self { size, values: (0..size.pixels()).map(value).collect() }
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The values, row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Whether a pixel counts as inside: its value is at least one half.
    pub fn is_inside(&self, index: usize) -> bool {
        self.values[index] >= INSIDE
    }

    /// Union: the larger value.
    pub fn union(&self, other: &Self) -> Result<Self> {
        self.combined(other, f32::max)
    }

    /// Intersection: the smaller value.
    pub fn intersection(&self, other: &Self) -> Result<Self> {
        self.combined(other, f32::min)
    }

    /// Difference: min(a, 1 − b).
    pub fn difference(&self, other: &Self) -> Result<Self> {
        self.combined(other, |a, b| a.min(1.0 - b))
    }

    /// Inversion: one minus the value.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self::generate(self.size, |index| 1.0 - self.values[index])
    }

    /// One where the value is at least `level`, zero elsewhere.
    #[must_use]
    pub fn threshold(&self, level: f32) -> Self {
        Self::generate(self.size, |index| f32::from(u8::from(self.values[index] >= level)))
    }

    /// Raises the values within a rectangle to those of another mask of its size.
    pub(crate) fn raise(&mut self, rect: Rect, other: &Self) -> Result<()> {
        rect.check_within(self.size)?;
        other.check_size(rect.size()?)?;
        for (row, values) in other.values.chunks_exact(rect.width).enumerate() {
            let start = (rect.y + row) * self.size.width() + rect.x;
            for (value, raised) in self.values[start..].iter_mut().zip(values) {
                *value = value.max(*raised);
            }
        }
        Ok(())
    }

    /// The part within a rectangle, as a mask of its size.
    pub fn crop(&self, rect: Rect) -> Result<Self> {
        rect.check_within(self.size)?;
        Ok(Self { size: Size::new(rect.width, rect.height)?, values: cut(&self.values, self.size, 1, rect) })
    }

    /// The mask as a grey picture's plane.
    pub fn to_planes(&self) -> Result<Planes> {
        Planes::new(self.size, vec![self.values.clone()], None)
    }

    /// An error unless the mask has the given size.
    pub(crate) fn check_size(&self, size: Size) -> Result<()> {
        if self.size == size {
            return Ok(());
        }
        Err(Error::input(format!("the mask is {} and the picture {size}", self.size)).hint("give a mask of the picture's size"))
    }

    fn combined(&self, other: &Self, operation: impl Fn(f32, f32) -> f32) -> Result<Self> {
        other.check_size(self.size)?;
        Ok(Self::generate(self.size, |index| operation(self.values[index], other.values[index])))
    }
}

#[cfg(test)]
mod tests;
