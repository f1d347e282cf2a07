//! A picture that is edited with what was learned of another one: a frame of a film.

use std::path::{Path, PathBuf};

use clap::Args;
use dedit_edit::{Channels, Image, Samples, Segmentation, Size};

use super::source::Opened;
use crate::arguments::listed;
use crate::error::{Error, ErrorKind, Result};
use crate::items;
use crate::picture::{Photo, Picture};

/// The frame, if one is edited.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Picture")]
pub(super) struct Frame {
    /// Edit this picture in place of the session's own, with what was learned there: another frame of the film that it is from. The session's history gets
    /// no entry
    #[arg(long, value_name = "FILE", conflicts_with = "on")]
    frame: Option<PathBuf>,
    /// Where the session's items are in the frame, as for --items; the numbers of a label picture are the session's items in their order. Some may be
    /// missing [default: where they are in the session's picture]
    #[arg(long, value_name = "WHERE", requires = "frame")]
    frame_items: Vec<String>,
}

impl Frame {
    /// The frame with its items, to be edited in place of what was opened.
    pub(super) fn open(&self, opened: &Opened) -> Result<Option<Opened>> {
        let Some(path) = &self.frame else { return Ok(None) };
        let photo = Photo::read(path)?;
        photo.image.check_finite().map_err(|error| Error::from(error).at(path))?;
        let (own, size) = (&opened.target.items, photo.image.size());
        if self.frame_items.is_empty() {
            if size != own.size() {
                let message = format!("this frame is {size}, and the items are on a picture of {}", own.size());
                return Err(Error::new(ErrorKind::Input, message).at(path).hint("say with --frame-items where they are"));
            }
            return Ok(Some(Opened { session: None, target: Picture { photo, items: own.clone() }, labels: None }));
        }
        let labels = self.labels(own, size, path)?;
        let items = Segmentation::from_labels_in_part(size, own.names().to_vec(), labels.clone())?;
        let labels = Image::new(size, Channels::Grey, Samples::U16(labels))?;
        Ok(Some(Opened { session: None, target: Picture { photo, items }, labels: Some(labels) }))
    }

    /// The number that each pixel's item has in the session.
    fn labels(&self, own: &Segmentation, size: Size, path: &Path) -> Result<Vec<u16>> {
        let found = items::read(&self.frame_items, own.names(), size)?;
        let number = |name: &String| match own.names().iter().position(|known| known == name) {
            Some(number) => Ok(number as u16),
            None => Err(Error::new(ErrorKind::Input, format!("the session has no item '{name}', which this frame has"))
                .at(path)
                .hint(format!("give the places of its own: {}", listed(own.names())))),
        };
        let numbers = found.names().iter().map(number).collect::<Result<Vec<u16>>>()?;
        Ok(found.labels().iter().map(|label| numbers[usize::from(*label)]).collect())
    }
}
