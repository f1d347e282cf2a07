//! Operations by the exact distance to a mask's outline. Pixels beyond the picture's border count neither as inside nor as outside.

use crate::distance::distances;
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::mask::ItemMask;

/// Checks that a width is finite and not negative.
fn check(width: f64, what: &str) -> Result<f32> {
    if width.is_finite() && width >= 0.0 {
        return Ok(width as f32);
    }
    Err(Error::usage(format!("{what} by {width} pixels cannot be done")).hint("give a number of pixels, zero or more"))
}

impl ItemMask {
    /// Dilation: one wherever a pixel inside is at most `radius` pixels away, the mask elsewhere. A radius of 0 sets the inside to one and keeps the soft edge.
    pub fn grow(&self, radius: f64) -> Result<Self> {
        let mut grown = self.clone();
        self.for_each_near(check(radius, "growing a mask")?, |index, _| grown.values[index] = 1.0)?;
        Ok(grown)
    }

    /// Erosion: zero wherever a pixel of at most one half is at most `radius` pixels away, the mask elsewhere.
    pub fn shrink(&self, radius: f64) -> Result<Self> {
        Ok(self.inverted().grow(radius)?.inverted())
    }

    /// A ramp `width` pixels wide, centred on the outline, linear in the distance to it. Width 0 gives the hard mask. Full and empty masks stay.
    pub fn feather(&self, width: f64) -> Result<Self> {
        let width = check(width, "feathering a mask")?;
        let (inside, outside) = (self.distances_to_inside(), self.distances_to_outside());
        Ok(Self::generate(self.size, |index| {
            // Half a pixel lies between the centre of the last pixel and the outline.
            let depth = if self.is_inside(index) { outside[index] - 0.5 } else { 0.5 - inside[index] };
            if width == 0.0 { f32::from(u8::from(depth > 0.0)) } else { (0.5 + depth / width).clamp(0.0, 1.0) }
        }))
    }

    /// The ring of pixels outside the mask at most `width` pixels from one inside, falling with the distance d as 1 − d / (width + 1): always between
    /// zero and one, and zero beyond the ring and inside the mask. The same on all sides and around items of any thickness.
    pub fn ring(&self, width: f64) -> Result<Self> {
        let width = check(width, "a ring")?;
        let mut ring = Self::empty(self.size);
        self.for_each_near(width, |index, distance| {
            if distance > 0.0 {
                ring.values[index] = 1.0 - distance / (width + 1.0);
            }
        })?;
        Ok(ring)
    }

    /// The ring as the published implementation draws it, values 0 and 1: seven of the eight copies shifted by `width` along the axes and diagonals (the
    /// one to the upper left is missing), without the mask itself. For comparisons; see [`ring`](Self::ring) for one that is whole.
    #[must_use]
    pub fn ring_of_shifted_copies(&self, width: usize) -> Self {
        const SHIFTS: [(i64, i64); 7] = [(-1, 0), (1, 0), (0, -1), (0, 1), (1, 1), (1, -1), (-1, 1)];
        let (columns, rows) = (self.size.width() as i64, self.size.height() as i64);
        Self::from_fn(self.size, |x, y| {
            let inside = |x: i64, y: i64| (0..columns).contains(&x) && (0..rows).contains(&y) && self.is_inside((y * columns + x) as usize);
            let (x, y, width) = (x as i64, y as i64, width as i64);
            !inside(x, y) && SHIFTS.iter().any(|(dx, dy)| inside(x - dx * width, y - dy * width))
        })
    }

    /// Calls `visit(index, distance)` for every pixel at most `reach` away from one inside; looks no further than that.
    fn for_each_near(&self, reach: f32, mut visit: impl FnMut(usize, f32)) -> Result<()> {
        let Some(bounds) = self.bounds_of_inside() else { return Ok(()) };
        let window = bounds.grown(reach.ceil() as usize, self.size);
        let distances = distances(window.size()?, f32::INFINITY, |x, y| self.is_inside((window.y + y) * self.size.width() + window.x + x));
        for (y, row) in (window.y..).zip(distances.chunks_exact(window.width)) {
            let start = y * self.size.width() + window.x;
            for (index, distance) in (start..).zip(row).filter(|(_, distance)| **distance <= reach) {
                visit(index, *distance);
            }
        }
        Ok(())
    }

    /// The smallest rectangle around the pixels inside.
    fn bounds_of_inside(&self) -> Option<Rect> {
        let rows = self.values.chunks_exact(self.size.width()).enumerate();
        let ends = rows.filter_map(|(y, row)| {
            let is_inside = |value: &f32| *value >= super::INSIDE;
            Some([(row.iter().position(is_inside)?, y), (row.iter().rposition(is_inside)?, y)])
        });
        Rect::around(self.size, ends.flatten().map(|(x, y)| y * self.size.width() + x))
    }

    fn distances_to_inside(&self) -> Vec<f32> {
        distances(self.size, f32::INFINITY, |x, y| self.is_inside(y * self.size.width() + x))
    }

    fn distances_to_outside(&self) -> Vec<f32> {
        distances(self.size, f32::INFINITY, |x, y| !self.is_inside(y * self.size.width() + x))
    }
}
