//! The model as a [`Segmenter`].

use std::sync::Arc;

use dedit_edit::{Image, ItemMask, Result, Segmentation};
use dedit_segment::{Hint, Prepared, Progress, Segmenter};

use crate::automatic::Automatic;
use crate::partition::partition;
use crate::prompt::Prompt;
use crate::sam::{Embedding, Sam};

/// Clicks along each side of the grid: half as many as in the reference, since small things become parts of larger ones.
const POINTS: usize = 16;

/// A model that several pictures share.
#[derive(Debug, Clone)]
pub struct SharedSam(Arc<Sam>);

impl From<Sam> for SharedSam {
    fn from(sam: Sam) -> Self {
        Self(Arc::new(sam))
    }
}

impl Segmenter for SharedSam {
    fn least_memory(&self) -> u64 {
        self.0.least_memory()
    }

    fn prepare(&self, picture: &Image, progress: &mut Progress<'_>) -> Result<Box<dyn Prepared>> {
        let embedding = self.0.embed(picture, progress)?;
        Ok(Box::new(Encoded { sam: self.0.clone(), embedding }))
    }
}

/// A picture that was encoded.
struct Encoded {
    sam: Arc<Sam>,
    embedding: Embedding,
}

impl Prepared for Encoded {
    fn bytes(&self) -> usize {
        self.embedding.bytes()
    }

    fn segment(&self, hint: &Hint, earlier: Option<&ItemMask>) -> Result<ItemMask> {
        hint.check_places(self.embedding.frame().picture)?;
        let mut prompt = Prompt::of(hint);
        prompt.earlier = earlier.map(|mask| self.embedding.logits(mask)).transpose()?;
        let prediction = self.sam.predict(&self.embedding, &prompt)?;
        prediction.mask(prediction.best)
    }

    fn everything(&self, most: usize, progress: &mut Progress<'_>) -> Result<Segmentation> {
        let settings = Automatic { points: POINTS, ..Automatic::default() };
        let regions = self.sam.regions_of(&self.embedding, &settings, progress)?;
        partition(&regions, self.embedding.frame().picture, most)
    }
}
