//! Early stopping.

use super::Plateau;

impl Plateau {
    /// Whether the mean of the last `window` losses is less than the share `least_gain` below that of the window before.
    pub(super) fn reached(&self, losses: &[f32]) -> bool {
        let window = self.window.max(1);
        let Some(before) = losses.len().checked_sub(2 * window) else { return false };
        let mean = |losses: &[f32]| losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / losses.len() as f64;
        let (earlier, later) = (mean(&losses[before..before + window]), mean(&losses[before + window..]));
        later > earlier * (1.0 - self.least_gain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_settles_when_it_no_longer_falls() {
        let plateau = Plateau { window: 4, least_gain: 0.05 };
        let falling: Vec<f32> = (0..20).map(|i| 0.9f32.powi(i)).collect();
        assert!((0..=20).all(|n| !plateau.reached(&falling[..n])));
        assert!(!plateau.reached(&[1.0; 7]));
        assert!(plateau.reached(&[1.0; 8]));
        assert!(plateau.reached(&[3.0, 3.0, 1.0, 1.0, 1.0, 1.0, 0.99, 0.98, 0.97, 0.96]));
    }
}
