//! Gaussian mixture models of colours.

use crate::lab::Lab;

/// Maximal number of Gaussians.
const MOST: usize = 5;
/// Number of iterations of assigning cells to Gaussians and fitting these.
const ROUNDS: usize = 3;
/// Added to each variance, in squared Lab units: the noise of any picture. Without it a Gaussian of a single colour would exclude similar colours.
const NOISE: f64 = 3.0;
/// Upper limit of the cost (negative log density): a uniform density over all colours with a share of 1 %.
const ANY: f32 = 19.6;

/// A normal distribution with its weight in the mixture.
#[derive(Clone, Copy)]
struct Gaussian {
    mean: [f32; 3],
    /// The inverse of the covariance: xx, xy, xz, yy, yz, zz.
    inverse: [f32; 6],
    /// −ln(share) + ½·ln(det(2π·covariance)).
    constant: f32,
}

impl Gaussian {
    /// The negative logarithm of its weighted density at a colour.
    fn cost(&self, colour: Lab) -> f32 {
        let [x, y, z] = [colour[0] - self.mean[0], colour[1] - self.mean[1], colour[2] - self.mean[2]];
        let [xx, xy, xz, yy, yz, zz] = self.inverse;
        self.constant + 0.5 * (xx * x * x + yy * y * y + zz * z * z) + xy * x * y + xz * x * z + yz * y * z
    }
}

/// Sums over colours, from which mean and covariance are computed.
#[derive(Clone, Copy, Default)]
struct Moments {
    weight: f64,
    sum: [f64; 3],
    /// xx, xy, xz, yy, yz, zz.
    products: [f64; 6],
}

impl Moments {
    fn add(&mut self, colour: Lab) {
        let [x, y, z] = colour.map(f64::from);
        self.weight += 1.0;
        for (sum, value) in self.sum.iter_mut().zip([x, y, z]) {
            *sum += value;
        }
        for (sum, value) in self.products.iter_mut().zip([x * x, x * y, x * z, y * y, y * z, z * z]) {
            *sum += value;
        }
    }

    fn mean(&self) -> [f64; 3] {
        self.sum.map(|sum| sum / self.weight)
    }

    /// The covariance plus noise on the diagonal: xx, xy, xz, yy, yz, zz.
    fn covariance(&self) -> [f64; 6] {
        let [x, y, z] = self.mean();
        let means = [x * x, x * y, x * z, y * y, y * z, z * z];
        let mut covariance = [0.0; 6];
        for ((value, product), mean) in covariance.iter_mut().zip(self.products).zip(means) {
            *value = product / self.weight - mean;
        }
        // Rounding errors may make a variance negative.
        for diagonal in [0, 3, 5] {
            covariance[diagonal] = covariance[diagonal].max(0.0) + NOISE;
        }
        covariance
    }

    /// The direction of the largest variance, by power iteration, and that variance.
    fn widest(&self) -> ([f64; 3], f64) {
        let [xx, xy, xz, yy, yz, zz] = self.covariance();
        // An initial vector that is not perpendicular to typical axes.
        let (mut axis, mut length) = ([1.0, 0.71, 0.43], 1.0);
        for _ in 0..20 {
            let [x, y, z] = axis;
            let image = [xx * x + xy * y + xz * z, xy * x + yy * y + yz * z, xz * x + yz * y + zz * z];
            length = image.iter().map(|value| value * value).sum::<f64>().sqrt();
            axis = image.map(|value| value / length);
        }
        (axis, length)
    }

    fn gaussian(&self, total: f64) -> Gaussian {
        let [xx, xy, xz, yy, yz, zz] = self.covariance();
        let minors = [yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy, xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy];
        let determinant = (xx * minors[0] + xy * minors[1] + xz * minors[2]).max(NOISE.powi(3));
        let volume = 3.0 * (2.0 * std::f64::consts::PI).ln() + determinant.ln();
        Gaussian {
            mean: self.mean().map(|value| value as f32),
            inverse: minors.map(|minor| (minor / determinant) as f32),
            constant: (0.5 * volume - (self.weight / total).ln()) as f32,
        }
    }
}

/// A mixture of at most five Gaussians and a uniform density.
pub(crate) struct Mixture {
    gaussians: Vec<Gaussian>,
}

impl Mixture {
    /// The mixture fitted to some colours. The initial groups come from splitting the group with the largest variance along its main axis (Orchard and Bouman
    /// 1991), which is deterministic. Without colours only the uniform density is left.
    pub(crate) fn of(colours: &[Lab]) -> Self {
        if colours.is_empty() {
            return Self { gaussians: Vec::new() };
        }
        let total = colours.len() as f64;
        let mut groups = vec![0_u8; colours.len()];
        let mut moments = vec![moments_of(colours, &groups, 0)];
        while moments.len() < MOST {
            let (widest, axis) = widest_group(&moments);
            let Some(axis) = axis else { break };
            let mean = moments[widest].mean();
            let new = moments.len() as u8;
            for (group, colour) in groups.iter_mut().zip(colours).filter(|(group, _)| usize::from(**group) == widest) {
                let along: f64 = (0..3).map(|k| axis[k] * (f64::from(colour[k]) - mean[k])).sum();
                if along > 0.0 {
                    *group = new;
                }
            }
            let (one, other) = (moments_of(colours, &groups, widest as u8), moments_of(colours, &groups, new));
            if one.weight == 0.0 || other.weight == 0.0 {
                break;
            }
            moments[widest] = one;
            moments.push(other);
        }
        let mut mixture = Self { gaussians: moments.iter().map(|moments| moments.gaussian(total)).collect() };
        for _ in 0..ROUNDS {
            mixture.fit(colours);
        }
        mixture
    }

    /// Assigns each colour to its most likely Gaussian and fits these again; a Gaussian without colours is removed.
    fn fit(&mut self, colours: &[Lab]) {
        let mut moments = vec![Moments::default(); self.gaussians.len()];
        for colour in colours {
            let costs = self.gaussians.iter().map(|gaussian| gaussian.cost(*colour)).enumerate();
            if let Some((nearest, _)) = costs.min_by(|a, b| a.1.total_cmp(&b.1)) {
                moments[nearest].add(*colour);
            }
        }
        let total = colours.len() as f64;
        self.gaussians = moments.iter().filter(|moments| moments.weight > 0.0).map(|moments| moments.gaussian(total)).collect();
    }

    /// The negative logarithm of the density at a colour, approximated by that of the most likely Gaussian.
    pub(crate) fn cost(&self, colour: Lab) -> f32 {
        self.gaussians.iter().map(|gaussian| gaussian.cost(colour)).fold(ANY, f32::min)
    }
}

fn moments_of(colours: &[Lab], groups: &[u8], group: u8) -> Moments {
    let mut moments = Moments::default();
    for (colour, _) in colours.iter().zip(groups).filter(|(_, of)| **of == group) {
        moments.add(*colour);
    }
    moments
}

/// The group with the largest variance times number of colours, and its main axis; no axis if all variances are within the noise.
fn widest_group(moments: &[Moments]) -> (usize, Option<[f64; 3]>) {
    let mut best = (0, None, 0.0);
    for (index, moments) in moments.iter().enumerate() {
        let (axis, variance) = moments.widest();
        let spread = moments.weight * variance;
        if variance > 1.5 * NOISE && spread > best.2 {
            best = (index, Some(axis), spread);
        }
    }
    (best.0, best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_colour_that_was_seen_is_likely_and_others_are_not() {
        let seen = [[20.0, 0.0, 0.0], [80.0, 0.0, 0.0], [50.0, 60.0, 40.0], [50.0, -60.0, 40.0]];
        let colours: Vec<Lab> = (0..400).map(|k| seen[k % 4].map(|value| value + (k / 4 % 5) as f32 * 0.5)).collect();
        let mixture = Mixture::of(&colours);
        assert!((4..=MOST).contains(&mixture.gaussians.len()));
        for colour in seen {
            assert!(mixture.cost(colour) < 9.0, "{colour:?} costs {}", mixture.cost(colour));
        }
        for colour in [[50.0, 0.0, 0.0], [50.0, 0.0, 40.0], [20.0, 60.0, 40.0]] {
            assert!((mixture.cost(colour) - ANY).abs() < 1e-6, "{colour:?} costs {}", mixture.cost(colour));
        }
    }

    #[test]
    fn the_density_of_one_gaussian_is_that_of_the_formula() {
        // Variances of 4 and 1 along two axes and 0 along the third, plus the noise.
        let colours: Vec<Lab> = [(-2.0, -1.0), (-2.0, 1.0), (2.0, -1.0), (2.0, 1.0)].map(|(l, a)| [50.0 + l, a, 10.0]).to_vec();
        let mut moments = Moments::default();
        for colour in &colours {
            moments.add(*colour);
        }
        let gaussian = moments.gaussian(4.0);
        let variances = [4.0 + NOISE, 1.0 + NOISE, NOISE];
        for offset in [[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [1.0, -2.0, 4.0]] {
            let expected: f64 =
                offset.iter().zip(variances).map(|(x, v): (&f64, f64)| 0.5 * (x * x / v + (std::f64::consts::TAU * v).ln())).sum();
            let found = gaussian.cost([50.0 + offset[0] as f32, offset[1] as f32, 10.0 + offset[2] as f32]);
            assert!((f64::from(found) - expected).abs() < 1e-3, "{offset:?}: {found} instead of {expected}");
        }
    }

    #[test]
    fn few_colours_are_enough() {
        for (colours, gaussians) in [(vec![], 0), (vec![[50.0, 1.0, 2.0]; 7], 1), (vec![[0.0; 3], [90.0, 0.0, 0.0]], 2)] {
            let mixture = Mixture::of(&colours);
            assert_eq!(mixture.gaussians.len(), gaussians);
            assert!(mixture.cost([50.0, 1.0, 2.0]).is_finite());
        }
    }
}
