//! Light and colour of an item from elsewhere, matched to its new surroundings.

use dedit_edit::{Image, Rect, Result, Segmentation, Window};

use super::area::pixels;
use super::layer::Layer;

/// What surrounds an item, on average.
struct Surroundings {
    /// Mean of each colour.
    means: Vec<f32>,
    /// Standard deviation of the luma.
    contrast: f32,
}

/// Surroundings that could not be measured count for nothing.
const FEWEST: usize = 20;
/// How far colours may be scaled, before the square root that goes half of the way.
const MOST_GAIN: f32 = 1.6;
/// Likewise for the contrast.
const MOST_CONTRAST: f32 = 1.4;

/// Scales a cut-out's colours and contrast half of the way from the surroundings it has (box `from` in its own picture) to those it gets (box `to`).
pub(super) fn relight(
    layer: &mut Layer,
    (own, own_items, item): (&Image, &Segmentation, usize),
    (picture, items, to, replaced): (&Image, &Segmentation, Rect, usize),
) -> Result<()> {
    let colours = layer.planes.len() - 1;
    let from = own_items.bounding_boxes()[item];
    let old = surroundings(own, own_items, from, item, colours)?;
    let new = surroundings(picture, items, to, replaced, colours)?;
    let (Some(old), Some(new)) = (old, new) else { return Ok(()) };
    let limited = |ratio: f32, most: f32| ratio.clamp(1.0 / most, most).sqrt();
    let contrast = limited((new.contrast + 0.02) / (old.contrast + 0.02), MOST_CONTRAST);
    let Some((alpha, colour)) = layer.planes.split_first_mut() else { return Ok(()) };
    let covered: f32 = alpha.iter().sum();
    for ((plane, old), new) in colour.iter_mut().zip(&old.means).zip(&new.means) {
        let gain = limited((new.max(0.0) + 0.02) / (old.max(0.0) + 0.02), MOST_GAIN);
        let mean = plane.iter().sum::<f32>() / covered.max(1.0);
        for (value, alpha) in plane.iter_mut().zip(&*alpha) {
            let matched = (mean * alpha + (*value - mean * alpha) * contrast) * gain;
            *value = if *value >= 0.0 && *value <= *alpha { matched.clamp(0.0, *alpha) } else { matched };
        }
    }
    Ok(())
}

/// What lies around a box, without the item itself.
fn surroundings(picture: &Image, items: &Segmentation, rect: Rect, item: usize, colours: usize) -> Result<Option<Surroundings>> {
    let around = rect.grown((rect.width.max(rect.height) / 2).max(8), picture.size());
    let window = Window::read(picture, around, colours)?;
    let width = picture.size().width();
    let (mut count, mut means, mut sum, mut squares) = (0, vec![0.0; colours], 0.0, 0.0);
    for (index, (x, y)) in pixels(around).enumerate() {
        if items.owns(item, y * width + x) || !window.finite[index] || !window.is_visible(index) {
            continue;
        }
        let value = f64::from(window.planes.luma(index));
        (count, sum, squares) = (count + 1, sum + value, squares + value * value);
        means.iter_mut().zip(window.planes.colour()).for_each(|(mean, plane)| *mean += f64::from(plane[index]));
    }
    if count < FEWEST {
        return Ok(None);
    }
    let count = count as f64;
    let contrast = (squares / count - (sum / count).powi(2)).max(0.0).sqrt() as f32;
    Ok(Some(Surroundings { means: means.into_iter().map(|mean| (mean / count) as f32).collect(), contrast }))
}
