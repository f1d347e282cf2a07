//! Edits that need no question: a window that shows how they go and can stop them.

use gimp_host::Returned;
use gimp_host::ui::{Button, Form, Ui};

use super::view;
use super::working::{CANCEL, Working};
use crate::describe::Verb;
use crate::failure::Failure;
use crate::parameters::Parameters;
use crate::run::{self, Opened, Placed};

/// Carries out an edit.
pub(super) fn run(ui: &Ui, verb: Verb, opened: &Opened<'_>, parameters: &Parameters) -> Result<Returned, Failure> {
    let form = Form {
        title: format!("D-Edit: {}", verb.title()),
        rows: Vec::new(),
        picture: Some(view::SIZE),
        list: None,
        progress: true,
        buttons: vec![Button { id: CANCEL, label: "_Cancel".to_owned(), default: false }],
    };
    let window = ui.open(&form);
    view::show(&window, &view::picture(&opened.ground.pixels));
    let mut working = Working::new(&window, opened.host);
    let mut placed = Placed::default();
    if verb == Verb::Redo {
        run::redo(opened, None, &mut working, &mut |source, ground, made, old| placed.take(opened.host, source, ground, made, old))?;
        return Ok(placed.returned(&[]));
    }
    let remarks = run::edit(opened, verb, parameters, &mut working, &mut |made| {
        let hide = placed.last();
        placed.take(opened.host, &opened.source, &opened.ground, made, hide)
    })?;
    Ok(placed.returned(&remarks))
}
