//! Refines a mask from cells to pixels, along the edges of the picture.

use dedit_edit::Image;

use crate::lab::{Lab, lab, rgb};
use crate::view::{View, around};

/// Radius of the window of a fit, in cells.
const REACH: usize = 2;
/// Regularisation ε of the guided filter, in squared Lab units: smaller differences are noise.
const NOISE: f64 = 6.0;
/// Factor by which values are scaled about one half before they are clipped to `[0, 1]`.
const STEEPNESS: f32 = 2.0;

/// A linear function of the colour: three factors, then the constant.
type Fit = [f32; 4];

/// The mask of the cells `inside` at the resolution of the picture, row-major: 0 or 1, and values between them along the border.
///
/// The fast guided filter (He and Sun 2015): near the border the mask is a linear function of the colour in each small window. The functions are fitted to
/// the cells and applied to the pixels.
pub(crate) fn values(picture: &Image, view: &View, inside: &[bool]) -> Vec<f32> {
    let size = picture.size();
    let near = near_border(view, inside);
    let fits: Vec<Option<Fit>> = (0..inside.len()).map(|cell| near[cell].then(|| fit(view, inside, cell))).collect();
    let mut values = vec![0.0; size.pixels()];
    for (cell, x, y) in view.pixels() {
        let index = y * size.width() + x;
        values[index] = if near[cell] {
            let value = value(view, inside, &fits, lab(rgb(picture, index)), view.place(x, y));
            (0.5 + (value - 0.5) * STEEPNESS).clamp(0.0, 1.0)
        } else {
            f32::from(u8::from(inside[cell]))
        };
    }
    values
}

/// For each cell, whether a cell of the other kind is at most two cells away.
fn near_border(view: &View, inside: &[bool]) -> Vec<bool> {
    let at_border: Vec<bool> =
        (0..inside.len()).map(|cell| around(view.grid, cell).any(|(next, _)| inside[next] != inside[cell])).collect();
    (0..inside.len()).map(|cell| at_border[cell] || around(view.grid, cell).any(|(next, _)| at_border[next])).collect()
}

/// The value of a pixel: the functions of the four nearest cells, applied to its colour and interpolated bilinearly.
fn value(view: &View, inside: &[bool], fits: &[Option<Fit>], colour: Lab, (x, y): (f32, f32)) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let mut sum = 0.0;
    for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
        let weight = (1.0 - (x - left - dx).abs()) * (1.0 - (y - top - dy).abs());
        let column = (left + dx).clamp(0.0, view.grid.width() as f32 - 1.0) as usize;
        let row = (top + dy).clamp(0.0, view.grid.height() as f32 - 1.0) as usize;
        let cell = row * view.grid.width() + column;
        sum += weight
            * match fits[cell] {
                Some([l, a, b, constant]) => (l * colour[0] + a * colour[1] + b * colour[2] + constant).clamp(0.0, 1.0),
                None => f32::from(u8::from(inside[cell])),
            };
    }
    sum
}

/// Ridge regression of the mask on the colour in the window around a cell.
fn fit(view: &View, inside: &[bool], cell: usize) -> Fit {
    let (column, row) = view.grid.position(cell);
    let (mut count, mut mean, mut share) = (0.0, [0.0; 3], 0.0);
    let (mut products, mut with_mask) = ([0.0; 6], [0.0; 3]);
    for y in row.saturating_sub(REACH)..(row + REACH + 1).min(view.grid.height()) {
        for x in column.saturating_sub(REACH)..(column + REACH + 1).min(view.grid.width()) {
            let other = y * view.grid.width() + x;
            let [l, a, b] = view.colours[other].map(f64::from);
            let value = f64::from(u8::from(inside[other]));
            count += 1.0;
            share += value;
            for (k, colour) in [l, a, b].into_iter().enumerate() {
                mean[k] += colour;
                with_mask[k] += colour * value;
            }
            for (sum, product) in products.iter_mut().zip([l * l, l * a, l * b, a * a, a * b, b * b]) {
                *sum += product;
            }
        }
    }
    let [l, a, b] = mean.map(|sum| sum / count);
    let share = share / count;
    let means = [l * l, l * a, l * b, a * a, a * b, b * b];
    let mut covariance = [0.0; 6];
    for (k, value) in covariance.iter_mut().enumerate() {
        *value = products[k] / count - means[k] + if [0, 3, 5].contains(&k) { NOISE } else { 0.0 };
    }
    let right = [with_mask[0] / count - l * share, with_mask[1] / count - a * share, with_mask[2] / count - b * share];
    let slope = solved(covariance, right);
    let constant = share - slope[0] * l - slope[1] * a - slope[2] * b;
    [slope[0] as f32, slope[1] as f32, slope[2] as f32, constant as f32]
}

/// Solves a symmetric, positive definite system: xx, xy, xz, yy, yz, zz.
fn solved([xx, xy, xz, yy, yz, zz]: [f64; 6], [x, y, z]: [f64; 3]) -> [f64; 3] {
    let minors = [yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy, xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy];
    // The regularisation makes the determinant positive; the lower bound is against rounding errors.
    let determinant = (xx * minors[0] + xy * minors[1] + xz * minors[2]).max(NOISE.powi(3) / 2.0);
    [
        (minors[0] * x + minors[1] * y + minors[2] * z) / determinant,
        (minors[1] * x + minors[3] * y + minors[4] * z) / determinant,
        (minors[2] * x + minors[4] * y + minors[5] * z) / determinant,
    ]
}
