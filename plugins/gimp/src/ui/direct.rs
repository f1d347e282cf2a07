//! The window of an edit without parameters: it shows progress and can stop it.

use gimp_host::Returned;
use gimp_host::ui::{Button, Form, Ui};

use super::view;
use super::working::{CANCEL, Working};
use crate::actions::{self, Output};
use crate::document::Document;
use crate::failure::Failure;
use crate::parameters::Parameters;
use crate::procedures::Command;

/// Carries out an edit.
pub(super) fn run(ui: &Ui, command: Command, document: &Document<'_>, parameters: &Parameters) -> Result<Returned, Failure> {
    let form = Form {
        title: format!("D-Edit: {}", command.title()),
        rows: Vec::new(),
        picture: Some(view::SIZE),
        list: None,
        progress: true,
        buttons: vec![Button { id: CANCEL, label: "_Cancel".to_owned(), default: false }],
    };
    let window = ui.open(&form);
    view::show(&window, &view::picture(&document.composite.pixels));
    let mut working = Working::new(&window, document.host);
    let mut output = Output::default();
    if command == Command::Redo {
        actions::redo(document, None, &mut working, &mut |source, composite, results, old| {
            output.insert(document.host, source, composite, results, old)
        })?;
        return Ok(output.returned(&[]));
    }
    let remarks = actions::edit(document, command, parameters, &mut working, &mut |results| {
        let draft = output.last();
        output.insert(document.host, &document.source, &document.composite, results, draft)
    })?;
    Ok(output.returned(&remarks))
}
