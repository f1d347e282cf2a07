//! A call, from its arguments to its return values.

use gimp_host::{Call, Host, Returned, RunMode, Stop, Value};

use crate::actions::{self, Output};
use crate::connection::Connection;
use crate::document::Document;
use crate::failure::Failure;
use crate::parameters::Parameters;
use crate::procedures::Command;
use crate::watch::StatusBar;
use crate::{history, report, ui};

/// The setting with the options of the last edit, whichever command it was.
const OPTIONS: &str = "plug-in-dedit-how";
/// The options that all edits share.
const SHARED: [&str; 5] = ["when", "steps", "guidance", "strength", "model"];

/// Carries out a call.
///
/// # Errors
/// Why nothing is returned.
pub(crate) fn run(host: &dyn Host, call: &Call) -> Result<Returned, Stop> {
    let command = Command::of(&call.procedure).ok_or_else(|| Stop::Misused(format!("there is no procedure {}", call.procedure)))?;
    let mut parameters = match call.mode {
        // GIMP 2.10 makes scripts pass values that are not used.
        RunMode::WithLastValues => Parameters::defaults(command),
        _ => Parameters::new(command, call.values.clone()).map_err(Stop::Misused)?,
    };
    match call.mode {
        RunMode::NonInteractive => {}
        RunMode::WithLastValues => recall(host, command.name(), &mut parameters),
        RunMode::Interactive => recall_for_dialog(host, command, &mut parameters),
    }
    let outcome = match call.mode {
        RunMode::Interactive => ui::run(host, call, command, &mut parameters),
        RunMode::NonInteractive | RunMode::WithLastValues => without_dialog(host, call, command, &parameters),
    };
    if call.mode == RunMode::Interactive && outcome.is_ok() {
        remember(host, command, &parameters);
    }
    outcome.map_err(|failure| report::stop(&failure))
}

fn recall(host: &dyn Host, name: &str, parameters: &mut Parameters) {
    if let Some(values) = host.recall(name) {
        parameters.recall(&values);
    }
}

/// A dialog begins with the values of the last one, but for those that belong to one edit alone.
fn recall_for_dialog(host: &dyn Host, command: Command, parameters: &mut Parameters) {
    recall(host, if command.edits() { OPTIONS } else { command.name() }, parameters);
    if command.asks() {
        recall(host, command.name(), parameters);
    }
    for (name, value) in [
        ("item", Value::Text(String::new())),
        ("seed", Value::Whole(-1)),
        ("revision", Value::Whole(-1)),
        ("restart", Value::Switch(false)),
    ] {
        parameters.set(name, value);
    }
}

fn remember(host: &dyn Host, command: Command, parameters: &Parameters) {
    host.remember(command.name(), &parameters.to_json(|_| true));
    if command.edits() {
        host.remember(OPTIONS, &parameters.to_json(|name| SHARED.contains(&name)));
    }
}

/// Progress is shown in GIMP's status bar, where there is one.
fn without_dialog(host: &dyn Host, call: &Call, command: Command, parameters: &Parameters) -> Result<Returned, Failure> {
    if command == Command::Status {
        return status();
    }
    let document = Document::open(host, call, parameters.text("picture"))?;
    match command {
        Command::Learn => actions::learn(&document, parameters, &mut StatusBar::new(host)),
        Command::Items => {
            let mut items = document.items()?;
            items.set(parameters.text("items"), actions::most(parameters))?;
            document.remember_session(&items)?;
            Ok(Returned { layer: None, text: report::items(&items) })
        }
        Command::History => history::list(&document, parameters.whole("revision").and_then(|revision| u64::try_from(revision).ok())),
        Command::Redo => {
            let seed = parameters.whole("seed").and_then(|seed| u64::try_from(seed).ok());
            let mut bar = StatusBar::new(host);
            let mut output = Output::default();
            actions::redo(&document, seed, &mut bar, &mut |source, composite, results, old| {
                output.insert(host, source, composite, results, old)
            })?;
            Ok(output.returned(&[]))
        }
        _ => {
            let mut bar = StatusBar::new(host);
            let mut output = Output::default();
            let remarks = actions::edit(&document, command, parameters, &mut bar, &mut |results| {
                let draft = output.last();
                output.insert(host, &document.source, &document.composite, results, draft)
            })?;
            Ok(output.returned(&remarks))
        }
    }
}

/// The state of the daemon.
fn status() -> Result<Returned, Failure> {
    let connection = Connection::open()?;
    Ok(Returned { layer: None, text: report::status(&connection.status()?, connection.version()) })
}

#[cfg(test)]
mod tests {
    use gimp_host::Item;

    use super::*;
    use crate::fake::{Fake, IMAGE};

    fn call(procedure: &str, mode: RunMode, drawables: &[Item]) -> Call {
        let values =
            Command::of(procedure).map(Command::parameters).unwrap_or_default().iter().map(|parameter| parameter.kind.default()).collect();
        Call { procedure: procedure.to_owned(), mode, image: Some(IMAGE), drawables: drawables.to_vec(), values }
    }

    /// Nothing of this needs a daemon: none is started for what cannot be done.
    #[test]
    fn what_cannot_be_done_is_said_before_anything_is_begun() {
        let (fake, layer) = Fake::picture(4, 4);
        fake.with(layer, |layer| layer.visible = false);
        for mode in [RunMode::NonInteractive, RunMode::WithLastValues, RunMode::Interactive] {
            for command in Command::ALL.into_iter().filter(|command| *command != Command::Status) {
                let Err(Stop::Failed(message)) = run(&fake, &call(command.name(), mode, &[layer])) else { panic!("{command:?}") };
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
        assert!(matches!(run(&fake, &short), Err(Stop::Misused(message)) if message.contains("takes 12 values and got 11")));
    }

    #[test]
    fn dialogs_begin_with_the_last_values_but_not_with_the_last_item() {
        let (fake, _) = Fake::picture(4, 4);
        let mut values = Parameters::defaults(Command::Move);
        for (name, value) in [("item", "bag"), ("into", "table"), ("when", "draft")] {
            values.set(name, Value::Text(value.to_owned()));
        }
        values.set("steps", Value::Whole(9));
        remember(&fake, Command::Move, &values);
        let mut again = Parameters::defaults(Command::Move);
        recall_for_dialog(&fake, Command::Move, &mut again);
        assert_eq!((again.text("item"), again.text("into"), again.text("when"), again.whole("steps")), ("", "table", "draft", Some(9)));
        // Another command takes over how an edit is made, and not what is edited.
        let mut removal = Parameters::defaults(Command::Remove);
        recall_for_dialog(&fake, Command::Remove, &mut removal);
        assert_eq!((removal.text("into"), removal.text("when"), removal.whole("steps")), ("", "draft", Some(9)));
    }
}
