//! Dialogs and windows of the plug-in. GIMP stays usable while they are open.

mod direct;
mod edit;
mod history;
mod learn;
mod models;
mod panel;
mod rows;
mod view;
mod working;

use dedit_schema::{Action, Id};
use gimp_host::ui::Ui;
use gimp_host::{Call, Host, Returned};

use crate::connection;
use crate::document::Document;
use crate::failure::Failure;
use crate::parameters::Parameters;
use crate::procedures;

/// Carries out a call from the menu. `parameters` are what the user set in the dialog afterwards.
///
/// # Errors
/// Before a window opens where the document cannot be edited; `Cancelled` where the user closes the window.
pub(crate) fn run(host: &dyn Host, call: &Call, action: Action, parameters: &mut Parameters) -> Result<Returned, Failure> {
    let document = Document::open(host, call, parameters.text(Id::Picture))?;
    let ui = Ui::load(host.version(), "dedit-gimp")?;
    match action {
        Action::Learn => learn::run(&ui, call, document, parameters),
        Action::Items => panel::run(&ui, &document, parameters),
        Action::History => history::run(&ui, call, document, parameters),
        Action::Edit(verb) if procedures::asks(action) => edit::run(&ui, call, verb, document, parameters),
        Action::Edit(_) | Action::Lift => direct::edit(&ui, action, &document, parameters),
        Action::Redo => direct::redo(&ui, &document),
        // They are about no document.
        Action::Models => models::run(&ui, host, document.client),
        Action::Status => Ok(Returned::default()),
    }
}

/// Shows the models.
///
/// # Errors
/// Where there is no daemon, or one that is too old.
pub(crate) fn models(host: &dyn Host) -> Result<Returned, Failure> {
    let client = connection::connect()?;
    let ui = Ui::load(host.version(), "dedit-gimp")?;
    models::run(&ui, host, client)
}
