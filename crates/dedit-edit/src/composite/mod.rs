//! Compositing: generated pixels are blended into the picture.

mod colour;

pub use colour::ColourMatch;

use crate::error::{Error, Result};
use crate::geometry::{Rect, Size};
use crate::image::{Image, Planes, Sample, Samples};
use crate::mask::ItemMask;

/// Blends generated pixels into the original: per colour sample o + (g − o) · v, with v the value of `change`.
///
/// Where v is 0 the samples are the original's, bit for bit, whatever their type; where v is 1 they are the generated ones in the original's type.
/// Alpha is the original's everywhere. The result has the original's size, channels and depth.
///
/// `generated` may cover only part of the picture: its top left pixel belongs at `at` (column, row), and `change` must be 0 outside it. Grey and colour
/// are converted to what the original has. Fails when it does not fit, or has a value that is NaN or infinite where v is above 0.
pub fn composite(original: &Image, generated: &Planes, at: (usize, usize), change: &ItemMask) -> Result<Image> {
    let size = original.size();
    change.check_size(size)?;
    let rect = Rect { x: at.0, y: at.1, width: generated.size().width(), height: generated.size().height() };
    rect.check_within(size).map_err(|error| error.about("the generated part"))?;
    let generated = generated.clone().with_colours(original.channels().colours());
    let patch = Patch { size, rect, generated: &generated, change };
    patch.check()?;
    let count = original.channels().count();
    let samples = match original.samples().clone() {
        Samples::U8(samples) => Samples::U8(patch.applied(samples, count)),
        Samples::U16(samples) => Samples::U16(patch.applied(samples, count)),
        Samples::F32(samples) => Samples::F32(patch.applied(samples, count)),
    };
    Image::new(size, original.channels(), samples)
}

/// Counts the pixels that differ in any bit although `change` is 0 there. Both pictures must have the same size, channels and depth.
pub fn changed_outside(original: &Image, edited: &Image, change: &ItemMask) -> Result<usize> {
    change.check_size(original.size())?;
    change.check_size(edited.size())?;
    let count = original.channels().count();
    if original.channels() != edited.channels() {
        return Err(Error::usage("pictures with different channels are not compared").hint("convert one of them"));
    }
    let outside = |index: &usize| change.values()[*index] == 0.0;
    let pixels = 0..original.size().pixels();
    let differing = match (original.samples(), edited.samples()) {
        (Samples::U8(a), Samples::U8(b)) => pixels.filter(outside).filter(|i| a[i * count..][..count] != b[i * count..][..count]).count(),
        (Samples::U16(a), Samples::U16(b)) => pixels.filter(outside).filter(|i| a[i * count..][..count] != b[i * count..][..count]).count(),
        (Samples::F32(a), Samples::F32(b)) => {
            let differ = |i: &usize| (i * count..(i + 1) * count).any(|sample| a[sample].to_bits() != b[sample].to_bits());
            pixels.filter(outside).filter(differ).count()
        }
        _ => return Err(Error::usage("pictures of different depths are not compared").hint("convert one of them")),
    };
    Ok(differing)
}

/// Generated planes and their position in a picture.
struct Patch<'a> {
    size: Size,
    rect: Rect,
    generated: &'a Planes,
    change: &'a ItemMask,
}

impl Patch<'_> {
    /// Calls `visit(pixel of the picture, pixel of the planes, v)` for every pixel that changes.
    fn for_each(&self, mut visit: impl FnMut(usize, usize, f32)) {
        for row in 0..self.rect.height {
            for column in 0..self.rect.width {
                let index = (self.rect.y + row) * self.size.width() + self.rect.x + column;
                let value = self.change.values()[index];
                if value > 0.0 {
                    visit(index, row * self.rect.width + column, value);
                }
            }
        }
    }

    fn check(&self) -> Result<()> {
        let outside = |index: &usize| {
            let (x, y) = self.size.position(*index);
            self.change.values()[*index] > 0.0 && !self.rect.contains(x, y)
        };
        if let Some((x, y)) = (0..self.size.pixels()).find(outside).map(|index| self.size.position(index)) {
            let message = format!("pixel ({x}, {y}) is to change and lies outside the generated part, {}", self.rect);
            return Err(Error::usage(message).hint("generate the whole region"));
        }
        let mut broken = None;
        self.for_each(|index, from, _| {
            if broken.is_none() && self.generated.colour().iter().any(|plane| !plane[from].is_finite()) {
                broken = Some(self.size.position(index));
            }
        });
        match broken {
            None => Ok(()),
            Some((x, y)) => {
                let message = format!("what was generated for pixel ({x}, {y}) is not a finite number");
                Err(Error::input(message).hint("generate again with other settings, such as a lower guidance scale"))
            }
        }
    }

    fn applied<T: Sample>(&self, mut samples: Vec<T>, count: usize) -> Vec<T> {
        for (channel, plane) in self.generated.colour().iter().enumerate() {
            self.for_each(|index, from, value| {
                let sample = &mut samples[index * count + channel];
                let (old, new) = (sample.to_unit(), plane[from]);
                *sample = T::from_unit(if value < 1.0 { old + (new - old) * value } else { new });
            });
        }
        samples
    }
}

#[cfg(test)]
mod tests;
