//! Colour matching: generated pixels are shifted to the colours around them.

use crate::error::Result;
use crate::image::Planes;
use crate::mask::ItemMask;

/// An offset per colour plane, such that generated and original picture have the same mean in a ring around the edited region.
///
/// Standard deviations are not matched: generated content reaches into the ring, and matching them would desaturate it.
#[derive(Debug, Clone, PartialEq)]
pub struct ColourMatch {
    offsets: Vec<f64>,
}

impl ColourMatch {
    /// Measures both pictures (same size, same planes) where `ring` is above zero, weighted by its values. An empty ring gives the identity.
    pub fn measure(original: &Planes, generated: &Planes, ring: &ItemMask) -> Result<Self> {
        ring.check_size(original.size())?;
        ring.check_size(generated.size())?;
        let generated = generated.clone().with_colours(original.colour().len());
        let pairs = original.colour().iter().zip(generated.colour());
        Ok(Self { offsets: pairs.map(|(original, generated)| offset(original, generated, ring)).collect() })
    }

    /// The picture with matched colours. Alpha stays.
    #[must_use]
    pub fn apply(&self, generated: Planes) -> Planes {
        let mut matched = generated.with_colours(self.offsets.len());
        for (plane, offset) in matched.colour_mut().iter_mut().zip(&self.offsets) {
            for value in plane {
                *value = (f64::from(*value) + offset) as f32;
            }
        }
        matched
    }
}

/// The weighted mean of the differences; 0 where the ring is empty.
fn offset(original: &[f32], generated: &[f32], ring: &ItemMask) -> f64 {
    let weights = || ring.values().iter().map(|weight| f64::from(*weight));
    let total: f64 = weights().sum();
    if total == 0.0 {
        return 0.0;
    }
    let differences = original.iter().zip(generated).map(|(original, generated)| f64::from(*original) - f64::from(*generated));
    differences.zip(weights()).map(|(difference, weight)| difference * weight).sum::<f64>() / total
}
