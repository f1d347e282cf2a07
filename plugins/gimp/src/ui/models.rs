//! The window of models: those known by name and those of this machine; fetched, added, checked, removed, chosen.

use std::time::Duration;

use dedit_client::Client;
use dedit_protocol::answer::{Catalog, CatalogModel};
use dedit_protocol::{features, request};
use dedit_schema::models::{self, ADD, BUTTONS, COLUMNS, DEFAULT, FETCH, REMOVE, VERIFY};
use gimp_host::ui::{Button, Control, Entry, Event, Form, List, Row, Ui, Window};
use gimp_host::{Host, Returned};

use super::view;
use super::working::{CANCEL, Working};
use crate::connection;
use crate::failure::{Failure, FailureKind};
use crate::report;
use crate::watch::finish;

/// The button of the licence's window.
const ACCEPT: &str = "accept";
/// The row of the window that adds a file.
const FILE: &str = "file";
/// How long the window waits for events at a time.
const PAUSE: Duration = Duration::from_millis(200);

struct Models<'a> {
    ui: &'a Ui,
    host: &'a dyn Host,
    client: Client,
    window: &'a Window<'a>,
    catalog: Catalog,
}

/// Shows the models until the user closes the window.
pub(super) fn run(ui: &Ui, host: &dyn Host, client: Client) -> Result<Returned, Failure> {
    client.require(features::MODELS)?;
    client.require(features::MODEL_FILES)?;
    let (catalog, _) = client.ask(request::Catalog {}, Vec::new())?;
    let window = ui.open(&form());
    let mut models = Models { ui, host, client, window: &window, catalog };
    models.show(Some(0));
    loop {
        for event in window.events(PAUSE) {
            match event {
                Event::Closed | Event::Pressed(CANCEL) => {
                    return Ok(Returned { layer: None, text: report::models(&models.catalog) });
                }
                Event::Selected(chosen) => models.show_chosen(chosen),
                Event::Pressed(id) => {
                    window.alert("");
                    match models.act(id) {
                        Ok(done) => window.set_progress(Some(0.0), &done),
                        Err(failure) if failure.kind == FailureKind::Cancelled => {
                            window.set_progress(Some(0.0), &models::text("stopped", &[]));
                        }
                        Err(failure) => {
                            window.set_progress(Some(0.0), "");
                            window.alert(&failure.to_string());
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// The label of a button that leads here.
pub(super) fn lead() -> String {
    models::text("lead", &[])
}

fn form() -> Form {
    let button = |id, label: &str| Button { id, label: label.to_owned(), default: false };
    Form {
        title: "D-Edit: Models".to_owned(),
        list: Some(List {
            title: "_Models".to_owned(),
            height: 280,
            columns: COLUMNS.map(str::to_owned).to_vec(),
            note: true,
            buttons: BUTTONS.map(|one| button(one.id, one.label)).to_vec(),
        }),
        progress: true,
        buttons: vec![button(CANCEL, "_Close")],
        ..Form::default()
    }
}

impl Models<'_> {
    /// Shows the list, and chooses a line of it.
    fn show(&self, chosen: Option<usize>) {
        let entries: Vec<Entry> = self.catalog.models.iter().map(|model| entry(model, self.is_usual(model))).collect();
        self.window.set_entries(&entries, chosen.filter(|at| *at < entries.len()));
        self.show_chosen(self.window.chosen());
    }

    fn is_usual(&self, model: &CatalogModel) -> bool {
        model.path.is_some() && model.path == self.catalog.usual
    }

    fn show_chosen(&self, chosen: Option<usize>) {
        let model = chosen.and_then(|at| self.catalog.models.get(at));
        self.window.set_note(&model.map(about).unwrap_or_default());
        for button in BUTTONS {
            self.window.set_enabled(button.id, button.id == ADD || model.is_some_and(|model| self.can(button.id, model)));
        }
    }

    /// Whether a button makes sense for a model.
    fn can(&self, id: &str, model: &CatalogModel) -> bool {
        let is_whole = model.path.is_some() && model.broken.is_none();
        match id {
            FETCH => model.fetchable && !is_whole,
            DEFAULT => is_whole && matches!(model.kind.as_str(), "checkpoint" | "segmentation") && !self.is_usual(model),
            VERIFY => model.path.is_some(),
            REMOVE => model.path.is_some() && matches!(model.program.as_str(), "D-Edit" | "added"),
            _ => true,
        }
    }

    /// Does what a button says; gives a sentence about it.
    fn act(&mut self, id: &str) -> Result<String, Failure> {
        let chosen = self.window.chosen();
        let model = chosen.and_then(|at| self.catalog.models.get(at)).cloned();
        let done = match (id, model) {
            (ADD, _) => self.add(),
            (FETCH, Some(model)) => self.fetch(&model),
            (VERIFY, Some(model)) => return self.verify(&model),
            (DEFAULT, Some(model)) => self.change(request::ChooseModel { name: Some(name(&model)) }).map(|()| said("default_done", &model)),
            (REMOVE, Some(model)) => self.change(request::RemoveModel { name: name(&model) }).map(|()| said("remove_done", &model)),
            _ => return Ok(String::new()),
        };
        if let Err(failure) = &done {
            self.reconnect_after(failure);
        }
        self.show(chosen);
        done
    }

    /// The next request goes to a new daemon where the old one is gone.
    fn reconnect_after(&mut self, failure: &Failure) {
        if failure.kind == FailureKind::Connection
            && let Ok(client) = connection::connect()
        {
            self.client = client;
        }
    }

    fn change<R: request::Ask<Answer = Catalog>>(&mut self, request: R) -> Result<(), Failure> {
        (self.catalog, _) = self.client.ask(request, Vec::new())?;
        Ok(())
    }

    /// Waits for a job, with the buttons disabled but the one that stops it.
    fn job<R: request::Ask>(&self, request: R, what: &str) -> Result<R::Answer, Failure> {
        for button in BUTTONS {
            self.window.set_enabled(button.id, false);
        }
        self.window.set_label(CANCEL, "_Stop");
        let mut working = Working::new(self.window, self.host);
        crate::watch::Watch::begin(&mut working, what);
        let answer = self.client.send(request, Vec::new()).map_err(Failure::from).and_then(|call| finish(call, &mut working));
        drop(working);
        self.window.set_label(CANCEL, "_Close");
        self.show_chosen(self.window.chosen());
        Ok(answer?.0)
    }

    fn fetch(&mut self, model: &CatalogModel) -> Result<String, Failure> {
        if !model.accepted && !self.accepts(model) {
            return Ok(String::new());
        }
        // One licence is accepted for all models under it, also where this fetch is stopped.
        let under_it = self.catalog.models.iter_mut().filter(|other| other.licence_link == model.licence_link);
        under_it.for_each(|other| other.accepted = true);
        self.job(request::FetchModel { name: model.name.clone(), accept_licence: true }, &model.title)?;
        self.change(request::Catalog {})?;
        Ok(said("fetch_done", model))
    }

    fn verify(&self, model: &CatalogModel) -> Result<String, Failure> {
        let verified = self.job(request::VerifyModel { name: name(model) }, &model.title)?;
        match verified.broken {
            Some(broken) => Err(Failure::new(FailureKind::Model, models::text("about_broken", &[("broken", &broken)]))),
            None => Ok(said(if verified.compared { "verify_same" } else { "verify_whole" }, model)),
        }
    }

    /// Shows a licence and where it can be read; says whether the user accepts it.
    fn accepts(&self, model: &CatalogModel) -> bool {
        let values = [("title", model.title.as_str()), ("licence", &model.licence)];
        let row = |id, label: String, control| Row { id, label, help: String::new(), control, advanced: false };
        let window = self.ui.open(&Form {
            title: format!("D-Edit: {}", models::text("ask_title", &[])),
            rows: vec![
                row("about", String::new(), Control::Note { text: models::text("ask", &values) }),
                // A text that can be copied.
                row("link", models::text("ask_link", &[]), Control::Text { value: model.licence_link.clone(), history: Vec::new() }),
            ],
            buttons: vec![
                Button { id: CANCEL, label: "_Cancel".to_owned(), default: false },
                Button { id: ACCEPT, label: models::text("accept", &[]), default: false },
            ],
            ..Form::default()
        });
        pressed(&window, ACCEPT)
    }

    fn add(&mut self) -> Result<String, Failure> {
        let title = models::text("add_title", &[]);
        let row = Row {
            id: FILE,
            label: models::text("add_row", &[]),
            help: String::new(),
            control: Control::File { title: title.clone() },
            advanced: false,
        };
        let window = self.ui.open(&Form {
            title: format!("D-Edit: {title}"),
            rows: vec![row],
            buttons: vec![
                Button { id: CANCEL, label: "_Cancel".to_owned(), default: false },
                Button { id: ADD, label: "_Add".to_owned(), default: true },
            ],
            ..Form::default()
        });
        let is_pressed = pressed(&window, ADD);
        let Some(path) = window.file(FILE).filter(|_| is_pressed) else { return Ok(String::new()) };
        window.close();
        let path = path.to_string_lossy().into_owned();
        self.change(request::AddModel { path: path.clone() })?;
        let added = self.catalog.models.iter().find(|model| model.path.as_deref() == Some(&*path));
        Ok(models::text("add_done", &[("title", added.map_or(&*path, |model| &*model.title))]))
    }
}

/// Waits until a window is closed or one of its buttons is pressed; says whether it is the one with this id.
fn pressed(window: &Window<'_>, id: &str) -> bool {
    loop {
        for event in window.events(PAUSE) {
            match event {
                Event::Pressed(pressed) => return pressed == id,
                Event::Closed => return false,
                _ => {}
            }
        }
    }
}

/// What names a model in requests: its path where it is there, since several may have one name.
fn name(model: &CatalogModel) -> String {
    match &model.path {
        Some(path) if !model.fetchable => path.clone(),
        _ => model.name.clone(),
    }
}

fn said(text: &str, model: &CatalogModel) -> String {
    models::text(text, &[("title", &model.title)])
}

/// Green where it is there, red where it is broken, else grey.
fn entry(model: &CatalogModel, is_usual: bool) -> Entry {
    let (state, colour) = match (&model.path, &model.broken) {
        (_, Some(_)) => ("broken", 5),
        (Some(_), None) if model.program == "D-Edit" => ("fetched", 2),
        (Some(_), None) => ("found", 2),
        (None, None) => ("absent", 7),
    };
    let usual = if is_usual { models::text("usual", &[]) } else { String::new() };
    Entry {
        colour: view::colour(colour),
        name: model.title.clone(),
        note: String::new(),
        cells: vec![
            models::text(state, &[]) + &usual,
            model.family.as_deref().map_or("", models::word).to_owned(),
            models::word(&model.kind).to_owned(),
            model.bytes.map(models::size).unwrap_or_default(),
        ],
    }
}

/// The text below the list: what it is good for, its licence, where it lies, how it is broken.
fn about(model: &CatalogModel) -> String {
    let values = [
        ("licence", model.licence.as_str()),
        ("link", &model.licence_link),
        ("program", &model.program),
        ("path", model.path.as_deref().unwrap_or_default()),
        ("broken", model.broken.as_deref().unwrap_or_default()),
    ];
    let inpainting = models::text("inpainting", &[]);
    let purpose = if model.purpose.is_empty() && model.inpainting { &inpainting } else { &model.purpose };
    let line = |is_there: bool, text: String| is_there.then_some(text);
    let lines = [
        line(!purpose.is_empty(), purpose.clone()),
        line(!model.licence.is_empty(), models::text("about_licence", &values)),
        line(model.path.is_some(), models::text("about_place", &values)),
        line(model.broken.is_some(), models::text("about_broken", &values)),
    ];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_a_model_is_and_whether_it_is_there() {
        let absent = CatalogModel {
            title: "Stable Diffusion 1.5".into(),
            kind: "checkpoint".into(),
            family: Some("sd1".into()),
            licence: "OpenRAIL".into(),
            licence_link: "https://l".into(),
            bytes: Some(4_265_146_304),
            fetchable: true,
            ..CatalogModel::default()
        };
        let here = CatalogModel { path: Some("/m/a".into()), program: "D-Edit".into(), ..absent.clone() };
        let found = CatalogModel { program: "ComfyUI".into(), fetchable: false, ..here.clone() };
        let broken = CatalogModel { broken: Some("it is cut off".into()), ..found.clone() };
        for (model, is_usual, state, colour, named) in [
            (&absent, false, "not fetched", 7, ""),
            (&here, true, "fetched, default", 2, ""),
            (&found, false, "found", 2, "/m/a"),
            (&broken, false, "broken", 5, "/m/a"),
        ] {
            let entry = entry(model, is_usual);
            assert_eq!(entry.cells, [state, "SD 1.5", "model", "4.3 GB"]);
            assert_eq!((entry.colour, name(model).as_str()), (view::colour(colour), named));
        }
        assert_eq!(about(&absent), "Licence: OpenRAIL, https://l");
        assert!(about(&broken).ends_with("Kept by ComfyUI: /m/a\nBroken: it is cut off; remove it and fetch or copy it again"));
    }
}
