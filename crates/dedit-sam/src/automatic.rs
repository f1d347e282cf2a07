//! All things of a picture: a click at every place of a grid, of the picture and of parts of it, and of the masks those that are good and distinct.

use dedit_edit::{Error, Image, Rect, Size};
use dedit_segment::Progress;

use crate::candidates::{Bounds, crops, distinct, grid, is_cut, stability};
use crate::prompt::Prompt;
use crate::resize::Frame;
use crate::sam::{Embedding, Sam};

/// Settings of the automatic mode; the default ones are those of the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Automatic {
    /// Clicks along each side of the grid.
    pub points: usize,
    /// The least predicted intersection over union of a mask with its thing.
    pub least_score: f32,
    /// The least intersection over union of a mask with itself at two thresholds.
    pub least_stability: f32,
    /// The distance of these thresholds from 0, in logits.
    pub offset: f32,
    /// Of two masks whose boxes share more than this (intersection over union), one is left out.
    pub most_overlap: f32,
    /// Layers of parts of the picture that are looked at too: layer n has 4ⁿ. Each part is encoded.
    pub crop_layers: usize,
}

impl Default for Automatic {
    fn default() -> Self {
        Self { points: 32, least_score: 0.88, least_stability: 0.95, offset: 1.0, most_overlap: 0.7, crop_layers: 0 }
    }
}

/// The mask of a thing that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Row-major logits of the square input.
    pub(crate) logits: Vec<f32>,
    /// Where the part of the picture lies in the input.
    pub(crate) frame: Frame,
    /// The part of the picture that was looked at.
    pub(crate) crop: Rect,
    /// The predicted intersection over union with the thing.
    pub score: f32,
    /// Left, top, right and bottom in the picture.
    pub bounds: Bounds,
}

impl Sam {
    /// All things of a picture, best first. `progress` counts clicks.
    ///
    /// # Errors
    /// As [`Sam::embed`].
    pub fn regions(&self, picture: &Image, settings: &Automatic, progress: &mut Progress<'_>) -> dedit_edit::Result<Vec<Region>> {
        let crops = crops(picture.size(), settings.crop_layers);
        let clicks = settings.points * settings.points;
        let mut regions = Vec::new();
        for (number, crop) in crops.iter().enumerate() {
            let of = crops.len() * clicks;
            let embedding = self.embed(&picture.crop(*crop)?, &mut |_, _| progress(number * clicks, of))?;
            let found = self.regions_of(&embedding, settings, &mut |done, _| progress(number * clicks + done, of))?;
            regions.extend(found.into_iter().filter_map(|region| region.in_crop(*crop, picture.size())));
        }
        if crops.len() > 1 {
            // Masks of smaller parts are finer.
            let scores: Vec<f32> = regions.iter().map(|region| 1.0 / (region.crop.width * region.crop.height) as f32).collect();
            regions = distinct_of(regions, &scores, settings.most_overlap);
        }
        Ok(regions)
    }

    /// The same for a picture that is encoded already, without parts of it.
    ///
    /// # Errors
    /// `Cancelled` where `progress` says so.
    pub fn regions_of(&self, embedding: &Embedding, settings: &Automatic, progress: &mut Progress<'_>) -> dedit_edit::Result<Vec<Region>> {
        let size = embedding.frame().picture;
        let places = grid(settings.points);
        let mut regions = Vec::new();
        for (done, [x, y]) in places.iter().enumerate() {
            if !progress(done, places.len()) {
                return Err(Error::cancelled());
            }
            let click = Prompt { inside: vec![[x * size.width() as f32, y * size.height() as f32]], ..Prompt::default() };
            let prediction = self.predict(embedding, &click)?;
            // The first mask is for prompts that leave no choice.
            let masks = prediction.logits.into_iter().zip(prediction.scores).skip(1);
            regions.extend(masks.filter_map(|(logits, score)| Region::new(logits, score, embedding.frame(), settings)));
        }
        let scores: Vec<f32> = regions.iter().map(|region| region.score).collect();
        Ok(distinct_of(regions, &scores, settings.most_overlap))
    }
}

fn distinct_of(regions: Vec<Region>, scores: &[f32], most: f32) -> Vec<Region> {
    let bounds: Vec<Bounds> = regions.iter().map(|region| region.bounds).collect();
    let mut regions: Vec<Option<Region>> = regions.into_iter().map(Some).collect();
    distinct(&bounds, scores, most).into_iter().filter_map(|index| regions[index].take()).collect()
}

impl Region {
    /// `None` for a mask that is not good enough, or empty.
    fn new(logits: Vec<f32>, score: f32, frame: Frame, settings: &Automatic) -> Option<Self> {
        if score <= settings.least_score {
            return None;
        }
        let low = logits.len().isqrt();
        let [across, down] = frame.input.map(|pixels| (pixels * low).div_ceil(frame.side));
        let lines = || logits.chunks_exact(low).take(down).map(|line| &line[..across]);
        if stability(lines().flatten().copied(), settings.offset) < settings.least_stability {
            return None;
        }
        let is_inside = |logit: &f32| *logit > 0.0;
        let top = lines().position(|line| line.iter().any(is_inside))?;
        let bottom = lines().rposition(|line| line.iter().any(is_inside))? + 1;
        let left = lines().filter_map(|line| line.iter().position(is_inside)).min()?;
        let right = lines().filter_map(|line| line.iter().rposition(is_inside)).max()? + 1;
        let cell = frame.side as f32 / low as f32;
        let [x, y] = frame.scale().map(|scale| cell / scale);
        let (width, height) = (frame.picture.width() as f32, frame.picture.height() as f32);
        let bounds = [left as f32 * x, top as f32 * y, (right as f32 * x).min(width), (bottom as f32 * y).min(height)];
        Some(Self { logits, frame, crop: frame.picture.rect(), score, bounds })
    }

    /// A region of a part as one of the picture; `None` where the part cuts it off.
    fn in_crop(self, crop: Rect, size: Size) -> Option<Self> {
        let [left, top, right, bottom] = self.bounds;
        let (x, y) = (crop.x as f32, crop.y as f32);
        let bounds = [left + x, top + y, right + x, bottom + y];
        (!is_cut(&bounds, crop, size)).then_some(Self { crop, bounds, ..self })
    }

    /// Whether a place of the picture, in pixels, is inside.
    pub(crate) fn contains(&self, x: f32, y: f32) -> bool {
        let low = self.logits.len().isqrt();
        let place = [x - self.crop.x as f32, y - self.crop.y as f32];
        if !(0.0..self.crop.width as f32).contains(&place[0]) || !(0.0..self.crop.height as f32).contains(&place[1]) {
            return false;
        }
        let scale = self.frame.scale();
        let cell = |axis: usize| (place[axis] * scale[axis] * low as f32 / self.frame.side as f32) as usize;
        self.logits[cell(1).min(low - 1) * low + cell(0).min(low - 1)] > 0.0
    }
}
