//! Fetching a model, through the daemon.

use std::io::{IsTerminal as _, Write as _, stderr, stdin};

use clap::Args;
use dedit_catalog::{Known, Library, known};
use dedit_protocol::features;
use dedit_protocol::request::FetchModel;
use serde_json::json;

use super::Common;
use crate::console::Console;
use crate::error::Result;
use crate::format::size_of;
use crate::interrupt::Interrupt;

/// What is fetched.
#[derive(Debug, Args)]
pub(super) struct Fetch {
    /// A name that dedit model list shows
    name: String,
    /// Accept the model's licence, which dedit model info NAME names; without this it is asked for on a terminal, once
    #[arg(long, alias = "accept-license")]
    accept_licence: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

pub(super) fn run(fetch: &Fetch, library: &Library, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let known = known::named(&fetch.name).ok_or_else(|| library.missing(&fetch.name))?;
    let here = library.present(known).is_some_and(|found| found.broken.is_none());
    let accept_licence = fetch.accept_licence || !here && !library.is_accepted(&known.licence) && accepts(fetch, known);
    if !here && !accept_licence {
        // Before a daemon is started.
        library.check_licence(known)?;
    }
    let connection = fetch.common.daemon().connect(console, interrupt)?;
    connection.require(features::MODELS)?;
    interrupt.listen();
    let (fetched, _) = connection.ask(FetchModel { name: fetch.name.clone(), accept_licence }, Vec::new())?;
    let how = match fetched.received {
        0 => "was there already".to_owned(),
        received if received == fetched.bytes => format!("is here, {}", size_of(fetched.bytes)),
        received => format!("is here, {}, of which {} came now", size_of(fetched.bytes), size_of(received)),
    };
    console.finish(&format!("{} {how}: {}", fetched.name, fetched.path), json!(fetched));
    Ok(())
}

/// Shows the licence on a terminal, and asks.
fn accepts(fetch: &Fetch, known: &Known) -> bool {
    let reporting = &fetch.common.reporting;
    if reporting.json || reporting.quiet || !stdin().is_terminal() || !stderr().is_terminal() {
        return false;
    }
    let question =
        format!("{} is offered under {}:\n  {}\nDo you accept this licence? [y/N] ", known.title, known.licence.name, known.licence.link);
    let _ = write!(stderr(), "{question}").and_then(|()| stderr().flush());
    let mut answer = String::new();
    stdin().read_line(&mut answer).is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}
