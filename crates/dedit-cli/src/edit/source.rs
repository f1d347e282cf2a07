//! What is edited: a session, or a picture with items of which nothing was learned.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, ValueEnum};
use dedit_diffusion::{Error, Result};
use dedit_edit::{Edit, EditPlan, Fit, PlanSettings, Ring};
use dedit_engine::from_edit;

use super::verbs::{Nothing, Verb};
use crate::items::ItemFiles;
use crate::learn::read_picture;
use crate::session::{Picture, Session};

/// Where the picture and its items come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct Source {
    /// The session of a learned picture
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
    /// The session, if there is one.
    pub(crate) session: Option<Session>,
    pub(crate) target: Picture,
    pub(crate) reference: Option<Picture>,
}

impl Source {
    pub(crate) fn open(&self) -> Result<Opened> {
        if let Some(folder) = &self.session {
            let session = Session::open(folder)?;
            let target = session.picture(0)?.ok_or_else(|| Error::usage("this session has no picture").at(folder))?;
            let reference = session.picture(1)?;
            return Ok(Opened { session: Some(session), target, reference });
        }
        let path = self.picture.as_deref().unwrap_or(Path::new(""));
        Ok(Opened { session: None, target: read_picture(path, &self.files)?, reference: None })
    }
}

/// What holds for the plan of all verbs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Plan")]
pub(crate) struct Planning {
    /// Another item to make again; give it again for more of them
    #[arg(long, value_name = "NAME")]
    also: Vec<String>,
    /// How closely what is new keeps to its item's outline
    #[arg(long, value_enum, default_value_t = FitName::Exact)]
    fit: FitName,
    /// Width of the soft ring around what changes, pixels [default: 20, less in small pictures]
    #[arg(long, value_name = "PX", allow_negative_numbers = true)]
    ring: Option<f64>,
    /// How far around what leaves or moves is made anew too, for its shadow: a share of its size [default: 0.2; 0 as published]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    margin: Option<f64>,
    /// Another edit in the same plan, behind the earlier ones where they meet: 'VERB OPTIONS'; give it again for more of them
    #[arg(long, value_name = "VERB…")]
    then: Vec<String>,
}

/// How closely what replaces an item keeps to its outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FitName {
    /// The item's own pixels
    Exact,
    /// The item grown by a tenth of its size
    Loose,
    /// The item's bounding box
    Box,
}

/// An edit given as one word.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Another {
    #[command(subcommand)]
    verb: Verb<Nothing>,
}

impl Planning {
    /// The plan, and its edits.
    pub(crate) fn plan(&self, first: Edit, opened: &Opened, published: bool) -> Result<(EditPlan, Vec<Edit>)> {
        let items = &opened.target.items;
        let size = items.size();
        let mut edits = vec![first];
        for text in &self.then {
            let words = shlex::split(text).ok_or_else(|| Error::usage(format!("a quote is not closed in --then {text}")))?;
            let parsed = Another::try_parse_from(words).map_err(|error| {
                let told = error.to_string();
                let line = told.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Error::usage(format!("{line}, in --then '{text}'")).hint("write it as a verb with its options")
            })?;
            edits.push(parsed.verb.edit(size)?);
        }
        let fit = match self.fit {
            FitName::Exact => Fit::Exact,
            FitName::Loose => Fit::Loose,
            FitName::Box => Fit::Box,
        };
        let mut settings = PlanSettings { fit, also: self.also.clone(), ..PlanSettings::for_size(size) };
        let width = self.ring.unwrap_or(settings.ring.width());
        settings.margin = self.margin.unwrap_or(if published { 0.0 } else { settings.margin });
        settings.others_kept &= !published;
        settings.ring = if published { Ring::ShiftedCopies(width.max(0.0) as usize) } else { Ring::Distance(width) };
        let reference = opened.reference.as_ref().map(|picture| &picture.items);
        Ok((EditPlan::new(items, reference, &edits, &settings).map_err(from_edit)?, edits))
    }
}
