//! Results against the truth.

use anyhow::{Context as _, Result};
use image::RgbImage;
use image_compare::Algorithm;
use serde::{Deserialize, Serialize};

use super::case::{Asked, Case, SIDE};
use super::classifier::Classifier;
use super::method::Results;

/// A scene edited in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Whether what replaced the first toy is named as what was asked for, and whether it is still named as the old one.
    pub(super) replaced: bool,
    pub(super) still_old: bool,
    /// Whether the first toy in another colour is named so.
    pub(super) augmented: bool,
    /// dB in the pixels that the toy leaves, against the scene without it.
    pub(super) removal_psnr: f64,
    /// dB in the pixels that it leaves and those it goes to, against the scene with it there.
    pub(super) move_psnr: f64,
    /// dB of the whole picture, and of the picture through the autoencoder alone.
    pub(super) reconstruction_psnr: f64,
    pub(super) ceiling_psnr: f64,
    pub(super) reconstruction_ssim: f64,
    pub(super) ceiling_ssim: f64,
    /// Pixels of other toys that changed, over all edits of the first.
    pub(super) leak_pixels: usize,
    /// How much stronger the step across the region's border is than in the truth, levels of 255: after the removal.
    pub(super) seam: f64,
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

impl Measured {
    pub(super) fn of(case: &Case, results: &Results, classifier: &Classifier) -> Result<Self> {
        let original = &case.drawing.picture;
        let replaced = classifier.look(results.of(Asked::Replace), case.extent())?;
        let augmented = classifier.look(results.of(Asked::Augment), case.extent())?;
        let leaks = [Asked::Replace, Asked::Augment, Asked::Move, Asked::Remove].map(|asked| leaked(case, results.of(asked)));
        Ok(Self {
            replaced: replaced.is(&case.other),
            still_old: replaced.is(&case.scene.toys[0]),
            augmented: augmented.is(&case.recoloured),
            removal_psnr: removal_psnr(case, results.of(Asked::Remove)),
            move_psnr: move_psnr(case, results.of(Asked::Move)),
            reconstruction_psnr: psnr(results.of(Asked::Reconstruct), original, |_| true),
            ceiling_psnr: psnr(&results.ceiling, original, |_| true),
            reconstruction_ssim: ssim(results.of(Asked::Reconstruct), original)?,
            ceiling_ssim: ssim(&results.ceiling, original)?,
            leak_pixels: leaks.iter().sum(),
            seam: seam(case, results.of(Asked::Remove)) - seam(case, &case.removed.picture),
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

fn removal_psnr(case: &Case, picture: &RgbImage) -> f64 {
    psnr(picture, &case.removed.picture, |index| case.is_first(index))
}

fn move_psnr(case: &Case, picture: &RgbImage) -> f64 {
    psnr(picture, &case.moved.picture, |index| case.is_first(index) || case.moved.labels.as_raw()[index] == 1)
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
