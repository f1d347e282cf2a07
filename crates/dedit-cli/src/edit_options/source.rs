//! What is edited: a session, or a picture with items of which nothing was learned.

use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use dedit_edit::{EditPlan, Image, Size};
use dedit_protocol::Blob;
use dedit_protocol::answer::Planned;
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::{self, EditVerb, PlanOptions, Which};

use super::canvas::items_on_canvas;
use super::verbs::{Nothing, VerbCall};
use crate::connection::{self, Connection};
use crate::error::{Error, Result};
use crate::items::{ItemFiles, read_picture};
use crate::output::file_name;
use crate::picture::Picture;

/// Where the picture and its items come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct Source {
    /// The session of a learned picture: its folder, or @NAME for one in the daemon's store
    #[arg(long, value_name = "DIR", conflicts_with_all = ["picture", "items", "names"])]
    session: Option<PathBuf>,
    /// A picture of which nothing was learned, with --items
    #[arg(long, value_name = "FILE", required_unless_present = "session")]
    picture: Option<PathBuf>,
    #[command(flatten)]
    files: ItemFiles,
}

/// An opened source.
pub(crate) struct Opened {
    /// The session, if there is one already.
    pub(crate) session: Option<SessionInfo>,
    pub(crate) target: Picture,
    /// The items of a frame, where they lie otherwise than in the session's own picture.
    pub(crate) labels: Option<Labels>,
}

/// The items of a frame.
pub(crate) struct Labels {
    /// The number of each pixel's item.
    pub(super) image: Image,
    /// The session's items, which these numbers mean.
    pub(super) names: Vec<String>,
}

impl Source {
    pub(crate) fn open(&self, connection: &Connection<'_>) -> Result<Opened> {
        if let Some(folder) = &self.session {
            let info = connection.open_session(folder)?;
            let target = connection.fetch(&info)?;
            return Ok(Opened { session: Some(info), target, labels: None });
        }
        Ok(Opened { session: None, target: read_picture(self.path(), &self.files)?, labels: None })
    }

    /// The session, without its pixels; for a picture alone, one in the daemon's store.
    pub(crate) fn info(&self, connection: &Connection<'_>) -> Result<SessionInfo> {
        let Some(folder) = &self.session else { return self.session(&self.open(connection)?, connection) };
        let info = connection.open_session(folder)?;
        connection::check_items(&info)?;
        Ok(info)
    }

    /// Whether nothing can have been learned.
    pub(crate) fn is_picture(&self) -> bool {
        self.session.is_none()
    }

    /// The picture's file, where no session is named.
    fn path(&self) -> &Path {
        self.picture.as_deref().unwrap_or(Path::new(""))
    }

    /// The session of what was opened: for a picture alone, one in the daemon's store.
    pub(crate) fn session(&self, opened: &Opened, connection: &Connection<'_>) -> Result<SessionInfo> {
        if let Some(info) = &opened.session {
            return Ok(info.clone());
        }
        let info = connection.open_picture(&opened.target.photo, &file_name(self.path()), None, false)?;
        connection.set_items(&info.session, Which::Target, &opened.target.items, None)
    }
}

impl Opened {
    /// Adds the numbers of a frame's items to what goes with a request, and gives their place.
    pub(crate) fn add_labels(&self, blobs: &mut Vec<Blob>) -> Result<Option<usize>> {
        self.labels.as_ref().map(|labels| add(&labels.image, blobs)).transpose()
    }

    /// The names that these numbers mean.
    pub(crate) fn names_of_labels(&self) -> Option<Vec<String>> {
        self.labels.as_ref().map(|labels| labels.names.clone())
    }

    /// Likewise for the picture.
    pub(crate) fn add_picture(&self, blobs: &mut Vec<Blob>) -> Result<usize> {
        add(&self.target.photo.image, blobs)
    }
}

pub(super) fn add(image: &Image, blobs: &mut Vec<Blob>) -> Result<usize> {
    blobs.push(Blob::Pixels(connection::pixels(image)?));
    Ok(blobs.len() - 1)
}

/// Further edits of the same plan.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Plan")]
pub(crate) struct Planning {
    /// Another edit in the same plan, behind the earlier ones where they meet: 'VERB OPTIONS'; give it again for more of them
    #[arg(long, value_name = "VERB…")]
    then: Vec<String>,
}

/// An edit given as one word.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Another {
    #[command(subcommand)]
    call: VerbCall<Nothing>,
}

impl Planning {
    /// All edits on a picture of this size, the first one and those that follow it, and their masks.
    pub(crate) fn edits<C>(&self, first: &VerbCall<C>, size: Size) -> Result<(Vec<EditVerb>, Vec<Blob>)> {
        let mut blobs = Vec::new();
        let mut edits = vec![first.edit(size, &mut blobs)?];
        for text in &self.then {
            let words = shlex::split(text).ok_or_else(|| Error::usage(format!("a quote is not closed in --then {text}")))?;
            let parsed = Another::try_parse_from(words).map_err(|error| {
                let message = error.to_string();
                let line = message.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Error::usage(format!("{line}, in --then '{text}'")).hint("write it as a verb with its options")
            })?;
            edits.push(parsed.call.edit(size, &mut blobs)?);
        }
        Ok((edits, blobs))
    }
}

/// The plan of edits on a session's picture, or on a frame, as the daemon works it out.
pub(crate) fn plan(
    (edits, mut blobs): (Vec<EditVerb>, Vec<Blob>),
    options: PlanOptions,
    session: &SessionInfo,
    opened: &Opened,
    connection: &Connection<'_>,
) -> Result<(Planned, EditPlan)> {
    let items = items_on_canvas(&opened.target.items, &edits)?;
    let frame_items = opened.add_labels(&mut blobs)?;
    let plan = request::Plan {
        session: session.session.clone(),
        edits,
        plan: options,
        base: if frame_items.is_none() { Some(0) } else { None },
        frame: None,
        frame_items,
        frame_names: opened.names_of_labels(),
        cropped: false,
    };
    connection.plan(plan, blobs, &items)
}
