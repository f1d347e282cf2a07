//! The dialog of an edit: what is wanted, how it looks, and only then a layer.

use std::time::Duration;

use dedit_protocol::Pixels;
use gimp_host::ui::{Button, Event, Form, Ui, Window};
use gimp_host::{Call, Host, Returned};
use image::RgbImage;

use super::rows::{Choices, remember_prompt};
use super::working::{CANCEL, Working};
use super::{cancelled, view};
use crate::describe::Verb;
use crate::desk::Labels;
use crate::failure::{Failure, FailureKind};
use crate::ground::Ground;
use crate::masks;
use crate::parameters::Parameters;
use crate::result::Made;
use crate::run::{self, Opened, Placed};
use crate::source::Source;

const PREVIEW: &str = "preview";
const APPLY: &str = "apply";
/// How long the window waits for its user at a time.
const PAUSE: Duration = Duration::from_millis(200);

/// Results that are seen and are no layers yet.
struct Seen {
    parameters: Parameters,
    source: Source,
    ground: Ground,
    selection: Option<Pixels>,
    made: Vec<Made>,
    remarks: Vec<String>,
}

struct Ask<'a> {
    host: &'a dyn Host,
    call: &'a Call,
    verb: Verb,
    window: &'a Window<'a>,
    choices: Choices,
    picture: RgbImage,
    labels: Labels,
    seen: Option<Seen>,
}

/// Asks, shows, and makes a layer of what is wanted.
pub(super) fn run(ui: &Ui, call: &Call, verb: Verb, opened: Opened<'_>, parameters: &mut Parameters) -> Result<Returned, Failure> {
    let host = opened.host;
    let table = opened.table()?;
    let (names, labels) = (table.names(), table.labels.clone());
    let selection = host.selection(opened.source.image)?.is_some();
    let choices = Choices::find(host, names, selection);
    let window = ui.open(&form(verb, choices.rows(host, parameters, &[])));
    let picture = view::picture(&opened.ground.pixels);
    let ask = Ask { host, call, verb, window: &window, choices, picture, labels, seen: None };
    if verb == Verb::Augment && parameters.text("prompt").is_empty() {
        window.set_text("prompt", "a golden [v]");
    }
    ask.show_ground(&opened);
    drop(opened);
    ask.until_applied(parameters)
}

fn form(verb: Verb, rows: Vec<gimp_host::ui::Row>) -> Form {
    let button = |id, label: &str, default| Button { id, label: label.to_owned(), default };
    Form {
        title: format!("D-Edit: {}", verb.title()),
        rows,
        picture: Some(view::SIZE),
        list: None,
        progress: true,
        buttons: vec![button(PREVIEW, "P_review", false), button(CANCEL, "_Cancel", false), button(APPLY, "_OK", true)],
    }
}

impl Ask<'_> {
    fn until_applied(mut self, parameters: &mut Parameters) -> Result<Returned, Failure> {
        loop {
            for event in self.window.events(PAUSE) {
                match event {
                    Event::Closed | Event::Pressed(CANCEL) => return Err(cancelled()),
                    Event::Pressed(PREVIEW) => self.tried(parameters, false).map(drop)?,
                    Event::Pressed(APPLY) => {
                        if let Some(returned) = self.tried(parameters, true)? {
                            return Ok(returned);
                        }
                    }
                    Event::Changed("item") => {
                        self.choices.read(self.window, parameters, &[]);
                        view::show(self.window, &view::with_items(&self.picture, &self.labels, Some(parameters.text("item"))));
                    }
                    _ => {}
                }
            }
        }
    }

    /// The picture with what is selected, else with its items.
    fn show_ground(&self, opened: &Opened<'_>) {
        let shown = match masks::selection(self.host, &opened.source) {
            Ok(Some(mask)) => view::with_mask(&self.picture, &masks::shares(&mask)),
            Ok(None) => view::with_items(&self.picture, &self.labels, None),
            Err(failure) => {
                self.window.alert(&failure.to_string());
                self.picture.clone()
            }
        };
        view::show(self.window, &shown);
    }

    /// Makes what is asked for, unless it is there already, and a layer of it where that is wanted. What goes wrong is said in the window, which stays.
    fn tried(&mut self, parameters: &mut Parameters, apply: bool) -> Result<Option<Returned>, Failure> {
        self.choices.read(self.window, parameters, &[]);
        if !apply && parameters.whole("seed") == Some(-1) {
            // Another seed each time.
            self.seen = None;
        }
        remember_prompt(self.host, parameters.text("prompt"));
        self.enable(false);
        let mut closed = false;
        let outcome = self.make(parameters, &mut closed).and_then(|()| if apply { self.put() } else { Ok(None) });
        if closed {
            return Err(cancelled());
        }
        self.enable(true);
        match outcome {
            Ok(returned) => Ok(returned),
            Err(failure) => {
                let stopped = failure.kind == FailureKind::Cancelled;
                self.window.set_progress(Some(0.0), if stopped { "Stopped" } else { "" });
                if !stopped {
                    self.window.alert(&failure.to_string());
                    self.refresh(parameters);
                }
                Ok(None)
            }
        }
    }

    /// The items that there are by now, to choose from: what went wrong may be that one has to be named.
    fn refresh(&mut self, parameters: &Parameters) {
        let Ok(opened) = Opened::open(self.host, self.call, parameters.text("picture")) else { return };
        let Ok(table) = opened.table() else { return };
        if table.names() == self.choices.items {
            return;
        }
        (self.choices.items, self.labels) = (table.names(), table.labels.clone());
        for name in ["item", "with", "into"] {
            self.window.set_options(name, &self.choices.labels(name), 0);
        }
        view::show(self.window, &view::with_items(&self.picture, &self.labels, None));
    }

    fn enable(&self, enabled: bool) {
        let rows = Parameters::defaults(self.verb);
        rows.described().iter().map(|parameter| parameter.name).chain([PREVIEW, APPLY]).for_each(|id| self.window.set_enabled(id, enabled));
        self.window.set_label(CANCEL, if enabled { "_Cancel" } else { "_Stop" });
    }

    /// The document may have changed since the window opened: it is read anew each time.
    fn make(&mut self, parameters: &Parameters, closed: &mut bool) -> Result<(), Failure> {
        self.window.set_progress(None, "Reading the picture");
        // Drawn before what may take a while with a large one.
        drop(self.window.events(Duration::ZERO));
        let opened = Opened::open(self.host, self.call, parameters.text("picture"))?;
        let selection = masks::selection(self.host, &opened.source)?;
        let is_same =
            |seen: &Seen| seen.parameters == *parameters && seen.ground.digest == opened.ground.digest && seen.selection == selection;
        if self.seen.as_ref().is_some_and(is_same) {
            self.window.set_progress(Some(1.0), "");
            return Ok(());
        }
        self.seen = None;
        self.picture = view::picture(&opened.ground.pixels);
        let mut working = Working::new(self.window, self.host);
        let (mut last, picture, window) = (None, &self.picture, self.window);
        let outcome = run::edit(&opened, self.verb, parameters, &mut working, &mut |made: Vec<Made>| {
            let views: Vec<_> = made.iter().map(|made| view::around(picture, &view::picture(&made.pixels), made.edited.region)).collect();
            view::show(window, &view::sheet(&views));
            last = Some(made);
            Ok(())
        });
        *closed = working.was_closed();
        drop(working);
        // What was made at once stays, also where learning was stopped.
        let Some(made) = last else { return outcome.map(drop) };
        let Opened { source, ground, .. } = opened;
        let remarks = outcome.as_ref().cloned().unwrap_or_default();
        self.window.set_progress(Some(1.0), &done(&made));
        for remark in &remarks {
            self.window.alert(remark);
        }
        self.seen = Some(Seen { parameters: parameters.clone(), source, ground, selection, made, remarks });
        match outcome {
            Err(failure) if failure.kind != FailureKind::Cancelled => Err(failure),
            _ => Ok(()),
        }
    }

    fn put(&self) -> Result<Option<Returned>, Failure> {
        let Some(seen) = &self.seen else { return Ok(None) };
        let mut placed = Placed::default();
        placed.take(self.host, &seen.source, &seen.ground, seen.made.clone(), None)?;
        Ok(Some(placed.returned(&seen.remarks)))
    }
}

fn done(made: &[Made]) -> String {
    let seconds: f64 = made.iter().map(|made| made.edited.seconds).sum();
    let draft = if made.iter().any(|made| made.edited.draft) { ", a draft" } else { "" };
    format!("Done in {seconds:.1} s{draft}")
}
