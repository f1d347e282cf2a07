//! A segment-anything model whose items are squares round what was clicked.

use std::time::Duration;

use dedit_edit::{Error, Image, ItemMask, Result, Segmentation, Size};
use dedit_segment::{Hint, Prepared, Progress, Segmenter};

/// Steps of an encoder.
const STEPS: usize = 20;
/// Bytes of a picture as it is kept: four of them fit.
const BYTES: usize = 31 << 20;

/// It takes so long for a step of its encoder.
pub(super) struct FakeSegmenter(pub(super) Duration);

impl Segmenter for FakeSegmenter {
    fn least_memory(&self) -> u64 {
        0
    }

    fn prepare(&self, picture: &Image, progress: &mut Progress<'_>) -> Result<Box<dyn Prepared>> {
        for step in 0..STEPS {
            if !progress(step, STEPS) {
                return Err(Error::cancelled());
            }
            std::thread::sleep(self.0);
        }
        Ok(Box::new(Encoded(picture.size())))
    }
}

struct Encoded(Size);

impl Prepared for Encoded {
    fn bytes(&self) -> usize {
        BYTES
    }

    /// The earlier mask, with each pixel inside and without each outside.
    fn segment(&self, hint: &Hint, earlier: Option<&ItemMask>) -> Result<ItemMask> {
        let mut values = earlier.map_or_else(|| vec![0.0; self.0.pixels()], |mask| mask.values().to_vec());
        let index = |(x, y): &(usize, usize)| y * self.0.width() + x;
        hint.inside.iter().for_each(|point| values[index(point)] = 1.0);
        hint.outside.iter().for_each(|point| values[index(point)] = 0.0);
        ItemMask::new(self.0, values)
    }

    /// Columns, one for each.
    fn everything(&self, most: usize, progress: &mut Progress<'_>) -> Result<Segmentation> {
        if !progress(0, 1) {
            return Err(Error::cancelled());
        }
        let columns = most.min(self.0.width());
        let labels = (0..self.0.pixels()).map(|index| (index % self.0.width()).min(columns - 1) as u16).collect();
        Segmentation::from_labels(self.0, (1..=columns).map(|number| format!("item {number}")).collect(), labels)
    }
}
