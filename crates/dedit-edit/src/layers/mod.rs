//! Items as layers of their own, over a clean plate: the picture without them.
//!
//! Laid over the plate (the usual "over" of straight alpha, in the picture's own colour space), a layer gives the picture that it was cut from wherever the
//! item covers something, and the plate beyond its shadow.

mod lift;
mod matte;
mod pixels;
mod shadow;
mod shape;

pub use lift::{Lifted, lift};
pub use matte::{Coverage, Matte};

use self::pixels::{LayerPixels, darkened, least_share, own_colour};
use crate::composite::composite;
use crate::error::Result;
use crate::geometry::Rect;
use crate::image::{Image, Planes, Window};
use crate::mask::ItemMask;
use crate::segmentation::Segmentation;

/// Where an item is, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outline {
    /// Where its mask is.
    Mask,
    /// Somewhere within its mask: where the picture differs from the plate.
    WithinMask,
}

/// An item as a layer of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemLayer {
    /// The item's name.
    pub item: String,
    /// Where the layer lies in the picture.
    pub rect: Rect,
    /// Its pixels, with straight alpha: of the picture's depth, grey or colour as the picture is. Its shadow is black, as far as the item darkens the plate.
    pub picture: Image,
}

/// Below this alpha the colour that a mixture shows of the item drowns in rounding.
const LEAST_ALPHA: f32 = 0.02;

impl ItemLayer {
    /// Cuts item `number` of `items` out of `shown`; `plate` is the picture without it, of the same size and channels. `others` are items that are layers of
    /// their own too: they are no shadow of this one. `None` where nothing of the item is visible.
    ///
    /// # Errors
    /// `Input` where pictures and items are of different sizes.
    pub fn cut_out(
        (shown, plate): (&Image, &Image),
        items: &Segmentation,
        number: usize,
        outline: Outline,
        others: &[usize],
    ) -> Result<Option<Self>> {
        items.check_picture(shown)?;
        items.check_picture(plate)?;
        let bounds = items.bounding_boxes()[number];
        let rect = bounds.grown(bounds.width.max(bounds.height) / 2 + 8, shown.size());
        let colours = shown.channels().colours();
        let (view, behind) = (Window::read(shown, rect, colours)?, Window::read(plate, rect, colours)?);
        let label = |index: usize| items.label_in(rect, index);
        let masked: Vec<bool> = (0..view.finite.len()).map(|index| label(index) == number).collect();
        let owned = match outline {
            Outline::Mask => masked,
            Outline::WithinMask => shape::within(&masked, (&view.planes, &behind.planes)),
        };
        let is_free = |index: usize| view.finite[index] && behind.finite[index] && !others.contains(&label(index));
        let shades = shadow::shades((&view.planes, &behind.planes), &owned, is_free);
        let mut layer = covered(&view, &behind.planes, &owned, &shades)?;
        if let Some(own) = &view.alpha {
            layer.limit(own);
        }
        layer.into_layer(&items.names()[number], rect, shown.depth())
    }

    /// Lays it over a picture: samples are c + (item − c) · alpha. Pixels of which the layer covers nothing keep every bit.
    ///
    /// # Errors
    /// `Input` where the layer reaches beyond the picture.
    pub fn lay_over(&self, picture: &mut Image) -> Result<()> {
        let planes = self.picture.planes()?;
        let alpha = planes.alpha().map(<[f32]>::to_vec).unwrap_or_default();
        let part = picture.crop(self.rect)?;
        let weights = ItemMask::new(part.size(), alpha)?;
        picture.put((self.rect.x, self.rect.y), &composite(&part, &planes, (0, 0), &weights)?)
    }
}

/// What the item and its shadow cover, with its own colours: where it covers a part of a pixel, the colour that makes the shown one with what is behind.
fn covered(view: &Window, behind: &Planes, owned: &[bool], shades: &[f32]) -> Result<LayerPixels> {
    let behind = &darkened(behind, shades)?;
    let matte = Matte::new(&view.planes, &view.finite, owned, Some(behind))?;
    let mut layer = LayerPixels::new(behind.colour().len(), owned.len());
    for (index, is_owned) in owned.iter().enumerate() {
        let as_labelled = Coverage { alpha: f32::from(u8::from(*is_owned)), colour_at: index };
        let Coverage { alpha, colour_at } = matte.as_ref().map_or(as_labelled, |matte| matte.at(index));
        let alpha = if !view.finite[index] {
            0.0
        } else if alpha > 0.0 && alpha < 1.0 {
            let colours = view.planes.colour().iter().zip(behind.colour()).map(|(shown, behind)| (shown[index], behind[index]));
            colours.map(least_share).fold(alpha, f32::max)
        } else {
            alpha
        };
        // The item over its own shadow, which is black.
        let with_shade = 1.0 - (1.0 - alpha) * (1.0 - shades[index]);
        let own_share = if with_shade > 0.0 { alpha / with_shade } else { 0.0 };
        let colours = view.planes.colour().iter().zip(behind.colour());
        let own = colours.map(|(shown, behind)| match alpha {
            ..LEAST_ALPHA => shown[colour_at],
            _ => own_colour((shown[index], behind[index]), alpha),
        });
        layer.push(with_shade, own.map(|own| own * own_share));
    }
    Ok(layer)
}

#[cfg(test)]
mod tests;
