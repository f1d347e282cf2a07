//! A call from its beginning to its end.

use dedit_protocol::request::ModelChoice;
use gimp_host::{Call, Host, Item, Returned, RunMode, Stop, Value};

use crate::describe::Verb;
use crate::desk::Desk;
use crate::failure::{Failure, FailureKind};
use crate::ground::Ground;
use crate::items::Table;
use crate::jobs::{self, Job};
use crate::parameters::Parameters;
use crate::result::{self, Made, Note};
use crate::source::Source;
use crate::watch::{StatusBar, Watch};
use crate::{noted, past, told, ui};

/// The name under which is remembered how the last edit was made, whatever it was.
const HOW: &str = "plug-in-dedit-how";
/// What of it holds for other edits too.
const SHARED: [&str; 5] = ["when", "steps", "guidance", "strength", "model"];

/// Carries out a call.
///
/// # Errors
/// Why nothing is given back.
pub(crate) fn run(host: &dyn Host, call: &Call) -> Result<Returned, Stop> {
    let verb = Verb::of(&call.procedure).ok_or_else(|| Stop::Misused(format!("there is no procedure {}", call.procedure)))?;
    let mut parameters = match call.mode {
        // What a script has to say all the same does not count.
        RunMode::WithLastValues => Parameters::defaults(verb),
        _ => Parameters::new(verb, call.values.clone()).map_err(Stop::Misused)?,
    };
    match call.mode {
        RunMode::NonInteractive => {}
        RunMode::WithLastValues => recall(host, verb.name(), &mut parameters),
        RunMode::Interactive => recall_to_ask(host, verb, &mut parameters),
    }
    let done = match call.mode {
        RunMode::Interactive => ui::run(host, call, verb, &mut parameters),
        RunMode::NonInteractive | RunMode::WithLastValues => quietly(host, call, verb, &parameters),
    };
    if call.mode == RunMode::Interactive && done.is_ok() {
        remember(host, verb, &parameters);
    }
    done.map_err(|failure| told::stop(&failure))
}

fn recall(host: &dyn Host, name: &str, parameters: &mut Parameters) {
    if let Some(said) = host.recall(name) {
        parameters.recall(&said);
    }
}

/// What was said last is where a dialog begins; which item, which seed and how many is for each time.
fn recall_to_ask(host: &dyn Host, verb: Verb, parameters: &mut Parameters) {
    recall(host, if verb.edits() { HOW } else { verb.name() }, parameters);
    if verb.asks() {
        recall(host, verb.name(), parameters);
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

fn remember(host: &dyn Host, verb: Verb, parameters: &Parameters) {
    host.remember(verb.name(), &parameters.to_json(|_| true));
    if verb.edits() {
        host.remember(HOW, &parameters.to_json(|name| SHARED.contains(&name)));
    }
}

/// Without asking; progress is shown where GIMP shows it.
fn quietly(host: &dyn Host, call: &Call, verb: Verb, parameters: &Parameters) -> Result<Returned, Failure> {
    if verb == Verb::Status {
        let desk = Desk::open()?;
        return Ok(Returned { layer: None, text: told::status(&desk.status()?, desk.version()) });
    }
    let opened = Opened::open(host, call, parameters.text("picture"))?;
    match verb {
        Verb::Learn => learn(&opened, parameters, &mut StatusBar::new(host)),
        Verb::Items => {
            let mut table = opened.table()?;
            table.set(parameters.text("items"), most(parameters))?;
            opened.note_session(&table)?;
            Ok(Returned { layer: None, text: told::items(&table) })
        }
        Verb::History => past::history(&opened, parameters.whole("revision").and_then(|revision| u64::try_from(revision).ok())),
        Verb::Redo => {
            let seed = parameters.whole("seed").and_then(|seed| u64::try_from(seed).ok());
            let mut bar = StatusBar::new(host);
            let mut placed = Placed::default();
            redo(&opened, seed, &mut bar, &mut |source, ground, made, old| placed.take(host, source, ground, made, old))?;
            Ok(placed.returned(&[]))
        }
        _ => {
            let mut bar = StatusBar::new(host);
            let mut placed = Placed::default();
            let remarks = edit(&opened, verb, parameters, &mut bar, &mut |made| {
                let hide = placed.last();
                placed.take(host, &opened.source, &opened.ground, made, hide)
            })?;
            Ok(placed.returned(&remarks))
        }
    }
}

/// At most how many things are looked for.
pub(crate) fn most(parameters: &Parameters) -> usize {
    parameters.whole("most").and_then(|most| usize::try_from(most).ok()).unwrap_or(8)
}

/// A document and the daemon, ready to be worked with.
pub(crate) struct Opened<'h> {
    pub(crate) host: &'h dyn Host,
    pub(crate) desk: Desk,
    pub(crate) source: Source,
    pub(crate) ground: Ground,
}

impl<'h> Opened<'h> {
    /// Looks at the document, then reaches the daemon.
    pub(crate) fn open(host: &'h dyn Host, call: &Call, picture: &str) -> Result<Self, Failure> {
        let source = Source::find(host, call, picture)?;
        let desk = Desk::open()?;
        let ground = Ground::read(host, &source, None)?;
        Ok(Self { host, desk, source, ground })
    }

    /// The picture's session and items.
    pub(crate) fn table(&self) -> Result<Table<'_>, Failure> {
        Table::lay(self.host, &self.desk, &self.source, &self.ground)
    }

    /// Notes the session on the image, so that it is found again.
    pub(crate) fn note_session(&self, table: &Table<'_>) -> Result<(), Failure> {
        noted::note(self.host, &self.source, &table.session.session)
    }
}

/// Results that became layers.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    layers: Vec<Item>,
    made: Vec<Made>,
}

impl Placed {
    /// Makes results layers, in one undo step.
    pub(crate) fn take(
        &mut self,
        host: &dyn Host,
        source: &Source,
        ground: &Ground,
        made: Vec<Made>,
        hide: Option<Item>,
    ) -> Result<(), Failure> {
        self.layers = result::put(host, source, ground, &made, hide)?;
        self.made = made;
        Ok(())
    }

    /// The layer that was made last and is visible.
    pub(crate) fn last(&self) -> Option<Item> {
        self.layers.first().copied()
    }

    /// What is given back.
    pub(crate) fn returned(&self, remarks: &[String]) -> Returned {
        Returned { layer: self.last(), text: told::made(&self.made, remarks) }
    }
}

/// Edits the picture, and gives back remarks about the document.
///
/// # Errors
/// Before anything is begun where something is missing; what the daemon says.
pub(crate) fn edit(
    opened: &Opened<'_>,
    verb: Verb,
    parameters: &Parameters,
    watch: &mut dyn Watch,
    take: &mut jobs::Take<'_>,
) -> Result<Vec<String>, Failure> {
    let mut table = opened.table()?;
    let job = Job::prepare(&mut table, verb, parameters)?;
    job.carry_out(&opened.desk, watch, take)?;
    Ok(table.remarks)
}

/// Who takes results that take the place of another.
pub(crate) type TakeInstead<'t> = dyn FnMut(&Source, &Ground, Vec<Made>, Option<Item>) -> Result<(), Failure> + 't;

/// Makes the active result again, else the topmost one.
pub(crate) fn redo(opened: &Opened<'_>, seed: Option<u64>, watch: &mut dyn Watch, take: &mut TakeInstead<'_>) -> Result<(), Failure> {
    let Opened { host, desk, source, ground } = opened;
    let old = source.active_result.or(ground.topmost);
    let note = old.and_then(|old| Note::of(*host, old));
    let (Some(old), Some(note)) = (old, note) else {
        return Err(Failure::new(FailureKind::Input, "there is no result yet that could be made again")
            .hint("edit something first, or click a result's layer"));
    };
    // Seen without the old one, whose place the new one takes. Of all that is visible nothing can be left out.
    let ground = Ground::read(*host, source, Some(old))?;
    if ground.digest != if source.layer.is_some() { note.before.as_str() } else { note.digest.as_str() } {
        let told = "the picture is no longer as it was when this result was made";
        return Err(Failure::new(FailureKind::Input, told).hint("make the edit anew from the menu"));
    }
    let job = Job::again(desk, &note, seed)?;
    job.carry_out(desk, watch, &mut |made| take(source, &ground, made, Some(old)))
}

/// Learns the picture's items.
pub(crate) fn learn(opened: &Opened<'_>, parameters: &Parameters, watch: &mut dyn Watch) -> Result<Returned, Failure> {
    let mut table = opened.table()?;
    table.set(parameters.text("items"), most(parameters))?;
    opened.note_session(&table)?;
    let model = parameters.text("model");
    let model = ModelChoice { model: (!model.is_empty()).then(|| model.to_owned()), ..ModelChoice::default() };
    let learned = jobs::learn(&opened.desk, &table.session.session, &model, parameters.is_on("restart"), watch)?;
    Ok(Returned { layer: None, text: told::learned(&learned, &table) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, IMAGE};

    fn call(procedure: &str, mode: RunMode, drawables: &[Item]) -> Call {
        let values =
            Verb::of(procedure).map(Verb::parameters).unwrap_or_default().iter().map(|parameter| parameter.kind.default()).collect();
        Call { procedure: procedure.to_owned(), mode, image: Some(IMAGE), drawables: drawables.to_vec(), values }
    }

    /// Nothing of this needs a daemon: none is started for what cannot be done.
    #[test]
    fn what_cannot_be_done_is_said_before_anything_is_begun() {
        let (fake, layer) = Fake::picture(4, 4);
        fake.with(layer, |layer| layer.visible = false);
        for mode in [RunMode::NonInteractive, RunMode::WithLastValues, RunMode::Interactive] {
            for verb in Verb::ALL.into_iter().filter(|verb| *verb != Verb::Status) {
                let Err(Stop::Failed(told)) = run(&fake, &call(verb.name(), mode, &[layer])) else { panic!("{verb:?}") };
                assert!(told.contains("'picture' is not visible; open its eye"), "{told}");
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
        assert!(matches!(run(&fake, &short), Err(Stop::Misused(told)) if told.contains("takes 12 values and got 11")));
    }

    #[test]
    fn what_was_said_last_is_where_a_dialog_begins_and_what_was_meant_is_not() {
        let (fake, _) = Fake::picture(4, 4);
        let mut said = Parameters::defaults(Verb::Move);
        for (name, value) in [("item", "bag"), ("into", "table"), ("when", "draft")] {
            said.set(name, Value::Text(value.to_owned()));
        }
        said.set("steps", Value::Whole(9));
        remember(&fake, Verb::Move, &said);
        let mut again = Parameters::defaults(Verb::Move);
        recall_to_ask(&fake, Verb::Move, &mut again);
        assert_eq!((again.text("item"), again.text("into"), again.text("when"), again.whole("steps")), ("", "table", "draft", Some(9)));
        // Another verb takes over how, and nothing of what.
        let mut removal = Parameters::defaults(Verb::Remove);
        recall_to_ask(&fake, Verb::Remove, &mut removal);
        assert_eq!((removal.text("into"), removal.text("when"), removal.whole("steps")), ("", "draft", Some(9)));
    }
}
