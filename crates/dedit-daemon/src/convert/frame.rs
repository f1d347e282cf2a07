//! Frames of a film.

use std::sync::Arc;

use dedit_edit::{Error, Image, Result};
use dedit_protocol::Blob;
use dedit_protocol::request::Neighbour;
use dedit_session::{Frame, OtherFrame, memory};

use super::{Blobs, image, size_of};

/// The fields of a request about a frame.
pub(crate) struct FrameBlobs {
    pub(crate) pixels: Option<usize>,
    pub(crate) items: Option<usize>,
    pub(crate) names: Option<Vec<String>>,
    pub(crate) neighbours: Vec<Neighbour>,
}

/// Other frames of a request, at most.
const MOST_NEIGHBOURS: usize = 64;

impl Blobs {
    /// The frame of a request, if there is one: its pixels, its items, or both. Whether a plan of so many edits fits into memory is checked before the blobs
    /// are converted.
    pub(crate) fn frame(&mut self, sent: FrameBlobs, edits: usize) -> Result<Option<Frame>> {
        let FrameBlobs { pixels, items, names, neighbours } = sent;
        if pixels.is_none() && !neighbours.is_empty() {
            return Err(Error::usage("other frames were given, and no frame that is edited").hint("send its pixels too, or leave them out"));
        }
        if neighbours.len() > MOST_NEIGHBOURS {
            let message = format!("{} other frames were given for one frame", neighbours.len());
            return Err(Error::usage(message).hint(format!("send {MOST_NEIGHBOURS} at most")));
        }
        if pixels.or(items).is_none() && names.is_some() {
            return Err(Error::usage("the names of a frame's items were given, and no frame").hint("leave them out"));
        }
        if let Some(Some(Blob::Pixels(first))) = pixels.or(items).and_then(|index| self.0.get(index)) {
            memory::check_plan(size_of(first)?, edits)?;
        }
        let image = pixels.map(|index| image(self.pixels(index)?)).transpose()?;
        let of_image = image.as_ref().map(Image::size);
        let (of_items, labels) = items.map(|index| self.labels(index, of_image)).transpose()?.unzip();
        let neighbours = neighbours.iter().map(|neighbour| self.neighbour(neighbour)).collect::<Result<_>>()?;
        Ok(of_image.or(of_items).map(|size| Frame { size, image: image.map(Arc::new), labels, names, neighbours }))
    }

    fn neighbour(&mut self, sent: &Neighbour) -> Result<OtherFrame> {
        let picture = image(self.pixels(sent.frame)?)?;
        let labels = sent.frame_items.map(|index| self.labels(index, Some(picture.size()))).transpose()?.map(|(_, labels)| labels);
        let edited = match sent.edited {
            None => None,
            Some(index) => {
                let mut edited = picture.clone();
                edited.put((sent.region.x, sent.region.y), &image(self.pixels(index)?)?)?;
                Some(Arc::new(edited))
            }
        };
        Ok(OtherFrame { offset: sent.offset, picture: Arc::new(picture), labels, edited })
    }
}
