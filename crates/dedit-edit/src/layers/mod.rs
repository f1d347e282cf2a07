//! Items as layers of their own, over a clean plate: the picture without them.
//!
//! Laid over the plate (the usual "over" of straight alpha, in the picture's own colour space), a layer gives the picture that it was cut from wherever the
//! item covers something, and the plate beyond its shadow.

mod matte;
mod shadow;
mod shape;

pub use matte::{Coverage, Matte};

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
            layer.alpha.iter_mut().zip(own).for_each(|(alpha, own)| *alpha *= own);
        }
        let visible = (0..layer.alpha.len()).filter(|index| layer.alpha[*index] > 0.0);
        let Some(tight) = Rect::around(rect.size()?, visible) else { return Ok(None) };
        let picture = Planes::new(rect.size()?, layer.colours, Some(layer.alpha))?.to_image(shown.depth())?.crop(tight)?;
        let rect = Rect { x: rect.x + tight.x, y: rect.y + tight.y, ..tight };
        Ok(Some(Self { item: items.names()[number].clone(), rect, picture }))
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

/// Straight alpha and colours, in the making.
struct Layer {
    colours: Vec<Vec<f32>>,
    alpha: Vec<f32>,
}

/// What the item and its shadow cover, with its own colours: where it covers a part of a pixel, the colour that makes the shown one with what is behind.
fn covered(view: &Window, behind: &Planes, owned: &[bool], shades: &[f32]) -> Result<Layer> {
    let darkened = |plane: &Vec<f32>| plane.iter().zip(shades).map(|(value, shade)| value * (1.0 - shade)).collect();
    let behind = &Planes::new(behind.size(), behind.colour().iter().map(darkened).collect(), None)?;
    let matte = Matte::new(&view.planes, &view.finite, owned, Some(behind))?;
    let mut layer = Layer { colours: vec![Vec::with_capacity(owned.len()); behind.colour().len()], alpha: Vec::with_capacity(owned.len()) };
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
        layer.alpha.push(with_shade);
        for ((plane, shown), behind) in layer.colours.iter_mut().zip(view.planes.colour()).zip(behind.colour()) {
            let own = match alpha {
                1.0 => shown[index],
                LEAST_ALPHA..1.0 => {
                    let own = behind[index] + (shown[index] - behind[index]) / alpha;
                    // Beyond the range that pictures show, only rounding and noise lead.
                    own.clamp(shown[index].min(0.0), shown[index].max(1.0))
                }
                _ => shown[colour_at],
            };
            plane.push(own * own_share);
        }
    }
    Ok(layer)
}

/// The least alpha with which a colour of 0 … 1 over another one makes the shown one.
fn least_share((shown, behind): (f32, f32)) -> f32 {
    let end = if shown > behind { shown.max(1.0) } else { shown.min(0.0) };
    if shown.total_cmp(&behind).is_eq() { 0.0 } else { ((shown - behind) / (end - behind)).min(1.0) }
}

#[cfg(test)]
mod tests;
