//! The command line as a whole: every command, and what clap says of one that it cannot read.

use std::process::ExitCode;

use clap::error::ErrorKind as ClapErrorKind;
use clap::{Parser, Subcommand};

use crate::arguments::Reporting;
use crate::commands::{daemon, demo, doctor, edit, generate, install, learn, model, plan, segment, show};
use crate::console::Console;
use crate::edit_options::unknown_option;
use crate::error::{Error, refused};

/// Edits pictures by their items, and makes pictures from prompts, with Stable Diffusion 1, 2 and XL.
#[derive(Debug, Parser)]
#[command(name = "dedit", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done, 2 usage, 3 bad input, 4 model, 5 connection, 6 cancelled, 7 memory or disk; 1 a fault of dedit itself.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Learn(Box<learn::Options>),
    Edit(Box<edit::Options>),
    Plan(Box<plan::Options>),
    Show(show::Options),
    Generate(generate::Options),
    Demo(demo::Options),
    Segment(segment::Options),
    Daemon(daemon::Options),
    Install(install::Options),
    Uninstall(install::Removal),
    Doctor(doctor::Options),
    Model(model::Options),
}

impl Command {
    /// How the command reports.
    pub(crate) fn reporting(&self) -> &Reporting {
        match self {
            Self::Generate(options) => &options.reporting,
            Self::Demo(options) => &options.reporting,
            Self::Learn(options) => &options.reporting,
            Self::Edit(options) => options.reporting(),
            Self::Plan(options) => options.reporting(),
            Self::Show(options) => &options.reporting,
            Self::Segment(options) => &options.reporting,
            Self::Daemon(options) => options.reporting(),
            Self::Install(options) => options.reporting(),
            Self::Uninstall(options) => options.reporting(),
            Self::Doctor(options) => &options.reporting,
            Self::Model(options) => options.reporting(),
        }
    }
}

/// Reads the command line; where there is nothing to run, says so and gives the exit code.
pub(crate) fn read() -> Result<Command, ExitCode> {
    let error = match Arguments::try_parse() {
        Ok(arguments) => return Ok(arguments.command),
        Err(error) => error,
    };
    if matches!(error.kind(), ClapErrorKind::DisplayHelp | ClapErrorKind::DisplayVersion) {
        let _ = error.print();
        return Err(ExitCode::SUCCESS);
    }
    // What --json asks for holds for complaints about the other options too.
    let json = std::env::args_os().any(|argument| argument == "--json");
    Err(Console::new(&Reporting { json, quiet: true }).fail(&in_one_line(&error)))
}

/// clap's complaint as one sentence.
fn in_one_line(error: &clap::Error) -> Error {
    if error.kind() == ClapErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Error::usage("no command was given").hint("try dedit --help");
    }
    if let Some(refusal) = unknown_option(error, std::env::args().skip(1)) {
        return refused(refusal);
    }
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let sentence = words.join(" ").replace(" tip: ", "; ");
    let sentence = sentence.strip_prefix("error: ").unwrap_or(&sentence);
    if error.kind() == ClapErrorKind::ValueValidation && !sentence.starts_with("invalid value") {
        // Refused by the table of parameters, whose sentence says what is taken.
        return Error::usage(sentence);
    }
    // Complaints about values say what to do themselves.
    let (message, hint) = sentence.split_once("; ").unwrap_or((sentence, "see dedit --help, or --help after a command"));
    Error::usage(message).hint(hint)
}
