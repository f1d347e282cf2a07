//! The rows of a dialog, one for each parameter.

use dedit_schema::{Id, Kind, Parameter as TableRow};
use gimp_host::ui::{Control, Row, Window};
use gimp_host::{Host, Image, Parameter, ParameterKind, Value};

use crate::masks::BACKGROUND;
use crate::parameters::Parameters;

/// The setting with earlier prompts.
const PROMPTS: &str = "plug-in-dedit-prompts";
/// How many of them.
const MOST_PROMPTS: usize = 20;

/// The options of a dialog's choices.
pub(super) struct Choices {
    /// The items that are known.
    pub(super) items: Vec<String>,
    /// Whether something is selected.
    pub(super) selection: bool,
    /// The open images.
    pub(super) images: Vec<(Image, String)>,
}

/// Shown at once; all others are under "More".
const BASIC: [Id; 21] = [
    Id::Item,
    Id::Prompt,
    Id::FromImage,
    Id::FromFile,
    Id::FromItem,
    Id::FromName,
    Id::With,
    Id::Left,
    Id::Right,
    Id::Top,
    Id::Bottom,
    Id::Into,
    Id::Dx,
    Id::Dy,
    Id::Scale,
    Id::Rotate,
    Id::When,
    Id::Variations,
    Id::Output,
    Id::Restart,
    Id::Most,
];

impl Choices {
    /// The options that GIMP has now.
    pub(super) fn find(host: &dyn Host, items: Vec<String>, selection: bool) -> Self {
        let images = host.images().into_iter().filter_map(|image| Some((image, host.image_name(image).ok()?))).collect();
        Self { items, selection, images }
    }

    /// The rows for parameters without those named.
    pub(super) fn rows(&self, host: &dyn Host, parameters: &Parameters, without: &[Id]) -> Vec<Row> {
        let shown = parameters.all().filter(|(row, ..)| !without.contains(&row.id));
        shown.map(|(row, parameter, value)| self.row(host, row, &parameter, value)).collect()
    }

    fn row(&self, host: &dyn Host, row: &TableRow, parameter: &Parameter, value: &Value) -> Row {
        let control = match (&parameter.kind, value) {
            (ParameterKind::Number { range, .. }, Value::Number(value)) => number(row, *range, *value),
            (ParameterKind::Whole { range, .. }, Value::Whole(value)) => {
                Control::Number { range: (f64::from(range.0), f64::from(range.1)), step: 1.0, digits: 0, value: f64::from(*value) }
            }
            (ParameterKind::Choice { options, .. }, Value::Text(value)) => {
                let selected = options.iter().position(|(word, _)| word == value).unwrap_or_default();
                Control::Choice { options: options.iter().map(|(_, label)| (*label).to_owned()).collect(), selected }
            }
            (ParameterKind::Image, _) => {
                let names = self.images.iter().map(|(_, name)| name.clone());
                Control::Choice { options: std::iter::once("(a file)".to_owned()).chain(names).collect(), selected: 0 }
            }
            (_, Value::Text(value)) => self.text(host, row, value),
            (_, value) => Control::Switch { value: *value == Value::Switch(true) },
        };
        let advanced = !BASIC.contains(&row.id);
        Row { id: parameter.name, label: parameter.label.to_owned(), help: parameter.help.clone(), control, advanced }
    }

    fn text(&self, host: &dyn Host, row: &TableRow, value: &str) -> Control {
        match (row.id, row.kind) {
            (Id::Prompt, _) => Control::Text { value: value.to_owned(), history: prompts(host) },
            (_, Kind::File) => Control::File { title: row.help.to_owned() },
            (Id::Item | Id::With | Id::Into, _) => {
                let options = self.named(row.id);
                let is_selected = |option: &(String, String)| option.0 == value;
                let selected = options.iter().position(is_selected).unwrap_or_default();
                // Without a selection the first item is chosen, and the second one for what it is swapped with.
                let first_item = usize::from(row.id == Id::Item && !self.selection && !self.items.is_empty());
                let second_item = usize::from(row.id == Id::With && !self.selection && options.len() > 1);
                Control::Choice {
                    selected: selected.max(first_item).max(second_item),
                    options: options.into_iter().map(|(_, label)| label).collect(),
                }
            }
            _ => Control::Text { value: value.to_owned(), history: Vec::new() },
        }
    }

    /// The options of a row of items: the value of the parameter, and the label.
    fn named(&self, id: Id) -> Vec<(String, String)> {
        let first = match id {
            Id::Item if self.selection => Some("What is selected"),
            Id::Item => Some("What is selected (nothing is)"),
            Id::Into => Some("What is nearest"),
            _ => None,
        };
        let items = self.items.iter().map(|item| (item.clone(), item.clone()));
        let last = (id == Id::Into).then(|| (BACKGROUND.to_owned(), "The background".to_owned()));
        first.map(|first| (String::new(), first.to_owned())).into_iter().chain(items).chain(last).collect()
    }

    /// Shows the present items in a window's rows.
    pub(super) fn show_items(&self, window: &Window<'_>, parameters: &Parameters) {
        for (row, parameter, _) in parameters.all() {
            if matches!(row.id, Id::Item | Id::With | Id::Into) {
                let labels: Vec<String> = self.named(row.id).into_iter().map(|(_, label)| label).collect();
                window.set_options(parameter.name, &labels, 0);
            }
        }
    }

    /// Reads the rows into the parameters.
    pub(super) fn read(&self, window: &Window<'_>, parameters: &mut Parameters, without: &[Id]) {
        let read: Vec<(Id, Value)> = parameters
            .all()
            .filter(|(row, ..)| !without.contains(&row.id))
            .map(|(row, parameter, _)| (row.id, self.value(window, row, &parameter)))
            .collect();
        for (id, value) in read {
            parameters.set(id, value);
        }
    }

    fn value(&self, window: &Window<'_>, row: &TableRow, parameter: &Parameter) -> Value {
        let name = parameter.name;
        match &parameter.kind {
            ParameterKind::Text { .. } => Value::Text(match (row.id, row.kind) {
                (Id::Item | Id::With | Id::Into, _) => {
                    self.named(row.id).into_iter().nth(window.selected(name)).map(|named| named.0).unwrap_or_default()
                }
                (_, Kind::File) => window.file(name).map(|file| file.to_string_lossy().into_owned()).unwrap_or_default(),
                _ => window.text(name),
            }),
            ParameterKind::Number { .. } => Value::Number(window.number(name)),
            ParameterKind::Whole { .. } => Value::Whole(window.number(name).round() as i32),
            ParameterKind::Choice { options, .. } => {
                Value::Text(options.get(window.selected(name)).map(|(word, _)| (*word).to_owned()).unwrap_or_default())
            }
            ParameterKind::Switch { .. } => Value::Switch(window.is_on(name)),
            ParameterKind::Image => Value::Image(window.selected(name).checked_sub(1).and_then(|at| Some(self.images.get(at)?.0))),
        }
    }
}

fn number(row: &TableRow, range: (f64, f64), value: f64) -> Control {
    match row.id {
        Id::Strength | Id::Guidance => Control::Slider { range, step: 0.1, digits: 1, value },
        Id::Scale => Control::Slider { range: (0.1, 4.0), step: 0.05, digits: 2, value: value.clamp(0.1, 4.0) },
        Id::Rotate => Control::Slider { range: (-180.0, 180.0), step: 1.0, digits: 0, value: value.clamp(-180.0, 180.0) },
        _ if row.unit == "px" => Control::Number { range, step: 1.0, digits: 0, value },
        _ => Control::Number { range, step: 0.05, digits: 2, value },
    }
}

fn prompts(host: &dyn Host) -> Vec<String> {
    host.recall(PROMPTS).and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default()
}

/// Remembers a prompt as the newest one.
pub(super) fn remember_prompt(host: &dyn Host, prompt: &str) {
    if prompt.is_empty() {
        return;
    }
    let mut prompts = prompts(host);
    prompts.retain(|earlier| earlier != prompt);
    prompts.insert(0, prompt.to_owned());
    prompts.truncate(MOST_PROMPTS);
    host.remember(PROMPTS, &serde_json::Value::from(prompts).to_string());
}
