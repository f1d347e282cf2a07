//! The shadow of an item, as far as it darkens the plate.

use crate::distance::NearestSites;
use crate::geometry::{Rect, Size};
use crate::image::Planes;

/// Means are taken over squares of this many pixels each way, so that grain is no shadow.
const REACH: usize = 2;
/// A shadow takes at least this share of the light, and makes colours darker by at least this much, which black things do not show.
const LEAST: f32 = 0.04;
const LEAST_STEP: f32 = 0.02;
/// Up to this distance from the item, pixels may show it in part.
const MIXED: f32 = 2.5;
/// How far a shadow may differ from that of the nearest pixels that do not show the item.
const STEEPEST: f32 = 0.15;
/// How far the colour of a shadow may be from that of the plate, darkened.
const OFF_HUE: f32 = 0.05;

/// For each pixel the share of the light, 0 … 1, that the shadow takes: of those connected with the item that are darker than the plate by the same share in
/// every colour. `is_free` says which pixels can show one. Near the outline, where pixels show the item too, it is that of the nearest pixel that does not.
pub(super) fn shades((shown, behind): (&Planes, &Planes), owned: &[bool], is_free: impl Fn(usize) -> bool) -> Vec<f32> {
    let size = shown.size();
    let mut shades = vec![0.0; owned.len()];
    let Some(item) = NearestSites::new(size, |index| owned[index]) else { return shades };
    let free: Vec<bool> = (0..owned.len()).map(|index| item.distance(index) > MIXED && is_free(index)).collect();
    let means = |planes: &Planes| -> Vec<Vec<f32>> { planes.colour().iter().map(|plane| means(plane, size, &free)).collect() };
    let means = (means(shown), means(behind));
    let near = |index: usize| item.distance(index) <= MIXED;
    let mut waiting: Vec<usize> = (0..owned.len()).filter(|index| near(*index)).collect();
    let mut seen: Vec<bool> = free.iter().map(|free| !free).collect();
    while let Some(index) = waiting.pop() {
        for next in beside(size, index) {
            if std::mem::replace(&mut seen[next], true) {
                continue;
            }
            shades[next] = share((&means.0, &means.1), next);
            if shades[next] > 0.0 {
                waiting.push(next);
            }
        }
    }
    if let Some(nearest) = NearestSites::new(size, |index| free[index]) {
        for index in (0..owned.len()).filter(|index| near(*index) && nearest.distance(*index) <= 2.0 * MIXED) {
            let beside = shades[nearest.site(index)];
            // It is darker towards the item.
            let own = share((shown.colour(), behind.colour()), index);
            shades[index] = if !owned[index] && (own - beside).abs() <= STEEPEST { own } else { beside };
        }
    }
    shades
}

/// The share of the light that a pixel lacks, if it looks like a shadow; else 0.
fn share((shown, behind): (&[Vec<f32>], &[Vec<f32>]), index: usize) -> f32 {
    let sum = |planes: &[Vec<f32>]| planes.iter().map(|plane| plane[index]).sum::<f32>();
    let (dark, light) = (sum(shown), sum(behind));
    if light - dark < LEAST_STEP * shown.len() as f32 {
        return 0.0;
    }
    let share = 1.0 - dark / light;
    let off = |(shown, behind): (&Vec<f32>, &Vec<f32>)| (shown[index] - behind[index] * (1.0 - share)).abs();
    let is_shadow = (LEAST..1.0).contains(&share) && shown.iter().zip(behind).map(off).fold(0.0, f32::max) <= OFF_HUE;
    if is_shadow { share } else { 0.0 }
}

/// The four pixels beside one, of those in the picture.
pub(super) fn beside(size: Size, index: usize) -> impl Iterator<Item = usize> {
    let (x, y) = size.position(index);
    let (width, height) = (size.width(), size.height());
    let sides =
        [(x > 0, index.wrapping_sub(1)), (x + 1 < width, index + 1), (y > 0, index.wrapping_sub(width)), (y + 1 < height, index + width)];
    sides.into_iter().filter_map(|(is_there, index)| is_there.then_some(index))
}

/// The mean of the pixels around each one, of those that count.
fn means(plane: &[f32], size: Size, counts: &[bool]) -> Vec<f32> {
    let mean = |index: usize| {
        let (x, y) = size.position(index);
        let around = Rect { x, y, width: 1, height: 1 }.grown(REACH, size);
        let (mut sum, mut count) = (0.0, 0.0);
        for row in around.y..around.bottom() {
            let start = row * size.width();
            for other in (start + around.x..start + around.right()).filter(|other| counts[*other]) {
                (sum, count) = (sum + plane[other], count + 1.0);
            }
        }
        sum / f32::max(count, 1.0)
    };
    (0..plane.len()).map(|index| if counts[index] { mean(index) } else { 0.0 }).collect()
}
