//! The dialog of an edit: parameters, a preview, and layers once it is applied.

use std::time::Duration;

use dedit_client::Labels;
use dedit_protocol::Pixels;
use dedit_schema::{Action, Id, Verb};
use gimp_host::ui::{Button, Event, Form, Row, Ui, Window};
use gimp_host::{Call, Returned};
use image::RgbImage;

use super::models;
use super::rows::{Choices, remember_prompt};
use super::view;
use super::working::{CANCEL, Working};
use crate::actions::{self, Output};
use crate::connection;
use crate::document::Document;
use crate::failure::{Failure, FailureKind};
use crate::items::PictureItems;
use crate::masks;
use crate::parameters::Parameters;
use crate::result::EditResult;
use crate::sides::Sides;

const PREVIEW: &str = "preview";
const APPLY: &str = "apply";
/// Opens the window of models; seen after a failure that is about one.
const MODELS: &str = "models";
/// How long the window waits for events at a time.
const PAUSE: Duration = Duration::from_millis(200);

/// Results that are shown and are no layers yet, and what they were made from.
struct Preview {
    parameters: Parameters,
    selection: Option<Pixels>,
    results: Vec<EditResult>,
    remarks: Vec<String>,
}

struct Dialog<'a> {
    ui: &'a Ui,
    call: &'a Call,
    verb: Verb,
    window: &'a Window<'a>,
    /// As it was read last; the preview and the items belong to it.
    document: Document<'a>,
    items: PictureItems,
    labels: Labels,
    choices: Choices,
    picture: RgbImage,
    preview: Option<Preview>,
}

/// Shows the dialog until its results are layers or the user cancels.
pub(super) fn run(ui: &Ui, call: &Call, verb: Verb, document: Document<'_>, parameters: &mut Parameters) -> Result<Returned, Failure> {
    let host = document.host;
    let (items, labels) = PictureItems::open_with_labels(&document)?;
    let choices = Choices::find(host, items.names.clone(), host.selection(document.source.image)?.is_some());
    let window = ui.open(&form(verb, choices.rows(host, parameters, &[])));
    window.set_visible(MODELS, false);
    let picture = view::picture(&document.composite.pixels);
    let dialog = Dialog { ui, call, verb, window: &window, document, items, labels, choices, picture, preview: None };
    if verb == Verb::Augment && parameters.text(Id::Prompt).is_empty() {
        window.set_text("prompt", "a golden [v]");
    }
    dialog.show_picture(parameters);
    dialog.until_applied(parameters)
}

fn form(verb: Verb, rows: Vec<Row>) -> Form {
    let button = |id, label: &str, default| Button { id, label: label.to_owned(), default };
    Form {
        title: format!("D-Edit: {}", Action::Edit(verb).title()),
        rows,
        picture: Some(view::SIZE),
        list: None,
        progress: true,
        buttons: vec![
            button(MODELS, &models::lead(), false),
            button(PREVIEW, "P_review", false),
            button(CANCEL, "_Cancel", false),
            button(APPLY, "_OK", true),
        ],
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
                    Event::Pressed(MODELS) => {
                        self.window.alert("");
                        if let Err(failure) = connection::connect().and_then(|client| models::run(self.ui, self.document.host, client)) {
                            self.window.alert(&failure.to_string());
                        }
                    }
                    Event::Changed("item") => {
                        self.choices.read(self.window, parameters, &[]);
                        view::show(self.window, &view::with_items(&self.picture, &self.labels, Some(parameters.text(Id::Item))));
                    }
                    Event::Changed("left" | "right" | "top" | "bottom") => {
                        self.choices.read(self.window, parameters, &[]);
                        self.show_picture(parameters);
                    }
                    _ => {}
                }
            }
        }
    }

    /// The picture as large as it becomes; one that cannot be is shown as it is.
    fn on_canvas(&self, parameters: &Parameters) -> RgbImage {
        let sides = Sides::of_values(parameters.given());
        match self.document.source.grown(sides).check_size() {
            Ok(()) => view::on_canvas(&self.picture, sides),
            Err(_) => self.picture.clone(),
        }
    }

    /// Shows the picture with the selection, else with its items; for an edit that expands the canvas, how large it becomes.
    fn show_picture(&self, parameters: &Parameters) {
        if self.verb == Verb::Expand {
            view::show(self.window, &self.on_canvas(parameters));
            return;
        }
        let shown = match masks::selection(self.document.host, &self.document.source) {
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
        if !apply && parameters.given().whole::<u64>(Id::Seed).is_none() {
            // Each preview has another seed.
            self.preview = None;
        }
        remember_prompt(self.document.host, parameters.text(Id::Prompt));
        self.enable(parameters, false);
        let mut closed = false;
        let outcome = self.make(parameters, &mut closed).and_then(|()| if apply { self.insert() } else { Ok(None) });
        if closed {
            return Err(Failure::cancelled());
        }
        self.enable(parameters, true);
        match outcome {
            Ok(returned) => Ok(returned),
            Err(failure) => {
                let stopped = failure.kind == FailureKind::Cancelled;
                self.window.set_progress(Some(0.0), if stopped { "Stopped" } else { "" });
                if !stopped {
                    self.document.reconnect_after(&failure);
                    self.window.alert(&failure.to_string());
                    let lacks_model = failure.kind == FailureKind::Model;
                    self.window.set_visible(MODELS, lacks_model);
                    if lacks_model {
                        self.window.focus(MODELS);
                    }
                    self.refresh(parameters);
                }
                Ok(None)
            }
        }
    }

    /// Updates the items to choose from: after an error one may have to be chosen.
    fn refresh(&mut self, parameters: &Parameters) {
        let Ok((items, labels)) = PictureItems::open_with_labels(&self.document) else { return };
        if items.names == self.choices.items {
            return;
        }
        (self.items, self.labels) = (items, labels);
        self.choices.items.clone_from(&self.items.names);
        self.choices.show_items(self.window, parameters);
        if self.verb != Verb::Expand {
            view::show(self.window, &view::with_items(&self.picture, &self.labels, None));
        }
    }

    fn enable(&self, parameters: &Parameters, enabled: bool) {
        let rows = parameters.all().map(|(_, parameter, _)| parameter.name);
        rows.chain([PREVIEW, APPLY]).for_each(|id| self.window.set_enabled(id, enabled));
        self.window.set_label(CANCEL, if enabled { "_Cancel" } else { "_Stop" });
    }

    /// Reads the document again. Only where the picture is another one the daemon is asked for its items.
    fn reread(&mut self, parameters: &Parameters) -> Result<(), Failure> {
        self.window.set_progress(None, "Reading the picture");
        // Lets the window draw this before a large picture is read.
        drop(self.window.events(Duration::ZERO));
        if self.document.refresh(self.call, parameters.text(Id::Picture))? {
            self.preview = None;
            self.picture = view::picture(&self.document.composite.pixels);
            self.items = PictureItems::open(&self.document)?;
        }
        Ok(())
    }

    /// Makes a preview.
    fn make(&mut self, parameters: &Parameters, closed: &mut bool) -> Result<(), Failure> {
        self.reread(parameters)?;
        let selection = masks::selection(self.document.host, &self.document.source)?;
        let is_same = |preview: &Preview| preview.parameters == *parameters && preview.selection == selection;
        if self.preview.as_ref().is_some_and(is_same) {
            self.window.set_progress(Some(1.0), "");
            return Ok(());
        }
        self.preview = None;
        let Self { document, items, picture, window, .. } = self;
        let mut working = Working::new(window, document.host);
        let mut last = None;
        let outcome = actions::edit(document, items, parameters, &mut working, &mut |results: Vec<EditResult>| {
            let shown: Vec<_> = results.iter().map(|result| view::with_result(picture, result)).collect();
            view::show(window, &view::sheet(&shown));
            last = Some(results);
            Ok(())
        });
        *closed = working.was_closed();
        drop(working);
        // Drafts stay also where learning was stopped.
        let Some(results) = last else { return outcome.map(drop) };
        let remarks = outcome.as_ref().cloned().unwrap_or_default();
        self.window.set_progress(Some(1.0), &done(&results));
        for remark in &remarks {
            self.window.alert(remark);
        }
        self.preview = Some(Preview { parameters: parameters.clone(), selection, results, remarks });
        match outcome {
            Err(failure) if failure.kind != FailureKind::Cancelled => Err(failure),
            _ => Ok(()),
        }
    }

    fn insert(&self) -> Result<Option<Returned>, Failure> {
        let Some(preview) = &self.preview else { return Ok(None) };
        let Document { host, source, composite, .. } = &self.document;
        let mut output = Output::default();
        output.insert(*host, source, composite, preview.results.clone(), None)?;
        Ok(Some(output.returned(&preview.remarks)))
    }
}

fn done(results: &[EditResult]) -> String {
    let seconds: f64 = results.iter().map(|result| result.edited.seconds).sum();
    let draft = if results.iter().any(|result| result.edited.draft) { ", a draft" } else { "" };
    format!("Done in {seconds:.1} s{draft}")
}
