//! The generated part brought to the colours around it.

use crate::error::Result;
use crate::image::Planes;
use crate::mask::ItemMask;

/// Below this deviation (0 … 1 scale) a plane counts as flat, and scaling it would only scale noise.
const FLAT: f64 = 1e-3;
/// The most by which contrast is changed, either way: more would show that the ring is not like the region it surrounds.
const MOST: f64 = 2.0;

/// A gain and an offset per colour plane that give a generated picture, in a ring around what it replaces, the mean and the deviation of the original
/// there.
#[derive(Debug, Clone, PartialEq)]
pub struct ColourMatch {
    lines: Vec<(f64, f64)>,
}

impl ColourMatch {
    /// Measures both pictures (same size, same planes) where `ring` is above zero, weighted by its values. An empty ring gives the identity. Gains stay
    /// within ½ … 2, and are 1 where either picture is flat.
    pub fn measure(original: &Planes, generated: &Planes, ring: &ItemMask) -> Result<Self> {
        ring.check_size(original.size())?;
        ring.check_size(generated.size())?;
        let generated = generated.clone().with_colours(original.colour().len());
        let pairs = original.colour().iter().zip(generated.colour());
        Ok(Self { lines: pairs.map(|(original, generated)| line(original, generated, ring)).collect() })
    }

    /// The picture with matched colours. Alpha stays.
    #[must_use]
    pub fn apply(&self, generated: Planes) -> Planes {
        let mut matched = generated.with_colours(self.lines.len());
        for (plane, (gain, offset)) in matched.colour_mut().iter_mut().zip(&self.lines) {
            for value in plane {
                *value = (gain * f64::from(*value) + offset) as f32;
            }
        }
        matched
    }
}

fn line(original: &[f32], generated: &[f32], ring: &ItemMask) -> (f64, f64) {
    let (Some((wanted, spread)), Some((mean, deviation))) = (moments(original, ring), moments(generated, ring)) else { return (1.0, 0.0) };
    let gain = if spread < FLAT || deviation < FLAT { 1.0 } else { (spread / deviation).clamp(1.0 / MOST, MOST) };
    (gain, wanted - gain * mean)
}

/// Weighted mean and deviation; `None` where the ring is empty.
fn moments(plane: &[f32], ring: &ItemMask) -> Option<(f64, f64)> {
    let weighted = || plane.iter().zip(ring.values()).map(|(value, weight)| (f64::from(*value), f64::from(*weight)));
    let total: f64 = weighted().map(|(_, weight)| weight).sum();
    if total == 0.0 {
        return None;
    }
    let mean = weighted().map(|(value, weight)| value * weight).sum::<f64>() / total;
    let variance = weighted().map(|(value, weight)| (value - mean).powi(2) * weight).sum::<f64>() / total;
    Some((mean, variance.sqrt()))
}
