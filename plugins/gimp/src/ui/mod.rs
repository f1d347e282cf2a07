//! Dialogs and windows of the plug-in. GIMP stays usable while they are open.

mod direct;
mod edit;
mod history;
mod learn;
mod panel;
mod rows;
mod view;
mod working;

use gimp_host::ui::Ui;
use gimp_host::{Call, Host, Returned};

use crate::connection::Connection;
use crate::document::Document;
use crate::failure::Failure;
use crate::parameters::Parameters;
use crate::procedures::Command;
use crate::report;

/// Carries out a call from the menu. `parameters` are what the user set in the dialog afterwards.
///
/// # Errors
/// Before a window opens where the document cannot be edited; `Cancelled` where the user closes the window.
pub(crate) fn run(host: &dyn Host, call: &Call, command: Command, parameters: &mut Parameters) -> Result<Returned, Failure> {
    if command == Command::Status {
        let connection = Connection::open()?;
        let text = report::status(&connection.status()?, connection.version());
        host.show_message(&text);
        return Ok(Returned { layer: None, text });
    }
    let document = Document::open(host, call, parameters.text("picture"))?;
    let ui = Ui::load(host.version(), "dedit-gimp")?;
    match command {
        Command::Learn => learn::run(&ui, call, &document, parameters),
        Command::Items => panel::run(&ui, &document, parameters),
        Command::History => history::run(&ui, call, &document),
        command if command.asks() => edit::run(&ui, call, command, document, parameters),
        command => direct::run(&ui, command, &document, parameters),
    }
}
