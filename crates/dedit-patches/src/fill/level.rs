//! One resolution of the picture around the hole.

use dedit_edit::Planes;

/// Steps of a colour value from one grey level (1/255) to the next.
pub(super) const STEPS: f32 = 4.0;
/// The region of pixels that belong to any.
pub(super) const ANY: u16 = u16::MAX;

/// Red, green and blue in [`STEPS`] per grey level, and a zero.
pub(super) type Colour = [i16; 4];

/// A picture of one resolution, row-major.
#[derive(Debug, Clone)]
pub(super) struct Level {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) colour: Vec<Colour>,
    /// Pixels to fill.
    pub(super) hole: Vec<bool>,
    /// Pixels that may be copied; none of the hole.
    pub(super) source: Vec<bool>,
    /// The region of each pixel.
    pub(super) region: Vec<u16>,
}

/// Values beyond 0 … 1 are compressed, so that a light source of a thousand times white is not all that a comparison sees.
pub(crate) fn compressed(value: f32) -> f32 {
    let size = value.abs();
    if size <= 1.0 { value } else { (1.0 + size.ln()).copysign(value) }
}

/// The inverse of [`compressed`].
pub(crate) fn expanded(value: f32) -> f32 {
    let size = value.abs();
    if size <= 1.0 { value } else { (size - 1.0).exp().copysign(value) }
}

/// A value in 0 … 1 (beyond: compressed) as it is compared: at most 2550 steps apart, so that the squared differences of a patch of 9×9 fit into 32 bits.
fn step(value: f32) -> i16 {
    (compressed(value).clamp(-0.5, 2.0) * 255.0 * STEPS).round() as i16
}

impl Level {
    /// The finest level. Grey is repeated in the three channels.
    pub(super) fn of_picture(picture: &Planes, hole: &[bool], sources: &[bool], regions: Option<&[u16]>) -> Self {
        let (colour, size) = (picture.colour(), picture.size());
        let plane = |channel: usize| &colour[channel.min(colour.len() - 1)];
        let (red, green, blue) = (plane(0), plane(1), plane(2));
        let finite = |index: usize| colour.iter().all(|plane| plane[index].is_finite());
        let pixels = 0..size.pixels();
        Self {
            width: size.width(),
            height: size.height(),
            colour: pixels.clone().map(|at| [step(red[at]), step(green[at]), step(blue[at]), 0]).collect(),
            hole: hole.to_vec(),
            source: pixels.map(|at| sources[at] && !hole[at] && finite(at)).collect(),
            region: regions.map_or_else(|| vec![ANY; size.pixels()], <[u16]>::to_vec),
        }
    }

    /// Pixels of the hole, in row-major order.
    pub(super) fn hole_pixels(&self) -> Vec<u32> {
        (0..self.hole.len() as u32).filter(|at| self.hole[*at as usize]).collect()
    }

    /// Length of the diagonal, pixels.
    pub(super) fn diagonal(&self) -> f32 {
        (self.width as f32).hypot(self.height as f32)
    }

    /// Column and row of a pixel.
    pub(super) fn position(&self, at: usize) -> (i32, i32) {
        ((at % self.width) as i32, (at / self.width) as i32)
    }

    /// The pixel at a column and row; `None` outside.
    pub(super) fn at(&self, x: i32, y: i32) -> Option<usize> {
        let within = x >= 0 && y >= 0 && x < self.width as i32 && y < self.height as i32;
        within.then(|| y as usize * self.width + x as usize)
    }

    /// The existing neighbours above, below, left and right.
    pub(super) fn neighbours(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let (x, y, width, height) = (at % self.width, at / self.width, self.width, self.height);
        let near = [(x > 0, at.wrapping_sub(1)), (x + 1 < width, at + 1), (y > 0, at.wrapping_sub(width)), (y + 1 < height, at + width)];
        near.into_iter().filter(|(exists, _)| *exists).map(|(_, near)| near)
    }

    /// Whether a pixel of the hole may be copied from a pixel.
    #[inline]
    pub(super) fn may_copy(&self, to: usize, from: usize) -> bool {
        self.source[from] && (self.region[to] == ANY || self.region[to] == self.region[from])
    }

    /// Whether two pixels are of one region, as far as known.
    pub(super) fn is_same(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.region[one], self.region[other]);
        one == other || one == ANY || other == ANY
    }

    /// The distance of each pixel of the hole from what is known, pixels (chamfer); 0 outside the hole.
    pub(super) fn depth(&self) -> Vec<f32> {
        const DIAGONAL: f32 = std::f32::consts::SQRT_2;
        let (w, h) = (self.width, self.height);
        let mut depth: Vec<f32> = self.hole.iter().map(|hole| if *hole { 1e6 } else { 0.0 }).collect();
        let inside = self.hole_pixels();
        for at in inside.iter().map(|at| *at as usize) {
            let (x, y) = (at % w, at / w);
            let mut nearest = depth[at];
            if x > 0 {
                nearest = nearest.min(depth[at - 1] + 1.0);
            }
            if y > 0 {
                nearest = nearest.min(depth[at - w] + 1.0);
                if x > 0 {
                    nearest = nearest.min(depth[at - w - 1] + DIAGONAL);
                }
                if x + 1 < w {
                    nearest = nearest.min(depth[at - w + 1] + DIAGONAL);
                }
            }
            depth[at] = nearest;
        }
        for at in inside.iter().rev().map(|at| *at as usize) {
            let (x, y) = (at % w, at / w);
            let mut nearest = depth[at];
            if x + 1 < w {
                nearest = nearest.min(depth[at + 1] + 1.0);
            }
            if y + 1 < h {
                nearest = nearest.min(depth[at + w] + 1.0);
                if x + 1 < w {
                    nearest = nearest.min(depth[at + w + 1] + DIAGONAL);
                }
                if x > 0 {
                    nearest = nearest.min(depth[at + w - 1] + DIAGONAL);
                }
            }
            depth[at] = nearest;
        }
        depth
    }

    /// Half the resolution: colours by a Gaussian over known pixels alone; a pixel is of the hole, or no source, where one of the four that it covers is.
    pub(super) fn halved(&self) -> Self {
        let (w, h) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let rows = self.halved_rows(w);
        let mut half = Self {
            width: w,
            height: h,
            colour: vec![[0; 4]; w * h],
            hole: vec![false; w * h],
            source: vec![false; w * h],
            region: vec![ANY; w * h],
        };
        for y in 0..h {
            for x in 0..w {
                let mut sum = [0.0f32; 4];
                for (weight, row) in taps(y, self.height) {
                    for (sum, value) in sum.iter_mut().zip(rows[row * w + x]) {
                        *sum += weight * value;
                    }
                }
                let at = y * w + x;
                let covered =
                    || (2 * y..(2 * y + 2).min(self.height)).flat_map(|y| (2 * x..(2 * x + 2).min(self.width)).map(move |x| (x, y)));
                half.hole[at] = covered().any(|(x, y)| self.hole[y * self.width + x]) || sum[3] < 1e-6;
                half.source[at] = !half.hole[at] && covered().all(|(x, y)| self.source[y * self.width + x]);
                // Within the hole the region of a pixel of the hole counts, not of one beside it.
                let (first_x, first_y) = covered().find(|(x, y)| self.hole[y * self.width + x] == half.hole[at]).unwrap_or((2 * x, 2 * y));
                half.region[at] = self.region[first_y * self.width + first_x];
                if sum[3] >= 1e-6 {
                    half.colour[at] = [sum[0], sum[1], sum[2], 0.0].map(|value| (value / sum[3]).round() as i16);
                }
            }
        }
        half
    }

    /// Rows of half the width: sums of known colours, and of their weights.
    fn halved_rows(&self, w: usize) -> Vec<[f32; 4]> {
        let mut rows = vec![[0.0; 4]; w * self.height];
        for y in 0..self.height {
            for x in 0..w {
                let mut sum = [0.0f32; 4];
                for (weight, column) in taps(x, self.width) {
                    let at = y * self.width + column;
                    if !self.hole[at] {
                        let [red, green, blue, _] = self.colour[at].map(f32::from);
                        for (sum, value) in sum.iter_mut().zip([red, green, blue, 1.0]) {
                            *sum += weight * value;
                        }
                    }
                }
                rows[y * w + x] = sum;
            }
        }
        rows
    }
}

/// Weights and positions, of `length`, that make pixel `at` of half the resolution: a Gaussian of σ = 0.9 pixels.
fn taps(at: usize, length: usize) -> impl Iterator<Item = (f32, usize)> {
    const WEIGHTS: [f32; 6] = [0.021_1, 0.249_4, 0.857_1, 0.857_1, 0.249_4, 0.021_1];
    let positions = WEIGHTS.into_iter().zip(0..).map(move |(weight, offset)| (weight, (2 * at + offset).wrapping_sub(2)));
    positions.filter(move |(_, position)| *position < length)
}
