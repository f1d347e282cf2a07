//! Where a mask lies and how large it is.

use crate::geometry::{Point, Rect};
use crate::mask::ItemMask;

impl ItemMask {
    /// The sum of the values, pixels.
    pub fn area(&self) -> f64 {
        self.values.iter().map(|value| f64::from(*value)).sum()
    }

    /// Whether every value is zero.
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|value| *value == 0.0)
    }

    /// The centre of gravity of the values; `None` for an empty mask.
    pub fn centroid(&self) -> Option<Point> {
        let (mut sum, mut x_sum, mut y_sum) = (0.0, 0.0, 0.0);
        for (index, value) in self.values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
            let ((x, y), value) = (self.size.position(index), f64::from(*value));
            sum += value;
            x_sum += value * x as f64;
            y_sum += value * y as f64;
        }
        (sum > 0.0).then(|| Point { x: x_sum / sum, y: y_sum / sum })
    }

    /// The smallest rectangle around the values above zero; `None` for an empty mask.
    pub fn bounding_box(&self) -> Option<Rect> {
        let values = self.values.iter().enumerate();
        Rect::around(self.size, values.filter(|(_, value)| **value > 0.0).map(|(index, _)| index))
    }
}
