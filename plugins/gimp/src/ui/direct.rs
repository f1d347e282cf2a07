//! The window of an edit without parameters: it shows progress and can stop it.

use dedit_schema::Action;
use gimp_host::Returned;
use gimp_host::ui::{Button, Form, Ui, Window};

use super::view;
use super::working::{CANCEL, Working};
use crate::actions::{self, Output};
use crate::document::Document;
use crate::failure::Failure;
use crate::items::PictureItems;
use crate::parameters::Parameters;

fn open<'u>(ui: &'u Ui, action: Action, document: &Document<'_>) -> Window<'u> {
    let window = ui.open(&Form {
        title: format!("D-Edit: {}", action.title()),
        rows: Vec::new(),
        picture: Some(view::SIZE),
        list: None,
        progress: true,
        buttons: vec![Button { id: CANCEL, label: "_Cancel".to_owned(), default: false }],
    });
    view::show(&window, &view::picture(&document.composite.pixels));
    window
}

/// Carries out an edit.
pub(super) fn edit(ui: &Ui, action: Action, document: &Document<'_>, parameters: &Parameters) -> Result<Returned, Failure> {
    let window = open(ui, action, document);
    let mut working = Working::new(&window, document.host);
    let mut output = Output::default();
    let mut items = PictureItems::open(document)?;
    let remarks = actions::edit(document, &mut items, parameters, &mut working, &mut |results| {
        let draft = output.last();
        output.insert(document.host, &document.source, &document.composite, results, draft)
    })?;
    Ok(output.returned(&remarks))
}

/// Makes the last result again.
pub(super) fn redo(ui: &Ui, document: &Document<'_>) -> Result<Returned, Failure> {
    let window = open(ui, Action::Redo, document);
    let mut working = Working::new(&window, document.host);
    let mut output = Output::default();
    actions::redo(document, None, &mut working, &mut |source, composite, results, old| {
        output.insert(document.host, source, composite, results, old)
    })?;
    Ok(output.returned(&[]))
}
