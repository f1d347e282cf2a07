//! A call, from its arguments to its return values.

use dedit_protocol::request;
use dedit_schema::{Action, Id};
use gimp_host::{Call, Host, Returned, RunMode, Stop, Value};

use crate::actions::{self, Output};
use crate::document::Document;
use crate::failure::Failure;
use crate::items::PictureItems;
use crate::parameters::Parameters;
use crate::watch::StatusBar;
use crate::{connection, history, procedures, report, ui};

/// The setting with the options of the last edit, whichever verb it was.
const OPTIONS: &str = "plug-in-dedit-how";
/// The options that all edits share.
const SHARED: [Id; 5] = [Id::When, Id::Steps, Id::Guidance, Id::Strength, Id::Model];

/// Carries out a call.
///
/// # Errors
/// Why nothing is returned.
pub(crate) fn run(host: &dyn Host, call: &Call) -> Result<Returned, Stop> {
    let action = procedures::action(&call.procedure);
    let action = action.ok_or_else(|| Stop::Misused(format!("there is no procedure {}", call.procedure)))?;
    let mut parameters = match call.mode {
        // GIMP 2.10 makes scripts pass values that are not used.
        RunMode::WithLastValues => Parameters::defaults(action),
        _ => Parameters::new(action, call.values.clone()).map_err(Stop::Misused)?,
    };
    match call.mode {
        RunMode::NonInteractive => {}
        RunMode::WithLastValues => recall(host, &procedures::name(action), &mut parameters),
        RunMode::Interactive => recall_for_dialog(host, action, &mut parameters),
    }
    let outcome = match (action, call.mode) {
        (Action::Status, _) => status(host, call.mode),
        (Action::Models, RunMode::Interactive) => ui::models(host),
        (Action::Models, _) => models(),
        (_, RunMode::Interactive) => ui::run(host, call, action, &mut parameters),
        (_, RunMode::NonInteractive | RunMode::WithLastValues) => without_dialog(host, call, action, &parameters),
    };
    if call.mode == RunMode::Interactive && outcome.is_ok() {
        remember(host, action, &parameters);
    }
    outcome.map_err(|failure| report::stop(&failure))
}

fn recall(host: &dyn Host, name: &str, parameters: &mut Parameters) {
    if let Some(values) = host.recall(name) {
        parameters.recall(&values);
    }
}

/// A dialog begins with the values of the last one, but for those that belong to one edit alone.
fn recall_for_dialog(host: &dyn Host, action: Action, parameters: &mut Parameters) {
    let name = procedures::name(action);
    recall(host, if action.verb().is_some() { OPTIONS } else { &name }, parameters);
    if procedures::asks(action) {
        recall(host, &name, parameters);
    }
    for (id, value) in [
        (Id::Item, Value::Text(String::new())),
        (Id::Seed, Value::Whole(-1)),
        (Id::Revision, Value::Whole(-1)),
        (Id::Restart, Value::Switch(false)),
    ] {
        parameters.set(id, value);
    }
}

fn remember(host: &dyn Host, action: Action, parameters: &Parameters) {
    host.remember(&procedures::name(action), &parameters.to_json(|_| true));
    if action.verb().is_some() {
        host.remember(OPTIONS, &parameters.to_json(|id| SHARED.contains(&id)));
    }
}

/// Progress is shown in GIMP's status bar, where there is one.
fn without_dialog(host: &dyn Host, call: &Call, action: Action, parameters: &Parameters) -> Result<Returned, Failure> {
    let document = Document::open(host, call, parameters.text(Id::Picture))?;
    let mut bar = StatusBar::new(host);
    let mut output = Output::default();
    match action {
        Action::Status => status(host, call.mode),
        Action::Models => models(),
        Action::Learn => actions::learn(&document, parameters, &mut bar),
        Action::Items => Ok(Returned { layer: None, text: report::items(&actions::set_items(&document, parameters)?) }),
        Action::History => history::list(&document, parameters.given().whole(Id::Revision)),
        Action::Redo => {
            let seed = parameters.given().whole(Id::Seed);
            actions::redo(&document, seed, &mut bar, &mut |source, composite, results, old| {
                output.insert(host, source, composite, results, old)
            })?;
            Ok(output.returned(&[]))
        }
        Action::Edit(_) | Action::Lift => {
            let mut items = PictureItems::open(&document)?;
            let remarks = actions::edit(&document, &mut items, parameters, &mut bar, &mut |results| {
                let draft = output.last();
                output.insert(host, &document.source, &document.composite, results, draft)
            })?;
            Ok(output.returned(&remarks))
        }
    }
}

/// The state of the daemon; from the menu it is shown.
fn status(host: &dyn Host, mode: RunMode) -> Result<Returned, Failure> {
    let client = connection::connect()?;
    let (status, _) = client.ask(request::Status {}, Vec::new())?;
    let text = report::status(&status, &client.welcome().version);
    if mode == RunMode::Interactive {
        host.show_message(&text);
    }
    Ok(Returned { layer: None, text })
}

/// The models, for scripts.
fn models() -> Result<Returned, Failure> {
    let (catalog, _) = connection::connect()?.ask(request::Catalog {}, Vec::new())?;
    Ok(Returned { layer: None, text: report::models(&catalog) })
}

#[cfg(test)]
mod tests {
    use dedit_schema::{Host as Hosts, Verb};
    use gimp_host::Item;

    use super::*;
    use crate::fake::{Fake, IMAGE};

    fn call(procedure: &str, mode: RunMode, drawables: &[Item]) -> Call {
        let parameters = procedures::action(procedure).map(procedures::parameters).unwrap_or_default();
        let values = parameters.iter().map(|parameter| parameter.kind.default()).collect();
        Call { procedure: procedure.to_owned(), mode, image: Some(IMAGE), drawables: drawables.to_vec(), values }
    }

    /// Nothing of this needs a daemon: none is started for what cannot be done.
    #[test]
    fn what_cannot_be_done_is_said_before_anything_is_begun() {
        let (fake, layer) = Fake::picture(4, 4);
        fake.with(layer, |layer| layer.visible = false);
        for mode in [RunMode::NonInteractive, RunMode::WithLastValues, RunMode::Interactive] {
            for action in Action::of(Hosts::Gimp).filter(|action| !matches!(action, Action::Models | Action::Status)) {
                let Err(Stop::Failed(message)) = run(&fake, &call(&procedures::name(action), mode, &[layer])) else { panic!("{action:?}") };
                assert!(message.contains("'picture' is not visible; open its eye"), "{message}");
            }
        }
        assert_eq!((fake.steps(), fake.within(None)), ((0, 0), vec![layer]));
    }

    #[test]
    fn calls_that_make_no_sense_are_misuse() {
        let (fake, layer) = Fake::picture(4, 4);
        let unknown = call("plug-in-other", RunMode::NonInteractive, &[layer]);
        assert_eq!(run(&fake, &unknown), Err(Stop::Misused("there is no procedure plug-in-other".to_owned())));
        let mut short = call("plug-in-dedit-swap", RunMode::NonInteractive, &[layer]);
        short.values.pop();
        assert!(matches!(run(&fake, &short), Err(Stop::Misused(message)) if message.contains("plug-in-dedit-swap takes ")));
    }

    #[test]
    fn dialogs_begin_with_the_last_values_but_not_with_the_last_item() {
        let (fake, _) = Fake::picture(4, 4);
        let mut values = Parameters::defaults(Action::Edit(Verb::Move));
        for (id, value) in [(Id::Item, "bag"), (Id::Into, "table"), (Id::When, "draft")] {
            values.set(id, Value::Text(value.to_owned()));
        }
        values.set(Id::Steps, Value::Whole(9));
        remember(&fake, Action::Edit(Verb::Move), &values);
        let mut again = Parameters::defaults(Action::Edit(Verb::Move));
        recall_for_dialog(&fake, Action::Edit(Verb::Move), &mut again);
        assert_eq!(
            (again.text(Id::Item), again.text(Id::Into), again.text(Id::When), again.given().whole(Id::Steps)),
            ("", "table", "draft", Some(9))
        );
        // Another command takes over how an edit is made, and not what is edited.
        let mut removal = Parameters::defaults(Action::Edit(Verb::Remove));
        recall_for_dialog(&fake, Action::Edit(Verb::Remove), &mut removal);
        assert_eq!((removal.text(Id::Into), removal.text(Id::When), removal.given().whole(Id::Steps)), ("", "draft", Some(9)));
    }
}
