//! A picture that is edited with what was learned of another one: a frame of a film.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use dedit_edit::{Channels, Image, Samples, Segmentation};
use dedit_protocol::features;

use super::source::{Labels, Opened};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::items::{self, Reading};
use crate::picture::{Photo, Picture};

/// The frame, if one is edited.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct Frame {
    /// Edit this picture in place of the session's own, with what was learned there: another frame of the film that it is from. The session's history gets
    /// no entry
    #[arg(long, value_name = "FILE", conflicts_with = "on")]
    frame: Option<PathBuf>,
    /// Where the session's items are in the frame, as for --items; the numbers of a label picture are the session's items in their order, from 0. Some may
    /// be missing, or have an empty mask [default: where they are in the session's picture]
    #[arg(long, value_name = "WHERE", requires = "frame")]
    frame_items: Vec<OsString>,
}

impl Frame {
    /// An error where a frame is to be edited and the daemon cannot: it would edit the session's own picture in its place.
    pub(crate) fn check(&self, connection: &Connection<'_>) -> Result<()> {
        if self.frame.is_none() {
            return Ok(());
        }
        connection.require(features::FRAMES)
    }

    /// The frame with its items, to be edited in place of what was opened.
    pub(crate) fn open(&self, opened: &Opened) -> Result<Option<Opened>> {
        let Some(path) = &self.frame else { return Ok(None) };
        let photo = Photo::read(path, None)?;
        photo.image.check_finite().map_err(|error| error.at(path))?;
        let (own, size) = (&opened.target.items, photo.image.size());
        if self.frame_items.is_empty() {
            if size != own.size() {
                let message = format!("this frame is {size}, and the items are on a picture of {}", own.size());
                return Err(Error::new(ErrorKind::Input, message).at(path).hint("say with --frame-items where they are"));
            }
            return Ok(Some(Opened { session: None, target: Picture { photo, items: own.clone() }, labels: None }));
        }
        let labels = items::of_frame(&self.frame_items, own.names(), &Reading::of(&photo, false))?;
        let items = Segmentation::from_labels_in_part(size, own.names().to_vec(), labels.clone())?;
        let labels = Image::new(size, Channels::Grey, Samples::U16(labels))?;
        let labels = Some(Labels { image: labels, names: own.names().to_vec() });
        Ok(Some(Opened { session: None, target: Picture { photo, items }, labels }))
    }
}
