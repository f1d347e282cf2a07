//! Holes that look like the outline of a thing.

use std::f64::consts::TAU;

/// A smooth star-shaped region in the middle half of a picture, about a quarter of the shorter side wide: whether each pixel is in it, row by row.
pub(super) fn star(width: u32, height: u32, seed: u64) -> Vec<bool> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut between = |low: f64, high: f64| low + (high - low) * random.f64();
    let (middle_x, middle_y) = (between(0.25, 0.75) * f64::from(width), between(0.25, 0.75) * f64::from(height));
    let radius = between(0.12, 0.19) * f64::from(width.min(height));
    let stretch = between(0.7, 1.5);
    // Waves along the outline, the shorter the lower.
    let waves: [(f64, f64); 5] = std::array::from_fn(|wave| (between(-0.4, 0.4) / (wave + 2) as f64, between(0.0, TAU)));
    let inside = |x: u32, y: u32| {
        let (dx, dy) = ((f64::from(x) - middle_x) / stretch, (f64::from(y) - middle_y) * stretch);
        let angle = dy.atan2(dx);
        let outline = waves.iter().zip(2..).map(|((height, phase), count)| height * (f64::from(count) * angle + phase).cos());
        dx.hypot(dy) < radius * (1.0 + outline.sum::<f64>())
    };
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| inside(x, y)).collect()
}
