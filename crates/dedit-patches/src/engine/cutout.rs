//! Cutting an item out: its colours without those of the ground, and how much of each pixel it covers.

use dedit_edit::{Image, NearestSites, Rect, Result, Segmentation};

use super::layer::Layer;
use super::pixels::{Window, read};

/// How far from the outline pixels may show both the item and the ground.
const BAND: f32 = 2.3;
/// From this distance on, pixels show one of them alone.
const CORE: f32 = 2.5;
/// Item and ground closer than this cannot be told apart in a mixture.
const LEAST_CONTRAST: f32 = 0.06;
/// How far off the line between both colours a mixture may lie, as a share of their distance.
const OFF_LINE: f32 = 0.2;
/// A pixel this many standard deviations off the colours of its own side is a mixture.
const OUTLYING: f32 = 2.0;

/// An item, cut out: alpha, then its colours.
pub(super) fn cut_out(picture: &Image, items: &Segmentation, item: usize, colours: usize) -> Result<Layer> {
    let rect = items.bounding_boxes()[item].grown(4, picture.size());
    let window = read(picture, rect, colours)?;
    let width = picture.size().width();
    let owned: Vec<bool> = (0..rect.width * rect.height)
        .map(|index| items.owns(item, (rect.y + index / rect.width) * width + rect.x + index % rect.width))
        .collect();
    let matte = Matte::new(&window, rect, &owned)?;
    let mut planes = vec![Vec::with_capacity(owned.len()); colours + 1];
    for (index, is_owned) in owned.iter().enumerate() {
        let (alpha, from) = matte.as_ref().map_or((f32::from(u8::from(*is_owned)), index), |matte| matte.at(index));
        let alpha = if window.finite[from] { alpha } else { 0.0 };
        planes[0].push(alpha);
        for (plane, colour) in planes[1..].iter_mut().zip(window.planes.colour()) {
            plane.push(colour[from] * alpha);
        }
    }
    Ok(Layer { rect, planes })
}

/// Finds the pixels that show a mixture of the item and the ground.
struct Matte<'a> {
    window: &'a Window,
    owned: &'a [bool],
    /// The nearest pixel of the item, and of the ground.
    item: NearestSites,
    ground: NearestSites,
    /// The nearest pixels that show one of them alone.
    item_core: NearestSites,
    ground_core: NearestSites,
    /// Standard deviations of both.
    spread: [f32; 2],
}

impl<'a> Matte<'a> {
    /// `None` where one of the two has no pixel that shows it alone.
    fn new(window: &'a Window, rect: Rect, owned: &'a [bool]) -> Result<Option<Self>> {
        let size = rect.size()?;
        let sites = |is_site: &dyn Fn(usize) -> bool| NearestSites::new(size, is_site);
        let (Some(item), Some(ground)) = (sites(&|index| owned[index]), sites(&|index| !owned[index])) else { return Ok(None) };
        let is_item_core = |index: usize| owned[index] && ground.distance(index) >= CORE && window.finite[index];
        let is_ground_core = |index: usize| !owned[index] && item.distance(index) >= CORE && window.finite[index];
        let (Some(item_core), Some(ground_core)) = (sites(&is_item_core), sites(&is_ground_core)) else { return Ok(None) };
        let spread = [spread(window, is_item_core), spread(window, is_ground_core)];
        Ok(Some(Self { window, owned, item, ground, item_core, ground_core, spread }))
    }

    /// How much of a pixel the item covers, and the pixel that shows its colour there.
    fn at(&self, index: usize) -> (f32, usize) {
        let is_owned = self.owned[index];
        let distance = if is_owned { self.ground.distance(index) } else { self.item.distance(index) };
        let as_labelled = (f32::from(u8::from(is_owned)), index);
        if distance > BAND || (is_owned && distance > 1.5) {
            return as_labelled;
        }
        let (front, back) = (self.item_core.site(index), self.ground_core.site(index));
        let (mut along, mut length, mut square) = (0.0, 0.0, 0.0);
        for plane in self.window.planes.colour() {
            let (way, part) = (plane[front] - plane[back], plane[index] - plane[back]);
            (along, length, square) = (along + way * part, length + way * way, square + part * part);
        }
        let contrast = length.sqrt();
        if contrast < LEAST_CONTRAST {
            return as_labelled;
        }
        let share = along / length;
        let off_line = (square - share * share * length).max(0.0).sqrt();
        let outlying =
            if is_owned { (1.0 - share) * contrast > OUTLYING * self.spread[0] } else { share * contrast > OUTLYING * self.spread[1] };
        if off_line > OFF_LINE * contrast || !outlying {
            return as_labelled;
        }
        // Farther out, what looks like the item is more likely something else.
        let most = if is_owned { 1.0 } else { 1.2 - 0.4 * distance };
        match share.clamp(0.0, most) {
            share if share > 0.95 => (1.0, index),
            share if share < 0.05 => (0.0, index),
            share => (share, front),
        }
    }
}

/// The standard deviation of the luma of some pixels.
fn spread(window: &Window, of: impl Fn(usize) -> bool) -> f32 {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for index in (0..window.finite.len()).filter(|index| of(*index)) {
        let value = f64::from(window.planes.luma(index));
        (count, sum, squares) = (count + 1.0, sum + value, squares + value * value);
    }
    let mean = sum / f64::max(count, 1.0);
    (squares / f64::max(count, 1.0) - mean * mean).max(0.0).sqrt() as f32
}
