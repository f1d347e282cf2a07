//! Where the user is asked, sees how it goes, and can stop it. GIMP stays usable meanwhile: these windows are the plug-in's own.

mod ask;
mod direct;
mod history;
mod learn;
mod panel;
mod rows;
mod view;
mod working;

use gimp_host::ui::Ui;
use gimp_host::{Call, Host, Returned};

use crate::describe::Verb;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::parameters::Parameters;
use crate::run::Opened;
use crate::told;

/// Carries out a call from the menu. What the user says is in the parameters afterwards.
///
/// # Errors
/// What is wrong, before a window opens where that is possible; `Cancelled` where the user closes it.
pub(crate) fn run(host: &dyn Host, call: &Call, verb: Verb, parameters: &mut Parameters) -> Result<Returned, Failure> {
    if verb == Verb::Status {
        let desk = Desk::open()?;
        let text = told::status(&desk.status()?, desk.version());
        host.tell(&text);
        return Ok(Returned { layer: None, text });
    }
    // What is wrong with the document or the daemon is said before anything is asked.
    let opened = Opened::open(host, call, parameters.text("picture"))?;
    let ui = Ui::load(host.version(), "dedit-gimp")?;
    match verb {
        Verb::Learn => learn::run(&ui, call, &opened, parameters),
        Verb::Items => panel::run(&ui, &opened, parameters),
        Verb::History => history::run(&ui, call, &opened),
        verb if verb.asks() => ask::run(&ui, call, verb, opened, parameters),
        verb => direct::run(&ui, verb, &opened, parameters),
    }
}

fn cancelled() -> Failure {
    Failure::new(crate::failure::FailureKind::Cancelled, "cancelled")
}
