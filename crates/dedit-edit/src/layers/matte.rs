//! How much of each pixel an item covers.

use crate::distance::NearestSites;
use crate::error::Result;
use crate::image::Planes;

/// How far from the outline pixels may show both the item and what lies behind it.
const BAND: f32 = 2.3;
/// From this distance on, pixels show one of them alone.
const CORE: f32 = 2.5;
/// Colours closer than this cannot be told apart in a mixture.
const LEAST_CONTRAST: f32 = 0.06;
/// How far off the line between both colours a mixture may lie, as a share of their distance.
const OFF_LINE: f32 = 0.2;
/// A pixel this many standard deviations off the colours of its own side is a mixture.
const OUTLYING: f32 = 2.0;

/// How much of a pixel an item covers, and where its own colour is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// 0 … 1.
    pub alpha: f32,
    /// The row-major index of a pixel that shows the item's colour alone; the pixel itself where it is no mixture.
    pub colour_at: usize,
}

/// Finds the pixels near an item's outline that show a mixture of the item and what lies behind it: a colour on the line between that of the nearest pixel of
/// the item alone and that of the ground.
pub struct Matte<'a> {
    shown: &'a Planes,
    behind: Option<&'a Planes>,
    owned: &'a [bool],
    /// The nearest pixel of the item, and of the ground.
    item: NearestSites,
    ground: NearestSites,
    /// The nearest pixels that show one of them alone.
    item_core: NearestSites,
    ground_core: NearestSites,
    /// Standard deviations of both; of the ground, where it is known, that of what is shown from it.
    spread: [f32; 2],
    /// How far from the outline pixels may show both.
    reach: f32,
}

impl<'a> Matte<'a> {
    /// `owned` says which pixels of `shown` are the item's, row-major. `finite` are the pixels whose colours can be relied on. `behind` is the picture without the
    /// item; where that is not known, it is guessed from the nearest pixels beside the item. `None` where no pixel shows one of the two alone.
    ///
    /// # Errors
    /// `Input` where there are no pixels.
    pub fn new(shown: &'a Planes, finite: &[bool], owned: &'a [bool], behind: Option<&'a Planes>) -> Result<Option<Self>> {
        let size = shown.size();
        let sites = |is_site: &dyn Fn(usize) -> bool| NearestSites::new(size, is_site);
        let (Some(item), Some(ground)) = (sites(&|index| owned[index]), sites(&|index| !owned[index])) else { return Ok(None) };
        let is_item_core = |index: usize| owned[index] && ground.distance(index) >= CORE && finite[index];
        let is_ground_core = |index: usize| !owned[index] && item.distance(index) >= CORE && finite[index];
        let (Some(item_core), Some(ground_core)) = (sites(&is_item_core), sites(&is_ground_core)) else { return Ok(None) };
        let of_ground = match behind {
            Some(behind) => grain(shown, behind, is_ground_core),
            None => spread(shown, finite, is_ground_core),
        };
        let spread = [spread(shown, finite, is_item_core), of_ground];
        Ok(Some(Self { shown, behind, owned, item, ground, item_core, ground_core, spread, reach: BAND }))
    }

    /// Pixels up to this far from the item may show it, whatever their distance: what is behind is known, and the outline may be wrong.
    #[must_use]
    pub fn reaching(self, reach: f32) -> Self {
        Self { reach, ..self }
    }

    /// How much of a pixel the item covers.
    pub fn at(&self, index: usize) -> Coverage {
        let is_owned = self.owned[index];
        let distance = if is_owned { self.ground.distance(index) } else { self.item.distance(index) };
        let as_labelled = Coverage { alpha: f32::from(u8::from(is_owned)), colour_at: index };
        if distance > self.reach || (is_owned && distance > 1.5) {
            return as_labelled;
        }
        let front = self.item_core.site(index);
        let (back, behind) = match self.behind {
            Some(behind) => (index, behind),
            None => (self.ground_core.site(index), self.shown),
        };
        let (mut along, mut length, mut square) = (0.0, 0.0, 0.0);
        for (shown, behind) in self.shown.colour().iter().zip(behind.colour()) {
            let (way, part) = (shown[front] - behind[back], shown[index] - behind[back]);
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
        let most = if is_owned || self.reach > BAND { 1.0 } else { 1.2 - 0.4 * distance };
        match share.clamp(0.0, most) {
            share if share > 0.95 => Coverage { alpha: 1.0, colour_at: index },
            share if share < 0.05 => Coverage { alpha: 0.0, colour_at: index },
            share => Coverage { alpha: share, colour_at: front },
        }
    }
}

/// The standard deviation of the luma of some pixels.
fn spread(shown: &Planes, finite: &[bool], of: impl Fn(usize) -> bool) -> f32 {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for index in (0..finite.len()).filter(|index| of(*index)) {
        let value = f64::from(shown.luma(index));
        (count, sum, squares) = (count + 1.0, sum + value, squares + value * value);
    }
    let mean = sum / f64::max(count, 1.0);
    (squares / f64::max(count, 1.0) - mean * mean).max(0.0).sqrt() as f32
}

/// The standard deviation of the difference in luma, by its median, which shadows and other things in the picture hardly move.
fn grain(shown: &Planes, behind: &Planes, of: impl Fn(usize) -> bool) -> f32 {
    let pixels = (0..shown.size().pixels()).filter(|index| of(*index));
    let mut differences: Vec<f32> = pixels.map(|index| (shown.luma(index) - behind.luma(index)).abs()).collect();
    let middle = differences.len() / 2;
    if differences.is_empty() {
        return 0.0;
    }
    // The standard deviation of a normal distribution is 1.48 times its median absolute deviation.
    1.48 * *differences.select_nth_unstable_by(middle, f32::total_cmp).1
}
