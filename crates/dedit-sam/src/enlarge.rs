//! Masks of the decoder's size enlarged to that of the picture, in the two steps of the reference: to the square input, and its part to the picture.

use rayon::prelude::*;

use crate::resize::Frame;

/// For an output pixel: the two input pixels, and the share of the second.
type Step = (usize, usize, f32);

/// PyTorch's bilinear interpolation with `align_corners=False` along one side.
fn steps(from: usize, to: usize, count: usize) -> Vec<Step> {
    let scale = from as f32 / to as f32;
    let step = |place: usize| {
        let at = (scale * (place as f32 + 0.5) - 0.5).max(0.0);
        let first = (at as usize).min(from - 1);
        (first, (first + 1).min(from - 1), at - first as f32)
    };
    (0..count).map(step).collect()
}

/// `source`, rows of `stride`, at the places of `across` and `down`.
fn interpolate(source: &[f32], stride: usize, across: &[Step], down: &[Step]) -> Vec<f32> {
    let mut result = vec![0.0; across.len() * down.len()];
    result.par_chunks_mut(across.len()).zip(down).for_each(|(line, (top, bottom, share))| {
        let (top, bottom) = (&source[top * stride..][..stride], &source[bottom * stride..][..stride]);
        for (value, (left, right, along)) in line.iter_mut().zip(across) {
            let upper = (1.0 - along) * top[*left] + along * top[*right];
            let lower = (1.0 - along) * bottom[*left] + along * bottom[*right];
            *value = (1.0 - share) * upper + share * lower;
        }
    });
    result
}

/// The logits of every pixel of the picture, row-major, from `low` × `low` logits of the square input.
///
/// # Panics
/// Where there are fewer logits than that.
pub fn enlarge(logits: &[f32], low: usize, frame: &Frame) -> Vec<f32> {
    let [width, height] = frame.input;
    let input = interpolate(logits, low, &steps(low, frame.side, width), &steps(low, frame.side, height));
    let (across, down) = (frame.picture.width(), frame.picture.height());
    if [across, down] == frame.input {
        return input;
    }
    interpolate(&input, width, &steps(width, across, across), &steps(height, down, down))
}
