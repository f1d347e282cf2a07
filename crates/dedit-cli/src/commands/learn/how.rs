//! How a picture is learned: the options of the table of parameters.

use clap::{ArgMatches, Args, Command, FromArgMatches};
use dedit_protocol::request::LearnOptions;
use dedit_schema::{Action, Id, LEARNING, Parameter, Values};

use crate::edit_options::{augment, read, refused};
use crate::error::{Error, Result};

/// The options of fine-tuning.
#[derive(Debug, Clone)]
pub(super) struct How(Values);

fn rows() -> Vec<&'static Parameter> {
    LEARNING.iter().collect()
}

impl Args for How {
    fn augment_args(command: Command) -> Command {
        augment(command, &rows())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for How {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        read(Action::Learn, &rows(), matches).map(Self).map_err(|refusal| refused(&refusal))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl How {
    /// The options as the daemon takes them. What makes no sense is refused before anything is sent.
    pub(super) fn options(&self) -> Result<LearnOptions> {
        let options = LearnOptions::from_values(&self.0);
        if options.rank.is_some() && options.full_attention {
            return Err(Error::usage("'rank' is of the LoRA that --full-attention does without").hint("give one of the two"));
        }
        dedit_edit::LearnOptions { tokens: options.tokens, rates: options.rates, ..dedit_edit::LearnOptions::default() }.check()?;
        Ok(options)
    }

    /// Whether previews are written.
    pub(super) fn has_previews(&self) -> bool {
        self.0.whole::<usize>(Id::PreviewEvery).is_some_and(|updates| updates > 0)
    }
}
