//! The verbs as subcommands: what each takes is read from the table of parameters.

use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use dedit_edit::{ItemMask, Size};
use dedit_protocol::request::EditVerb;
use dedit_protocol::{Blob, Pixels, Samples};
use dedit_schema::{Action, Group, Id, Refusal, Values, Verb};

use super::table;
use crate::error::{self, Error, ErrorKind as Kind, Result};
use crate::items::{self, Reading};

/// What a command takes besides the options of the table.
pub(crate) trait Besides: Args {
    /// The groups of the table that the command takes.
    const GROUPS: &'static [Group];
}

/// No more than the verb's own options.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Nothing {}

impl Besides for Nothing {
    const GROUPS: &'static [Group] = &[];
}

/// A verb with its values.
#[derive(Debug, Clone)]
pub(crate) struct VerbCall<C> {
    verb: Verb,
    values: Values,
    besides: C,
}

impl<C: Besides> Subcommand for VerbCall<C> {
    fn augment_subcommands(command: Command) -> Command {
        Verb::ALL.into_iter().fold(command, |command, verb| {
            let own = Command::new(verb.id()).about(Action::Edit(verb).summary());
            command.subcommand(C::augment_args(table::augment(own, &table::of_verb(verb, C::GROUPS))))
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Verb::from_id(name).is_some()
    }
}

impl<C: Besides> FromArgMatches for VerbCall<C> {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let (name, own) = matches.subcommand().ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))?;
        let verb = Verb::from_id(name).ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))?;
        let values = table::read(Action::Edit(verb), &table::of_verb(verb, C::GROUPS), own).map_err(|refusal| refused(&refusal))?;
        Ok(Self { verb, values, besides: C::from_arg_matches(own)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A refusal as clap reports its own.
pub(crate) fn refused(refusal: &Refusal) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, refusal)
}

/// The sentence about an option that the verb does not have, if clap's error is about one: the same as in every host.
pub(crate) fn unknown_option(error: &clap::Error, arguments: impl Iterator<Item = String>) -> Option<Refusal> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument)
    else {
        return None;
    };
    let mut words = arguments.skip_while(|word| !matches!(word.as_str(), "edit" | "plan")).skip(1);
    let verb = words.find_map(|word| Verb::from_id(&word))?;
    let name = option.trim_start_matches('-').split('=').next().unwrap_or_default();
    Some(Values::new(Action::Edit(verb)).unknown(dedit_schema::Host::Cli, name))
}

impl<C> VerbCall<C> {
    /// The edit, on a picture of this size. A mask is read, and joins the blobs.
    pub(crate) fn edit(&self, size: Size, blobs: &mut Vec<Blob>) -> Result<EditVerb> {
        let mask =
            self.values.text(Id::Mask).map(|file| add_mask(&items::mask(Path::new(file), &Reading::of_size(size))?, blobs)).transpose()?;
        EditVerb::from_values(self.verb, &self.values, mask).map_err(error::refused)
    }

    /// The values that were given.
    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    /// What the command takes besides.
    pub(crate) fn besides(&self) -> &C {
        &self.besides
    }
}

/// Adds a mask to the blobs; gives its place.
pub(crate) fn add_mask(mask: &ItemMask, blobs: &mut Vec<Blob>) -> Result<usize> {
    let (width, height) = (mask.size().width() as u32, mask.size().height() as u32);
    let pixels = Pixels::new(width, height, 1, Samples::F32(mask.values().to_vec()));
    blobs.push(Blob::Pixels(pixels.ok_or_else(|| Error::new(Kind::Internal, "a mask that does not fit the wire"))?));
    Ok(blobs.len() - 1)
}
