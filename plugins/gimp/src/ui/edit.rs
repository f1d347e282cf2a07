//! The dialog of an edit: parameters, a preview, and layers once it is applied.

use std::time::Duration;

use dedit_protocol::Pixels;
use gimp_host::ui::{Button, Event, Form, Row, Ui, Window};
use gimp_host::{Call, Host, Returned};
use image::RgbImage;

use super::rows::{Choices, remember_prompt};
use super::view;
use super::working::{CANCEL, Working};
use crate::actions::{self, Output};
use crate::composite::Composite;
use crate::connection::Labels;
use crate::document::Document;
use crate::failure::{Failure, FailureKind};
use crate::masks;
use crate::parameters::Parameters;
use crate::procedures::Command;
use crate::result::EditResult;
use crate::source::Source;

const PREVIEW: &str = "preview";
const APPLY: &str = "apply";
/// How long the window waits for events at a time.
const PAUSE: Duration = Duration::from_millis(200);

/// Results that are shown and are no layers yet, and what they were made from.
struct Preview {
    parameters: Parameters,
    source: Source,
    composite: Composite,
    selection: Option<Pixels>,
    results: Vec<EditResult>,
    remarks: Vec<String>,
}

struct Dialog<'a> {
    host: &'a dyn Host,
    call: &'a Call,
    command: Command,
    window: &'a Window<'a>,
    choices: Choices,
    picture: RgbImage,
    labels: Labels,
    preview: Option<Preview>,
}

/// Shows the dialog until its results are layers or the user cancels.
pub(super) fn run(
    ui: &Ui,
    call: &Call,
    command: Command,
    document: Document<'_>,
    parameters: &mut Parameters,
) -> Result<Returned, Failure> {
    let host = document.host;
    let items = document.items()?;
    let (names, labels) = (items.names(), items.labels.clone());
    let selection = host.selection(document.source.image)?.is_some();
    let choices = Choices::find(host, names, selection);
    let window = ui.open(&form(command, choices.rows(host, parameters, &[])));
    let picture = view::picture(&document.composite.pixels);
    let dialog = Dialog { host, call, command, window: &window, choices, picture, labels, preview: None };
    if command == Command::Augment && parameters.text("prompt").is_empty() {
        window.set_text("prompt", "a golden [v]");
    }
    dialog.show_picture(&document);
    drop(document);
    dialog.until_applied(parameters)
}

fn form(command: Command, rows: Vec<Row>) -> Form {
    let button = |id, label: &str, default| Button { id, label: label.to_owned(), default };
    Form {
        title: format!("D-Edit: {}", command.title()),
        rows,
        picture: Some(view::SIZE),
        list: None,
        progress: true,
        buttons: vec![button(PREVIEW, "P_review", false), button(CANCEL, "_Cancel", false), button(APPLY, "_OK", true)],
    }
}

impl Dialog<'_> {
    fn until_applied(mut self, parameters: &mut Parameters) -> Result<Returned, Failure> {
        loop {
            for event in self.window.events(PAUSE) {
                match event {
                    Event::Closed | Event::Pressed(CANCEL) => return Err(Failure::cancelled()),
                    Event::Pressed(PREVIEW) => self.attempt(parameters, false).map(drop)?,
                    Event::Pressed(APPLY) => {
                        if let Some(returned) = self.attempt(parameters, true)? {
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

    /// Shows the picture with the selection, else with its items.
    fn show_picture(&self, document: &Document<'_>) {
        let shown = match masks::selection(self.host, &document.source) {
            Ok(Some(mask)) => view::with_mask(&self.picture, &masks::shares(&mask)),
            Ok(None) => view::with_items(&self.picture, &self.labels, None),
            Err(failure) => {
                self.window.alert(&failure.to_string());
                self.picture.clone()
            }
        };
        view::show(self.window, &shown);
    }

    /// Makes a preview, unless it is there already, and with `apply` layers of it. Errors are shown in the window, which stays open.
    fn attempt(&mut self, parameters: &mut Parameters, apply: bool) -> Result<Option<Returned>, Failure> {
        self.choices.read(self.window, parameters, &[]);
        if !apply && parameters.whole("seed") == Some(-1) {
            // Each preview has another seed.
            self.preview = None;
        }
        remember_prompt(self.host, parameters.text("prompt"));
        self.enable(false);
        let mut closed = false;
        let outcome = self.make(parameters, &mut closed).and_then(|()| if apply { self.insert() } else { Ok(None) });
        if closed {
            return Err(Failure::cancelled());
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

    /// Updates the items to choose from: after an error one may have to be chosen.
    fn refresh(&mut self, parameters: &Parameters) {
        let Ok(document) = Document::open(self.host, self.call, parameters.text("picture")) else { return };
        let Ok(items) = document.items() else { return };
        if items.names() == self.choices.items {
            return;
        }
        (self.choices.items, self.labels) = (items.names(), items.labels.clone());
        for name in ["item", "with", "into"] {
            self.window.set_options(name, &self.choices.labels(name), 0);
        }
        view::show(self.window, &view::with_items(&self.picture, &self.labels, None));
    }

    fn enable(&self, enabled: bool) {
        let rows = Parameters::defaults(self.command);
        rows.described().iter().map(|parameter| parameter.name).chain([PREVIEW, APPLY]).for_each(|id| self.window.set_enabled(id, enabled));
        self.window.set_label(CANCEL, if enabled { "_Cancel" } else { "_Stop" });
    }

    /// Makes a preview. The document may have changed since the last one, so it is read again.
    fn make(&mut self, parameters: &Parameters, closed: &mut bool) -> Result<(), Failure> {
        self.window.set_progress(None, "Reading the picture");
        // Lets the window draw this before a large picture is read.
        drop(self.window.events(Duration::ZERO));
        let document = Document::open(self.host, self.call, parameters.text("picture"))?;
        let selection = masks::selection(self.host, &document.source)?;
        let is_same = |preview: &Preview| {
            preview.parameters == *parameters && preview.composite.digest == document.composite.digest && preview.selection == selection
        };
        if self.preview.as_ref().is_some_and(is_same) {
            self.window.set_progress(Some(1.0), "");
            return Ok(());
        }
        self.preview = None;
        self.picture = view::picture(&document.composite.pixels);
        let mut working = Working::new(self.window, self.host);
        let (mut last, picture, window) = (None, &self.picture, self.window);
        let outcome = actions::edit(&document, self.command, parameters, &mut working, &mut |results: Vec<EditResult>| {
            let view = |result: &EditResult| view::around(picture, &view::picture(&result.pixels), result.edited.region);
            view::show(window, &view::sheet(&results.iter().map(view).collect::<Vec<_>>()));
            last = Some(results);
            Ok(())
        });
        *closed = working.was_closed();
        drop(working);
        // Drafts stay also where learning was stopped.
        let Some(results) = last else { return outcome.map(drop) };
        let Document { source, composite, .. } = document;
        let remarks = outcome.as_ref().cloned().unwrap_or_default();
        self.window.set_progress(Some(1.0), &done(&results));
        for remark in &remarks {
            self.window.alert(remark);
        }
        self.preview = Some(Preview { parameters: parameters.clone(), source, composite, selection, results, remarks });
        match outcome {
            Err(failure) if failure.kind != FailureKind::Cancelled => Err(failure),
            _ => Ok(()),
        }
    }

    fn insert(&self) -> Result<Option<Returned>, Failure> {
        let Some(preview) = &self.preview else { return Ok(None) };
        let mut output = Output::default();
        output.insert(self.host, &preview.source, &preview.composite, preview.results.clone(), None)?;
        Ok(Some(output.returned(&preview.remarks)))
    }
}

fn done(results: &[EditResult]) -> String {
    let seconds: f64 = results.iter().map(|result| result.edited.seconds).sum();
    let draft = if results.iter().any(|result| result.edited.draft) { ", a draft" } else { "" };
    format!("Done in {seconds:.1} s{draft}")
}
