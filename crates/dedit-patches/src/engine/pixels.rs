//! The pixels of a window of a picture, as planes in which every value is finite.

use dedit_edit::{Image, Planes, Rect, Result, Samples};

/// A window of a picture.
pub(super) struct Window {
    /// Its colours; 0 where a sample is NaN or infinite. No alpha.
    pub(super) planes: Planes,
    /// Whether every sample of a pixel is finite.
    pub(super) finite: Vec<bool>,
    /// Whether anything of a pixel is visible.
    pub(super) visible: Vec<bool>,
}

/// Reads a window of a picture, with one or three colours.
pub(super) fn read(picture: &Image, rect: Rect, colours: usize) -> Result<Window> {
    let part = picture.crop(rect)?;
    let count = part.channels().count();
    let (part, finite) = match part.samples() {
        Samples::F32(samples) if samples.iter().any(|sample| !sample.is_finite()) => {
            let finite = samples.chunks_exact(count).map(|pixel| pixel.iter().all(|sample| sample.is_finite())).collect();
            let samples = samples.iter().map(|sample| if sample.is_finite() { *sample } else { 0.0 }).collect();
            (Image::new(part.size(), part.channels(), Samples::F32(samples))?, finite)
        }
        _ => {
            let finite = vec![true; part.size().pixels()];
            (part, finite)
        }
    };
    let planes = part.planes()?.with_colours(colours);
    let visible = planes.alpha().map_or_else(|| vec![true; finite.len()], |alpha| alpha.iter().map(|alpha| *alpha > 0.0).collect());
    let planes = Planes::new(planes.size(), planes.colour().to_vec(), None)?;
    Ok(Window { planes, finite, visible })
}
