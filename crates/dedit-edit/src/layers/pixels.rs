//! The pixels of a layer, in the making.

use super::ItemLayer;
use crate::error::Result;
use crate::geometry::Rect;
use crate::image::{Depth, Planes};

/// Straight alpha and colours, row by row.
pub(super) struct LayerPixels {
    colours: Vec<Vec<f32>>,
    alpha: Vec<f32>,
}

impl LayerPixels {
    pub(super) fn new(colours: usize, count: usize) -> Self {
        Self { colours: vec![Vec::with_capacity(count); colours], alpha: Vec::with_capacity(count) }
    }

    /// Adds a pixel.
    pub(super) fn push(&mut self, alpha: f32, colours: impl Iterator<Item = f32>) {
        self.alpha.push(alpha);
        self.colours.iter_mut().zip(colours).for_each(|(plane, value)| plane.push(value));
    }

    /// Multiplies alpha with that of the picture.
    pub(super) fn limit(&mut self, own: &[f32]) {
        self.alpha.iter_mut().zip(own).for_each(|(alpha, own)| *alpha *= own);
    }

    /// The visible part, which lies in `rect` of the picture; `None` where nothing is visible.
    pub(super) fn into_layer(self, item: &str, rect: Rect, depth: Depth) -> Result<Option<ItemLayer>> {
        let visible = (0..self.alpha.len()).filter(|index| self.alpha[*index] > 0.0);
        let Some(tight) = Rect::around(rect.size()?, visible) else { return Ok(None) };
        let picture = Planes::new(rect.size()?, self.colours, Some(self.alpha))?.to_image(depth)?.crop(tight)?;
        let rect = Rect { x: rect.x + tight.x, y: rect.y + tight.y, ..tight };
        Ok(Some(ItemLayer { item: item.to_owned(), rect, picture }))
    }
}

/// The colours of a plate in a shadow that takes these shares of the light.
pub(super) fn darkened(behind: &Planes, shades: &[f32]) -> Result<Planes> {
    let darkened = |plane: &Vec<f32>| plane.iter().zip(shades).map(|(value, shade)| value * (1.0 - shade)).collect();
    Planes::new(behind.size(), behind.colour().iter().map(darkened).collect(), None)
}

/// The least alpha with which a colour of 0 … 1 over another one makes the shown one.
pub(super) fn least_share((shown, behind): (f32, f32)) -> f32 {
    let end = if shown > behind { shown.max(1.0) } else { shown.min(0.0) };
    if shown.total_cmp(&behind).is_eq() { 0.0 } else { ((shown - behind) / (end - behind)).min(1.0) }
}

/// The colour that makes the shown one with what is behind.
pub(super) fn own_colour((shown, behind): (f32, f32), alpha: f32) -> f32 {
    if alpha <= 0.0 || alpha >= 1.0 {
        return shown;
    }
    // Beyond the range that pictures show, only rounding and noise lead.
    (behind + (shown - behind) / alpha).clamp(shown.min(0.0), shown.max(1.0))
}
