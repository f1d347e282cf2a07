//! Other frames of the film that an edited picture belongs to: they may show what an item hides in it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use dedit_edit::{Channels, Image, Samples, Size};
use dedit_protocol::answer::Region;
use dedit_protocol::request::Neighbour;
use dedit_protocol::{Blob, features};

use super::source::add;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::items::{self, Reading};
use crate::picture::Photo;

/// The other frames, if some are given.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct Neighbours {
    /// Another frame of the same film, which may show what an item hides in the edited one: its time minus that of the edited frame, in frames, and its file,
    /// such as -1=before.png; give it again for more. The edited picture is --frame, or --picture itself; its session's history gets no entry. The model
    /// `patches` uses them, others do not
    #[arg(long = "other-frame", id = "other_frame", value_name = "OFFSET=FILE", conflicts_with = "on", allow_hyphen_values = true, value_parser = at_offset())]
    frames: Vec<(f64, OsString)>,
    /// Where the items are in an --other-frame: its offset, and as for --items [default: where they are in the session's picture]
    #[arg(long = "other-frame-items", id = "other_frame_items", value_name = "OFFSET=WHERE", requires = "other_frame", allow_hyphen_values = true, value_parser = at_offset())]
    items: Vec<(f64, OsString)>,
    /// What the same edit made of an --other-frame before this one: its offset and the result's file. What no frame shows stays as it is there
    #[arg(long = "other-frame-result", id = "other_frame_result", value_name = "OFFSET=FILE", requires = "other_frame", allow_hyphen_values = true, value_parser = at_offset())]
    results: Vec<(f64, OsString)>,
}

/// An opened frame.
pub(crate) struct OtherFrame {
    offset: f64,
    image: Image,
    labels: Option<Image>,
    result: Option<Image>,
}

/// `OFFSET=PLACE`: a finite number other than 0, and what is there.
fn at_offset() -> impl clap::builder::TypedValueParser<Value = (f64, OsString)> {
    OsStringValueParser::new()
        .try_map(|word| split(&word).ok_or("write it as OFFSET=FILE, such as -1=before.png, with an offset other than 0"))
}

fn split(word: &OsStr) -> Option<(f64, OsString)> {
    let bytes = word.as_encoded_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let offset: f64 = std::str::from_utf8(&bytes[..at]).ok()?.trim().parse().ok()?;
    if !offset.is_finite() || offset == 0.0 || bytes.len() == at + 1 {
        return None;
    }
    Some((offset, after(word, at + 1)))
}

/// What follows a place in a word, which an ASCII character precedes.
#[cfg(unix)]
fn after(word: &OsStr, at: usize) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(&word.as_bytes()[at..]).to_owned()
}

#[cfg(not(unix))]
fn after(word: &OsStr, at: usize) -> OsString {
    word.to_string_lossy()[at..].into()
}

impl Neighbours {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// An error where frames are given and the daemon cannot use them, or where one says twice or in vain what is at an offset.
    pub(crate) fn check(&self, connection: &Connection<'_>) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        connection.require(features::NEIGHBOURS)?;
        let frames_at = |offset: f64| self.frames.iter().filter(|(other, _)| same(*other, offset)).count();
        for (offset, path) in &self.frames {
            if frames_at(*offset) > 1 {
                let error = Error::usage(format!("there are two frames at the offset {offset}"));
                return Err(error.at(PathBuf::from(path)).hint("leave one of --other-frame out"));
            }
        }
        let named = |option: &'static str, list: &[(f64, OsString)]| list.iter().map(|(offset, _)| (option, *offset)).collect::<Vec<_>>();
        let items = named("--other-frame-items", &self.items);
        for (option, offset) in items.into_iter().chain(named("--other-frame-result", &self.results)) {
            if frames_at(offset) == 0 {
                return Err(
                    Error::usage(format!("{option} has the offset {offset}, where no --other-frame is")).hint("give that frame too")
                );
            }
        }
        match self.results.iter().find(|(offset, _)| *offset > 0.0) {
            Some((offset, _)) => {
                let error = Error::usage(format!("--other-frame-result has the offset {offset}, which is a frame after the edited one"));
                Err(error.hint("edit the frames in their order, and give results of those before"))
            }
            None => Ok(()),
        }
    }

    /// Reads all frames; `names` are the session's items, `size` is that of the edited frame.
    pub(crate) fn open(&self, names: &[String], size: Size) -> Result<Vec<OtherFrame>> {
        self.frames.iter().map(|(offset, path)| self.open_one(*offset, Path::new(path), names, size)).collect()
    }

    fn open_one(&self, offset: f64, path: &Path, names: &[String], size: Size) -> Result<OtherFrame> {
        let photo = of_size(path, size)?;
        let places: Vec<OsString> = self.items.iter().filter(|(at, _)| same(*at, offset)).map(|(_, place)| place.clone()).collect();
        let labels = if places.is_empty() { None } else { Some(items::of_frame(&places, names, &Reading::of(&photo, false))?) };
        let labels = labels.map(|labels| Image::new(size, Channels::Grey, Samples::U16(labels))).transpose()?;
        let result = self.results.iter().find(|(at, _)| same(*at, offset));
        let result = result.map(|(_, path)| of_size(Path::new(path), size)).transpose()?.map(|photo| photo.image);
        Ok(OtherFrame { offset, image: photo.image, labels, result })
    }
}

/// A finite picture of the edited frame's size.
fn of_size(path: &Path, size: Size) -> Result<Photo> {
    let photo = Photo::read(path, None)?;
    photo.image.check_finite().map_err(|error| error.at(path))?;
    if photo.image.size() != size {
        let message = format!("this frame is {}, and the edited one {size}", photo.image.size());
        return Err(Error::new(ErrorKind::Input, message).at(path).hint("give frames of one film"));
    }
    Ok(photo)
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

impl OtherFrame {
    /// Adds what is known of it to what goes with a request.
    pub(crate) fn add(&self, blobs: &mut Vec<Blob>) -> Result<Neighbour> {
        let frame = add(&self.image, blobs)?;
        let frame_items = self.labels.as_ref().map(|labels| add(labels, blobs)).transpose()?;
        let edited = self.result.as_ref().map(|result| add(result, blobs)).transpose()?;
        let region = if self.result.is_some() { whole(self.image.size()) } else { Region::default() };
        Ok(Neighbour { offset: self.offset, frame, frame_items, edited, region })
    }
}

fn whole(size: Size) -> Region {
    Region { x: 0, y: 0, width: size.width(), height: size.height() }
}
