//! Results against the truth.

use anyhow::{Context as _, Result};
use dedit_edit::Rect;
use dedit_toys::Drawing;
use image::RgbImage;
use image_compare::Algorithm;
use serde::{Deserialize, Serialize};

use super::case::{Asked, Case, SIDE};
use super::classifier::Classifier;
use super::method::Results;

/// A scene edited in one way. `None` where that edit was not done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Whether what replaced the first toy is named as what was asked for, and whether it is still named as the old one.
    pub(super) replaced: Option<bool>,
    pub(super) still_old: Option<bool>,
    /// dB in the true shape of the new toy, against the scene with it.
    pub(super) replaced_psnr: Option<f64>,
    /// In the room that the new toy gets, outside its true shape: the share that it covers nevertheless, and dB in the rest, against the scene without any toy
    /// there.
    pub(super) covered: Option<f64>,
    pub(super) ground_psnr: Option<f64>,
    /// Whether the first toy in another colour is named so.
    pub(super) augmented: Option<bool>,
    /// Whether both toys are named as each other, after they were swapped.
    pub(super) swapped: Option<bool>,
    /// dB in the pixels that the toy leaves, against the scene without it.
    pub(super) removal_psnr: Option<f64>,
    /// dB in the pixels that it leaves and those it goes to, against the scene with it there.
    pub(super) move_psnr: Option<f64>,
    /// dB in those of these that show no toy then.
    pub(super) left_psnr: Option<f64>,
    /// dB in its old pixels, against the scene with a smaller one, and in those of them that show no toy then.
    pub(super) resize_psnr: Option<f64>,
    pub(super) resize_left_psnr: Option<f64>,
    /// dB of the whole picture, and of the picture through the autoencoder alone.
    pub(super) reconstruction_psnr: Option<f64>,
    pub(super) ceiling_psnr: f64,
    pub(super) reconstruction_ssim: Option<f64>,
    pub(super) ceiling_ssim: f64,
    /// Pixels of other toys that changed, over all edits of the first alone.
    pub(super) leak_pixels: usize,
    /// How much stronger the step across the region's border is than in the truth, levels of 255: after the removal.
    pub(super) seam: Option<f64>,
    /// Seconds of one thread for the edits, without learning.
    pub(super) seconds: f64,
}

/// The same of the untouched picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Input {
    pub(super) named_new: bool,
    pub(super) named_old: bool,
    pub(super) removal_psnr: f64,
    pub(super) move_psnr: f64,
}

/// How far around the toy the border runs across which the seam is measured, pixels.
const BORDER: usize = 4;
/// The colour distance from the ground, in levels of 255, from which on a pixel shows something else.
const COVERED: f64 = 40.0;

impl Measured {
    pub(super) fn of(case: &Case, results: &Results, classifier: &Classifier) -> Result<Self> {
        let original = &case.drawing.picture;
        let look = |asked: Asked, extent| results.of(asked).map(|picture| classifier.look(picture, extent)).transpose();
        let replaced = look(Asked::Replace, case.extent())?;
        let augmented = look(Asked::Augment, case.extent())?;
        let swapped = look(Asked::Swap, case.extent())?.zip(look(Asked::Swap, case.extent_of(1))?);
        let alone = [Asked::Replace, Asked::Augment, Asked::Move, Asked::Resize, Asked::Remove];
        let reconstructed = results.of(Asked::Reconstruct);
        let of = |asked: Asked, measure: fn(&Case, &RgbImage) -> f64| results.of(asked).map(|picture| measure(case, picture));
        Ok(Self {
            replaced: replaced.map(|seen| seen.is(&case.other)),
            still_old: replaced.map(|seen| seen.is(&case.scene.toys[0])),
            replaced_psnr: of(Asked::Replace, replaced_psnr),
            covered: of(Asked::Replace, covered),
            ground_psnr: of(Asked::Replace, ground_psnr),
            augmented: augmented.map(|seen| seen.is(&case.recoloured)),
            swapped: swapped.map(|(here, there)| here.is(&case.scene.toys[1]) && there.is(&case.scene.toys[0])),
            removal_psnr: of(Asked::Remove, removal_psnr),
            move_psnr: of(Asked::Move, move_psnr),
            left_psnr: of(Asked::Move, left_psnr),
            resize_psnr: of(Asked::Resize, resize_psnr),
            resize_left_psnr: of(Asked::Resize, resize_left_psnr),
            reconstruction_psnr: reconstructed.map(|picture| psnr(picture, original, |_| true)),
            ceiling_psnr: psnr(&results.ceiling, original, |_| true),
            reconstruction_ssim: reconstructed.map(|picture| ssim(picture, original)).transpose()?,
            ceiling_ssim: ssim(&results.ceiling, original)?,
            leak_pixels: alone.into_iter().filter_map(|asked| results.of(asked)).map(|picture| leaked(case, picture)).sum(),
            seam: results.of(Asked::Remove).map(|picture| seam(case, picture) - seam(case, &case.removed.picture)),
            seconds: results.seconds,
        })
    }
}

impl Input {
    pub(super) fn of(case: &Case, classifier: &Classifier) -> Result<Self> {
        let picture = &case.drawing.picture;
        let seen = classifier.look(picture, case.extent())?;
        Ok(Self {
            named_new: seen.is(&case.other),
            named_old: seen.is(&case.scene.toys[0]),
            removal_psnr: removal_psnr(case, picture),
            move_psnr: move_psnr(case, picture),
        })
    }
}

/// Whether a pixel of a drawing belongs to its first toy.
fn is_first(drawing: &Drawing, index: usize) -> bool {
    drawing.labels.as_raw()[index] == 1
}

fn is_within(rect: Rect, index: usize) -> bool {
    rect.contains(index % SIDE as usize, index / SIDE as usize)
}

fn replaced_psnr(case: &Case, picture: &RgbImage) -> f64 {
    let extent = case.extent();
    psnr(picture, &case.replaced.picture, |index| is_first(&case.replaced, index) && is_within(extent, index))
}

/// Whether a pixel lies in the box of what was replaced, which is the room that the new thing gets, but not in its true shape, nor in the shadow that it would
/// cast, nor in another toy.
fn is_ground(case: &Case, extent: Rect, index: usize) -> bool {
    let [drawn, shadow, old] = [&case.replaced.labels, &case.replaced.shadows, &case.drawing.labels].map(|map| map.as_raw()[index]);
    is_within(extent, index) && drawn == 0 && shadow != 1 && old <= 1
}

/// Whether a pixel differs so much from the ground that something else covers it.
fn is_covered(case: &Case, picture: &RgbImage, index: usize) -> bool {
    let at = |picture: &RgbImage| -> [f64; 3] { std::array::from_fn(|channel| f64::from(picture.as_raw()[3 * index + channel])) };
    at(picture).iter().zip(at(&case.removed.picture)).map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt() > COVERED
}

/// The ground that is not covered, against the scene without any thing there.
fn ground_psnr(case: &Case, picture: &RgbImage) -> f64 {
    let extent = case.extent();
    psnr(picture, &case.removed.picture, |index| is_ground(case, extent, index) && !is_covered(case, picture, index))
}

/// The share of the ground that the new thing covers, or a halo around it.
fn covered(case: &Case, picture: &RgbImage) -> f64 {
    let extent = case.extent();
    let ground: Vec<usize> = (0..(SIDE * SIDE) as usize).filter(|index| is_ground(case, extent, *index)).collect();
    let covered = ground.iter().filter(|index| is_covered(case, picture, **index)).count();
    covered as f64 / ground.len().max(1) as f64
}

fn left_psnr(case: &Case, picture: &RgbImage) -> f64 {
    psnr(picture, &case.moved.picture, |index| case.is_first(index) && case.moved.labels.as_raw()[index] == 0)
}

fn resize_psnr(case: &Case, picture: &RgbImage) -> f64 {
    psnr(picture, &case.resized.picture, |index| case.is_first(index))
}

fn resize_left_psnr(case: &Case, picture: &RgbImage) -> f64 {
    psnr(picture, &case.resized.picture, |index| case.is_first(index) && case.resized.labels.as_raw()[index] == 0)
}

fn removal_psnr(case: &Case, picture: &RgbImage) -> f64 {
    psnr(picture, &case.removed.picture, |index| case.is_first(index))
}

fn move_psnr(case: &Case, picture: &RgbImage) -> f64 {
    psnr(picture, &case.moved.picture, |index| case.is_first(index) || is_first(&case.moved, index))
}

/// dB over the chosen pixels.
pub(super) fn psnr(picture: &RgbImage, truth: &RgbImage, chosen: impl Fn(usize) -> bool) -> f64 {
    let pixels = picture.pixels().zip(truth.pixels()).enumerate().filter(|(index, _)| chosen(*index));
    let (mut sum, mut count) = (0.0, 0.0_f64);
    for (_, (one, other)) in pixels {
        for (a, b) in one.0.iter().zip(other.0) {
            sum += (f64::from(*a) - f64::from(b)).powi(2);
            count += 1.0;
        }
    }
    // Equal pictures would be infinitely good; no deeper than what 8 bits resolve is asked for.
    -10.0 * (sum / count.max(1.0) / 255.0_f64.powi(2)).max(1e-7).log10()
}

fn ssim(picture: &RgbImage, truth: &RgbImage) -> Result<f64> {
    Ok(image_compare::rgb_similarity_structure(&Algorithm::MSSIMSimple, picture, truth).context("the pictures differ in size")?.score)
}

/// Pixels of other toys than the first that are not as they were.
fn leaked(case: &Case, picture: &RgbImage) -> usize {
    let labels = case.drawing.labels.as_raw();
    picture.pixels().zip(case.drawing.picture.pixels()).zip(labels).filter(|((one, other), label)| **label > 1 && one != other).count()
}

/// The mean step across a line a few pixels outside the first toy, in levels.
fn seam(case: &Case, picture: &RgbImage) -> f64 {
    let side = SIDE as usize;
    let near = |index: usize| {
        let (x, y) = (index % side, index / side);
        let range = |at: usize| at.saturating_sub(BORDER)..(at + BORDER + 1).min(side);
        range(y).any(|y| range(x).any(|x| case.is_first(y * side + x)))
    };
    let inside: Vec<bool> = (0..side * side).map(near).collect();
    let pixels: Vec<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
    let (mut sum, mut count) = (0.0, 0.0_f64);
    for index in 0..side * side {
        let right = (index % side + 1 < side).then_some(index + 1);
        let below = (index / side + 1 < side).then_some(index + side);
        for other in [right, below].into_iter().flatten().filter(|other| inside[index] != inside[*other]) {
            sum += pixels[index].iter().zip(pixels[other]).map(|(a, b)| f64::from(a.abs_diff(b)) / 3.0).sum::<f64>();
            count += 1.0;
        }
    }
    sum / count.max(1.0)
}
