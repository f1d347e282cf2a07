//! The rows of a dialog, one for each parameter.

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

/// Shown at once; the others under "More".
const PLAIN: [&str; 16] = [
    "item",
    "prompt",
    "from-image",
    "from-file",
    "from-item",
    "from-name",
    "with",
    "into",
    "dx",
    "dy",
    "scale",
    "rotate",
    "when",
    "variations",
    "restart",
    "most",
];

impl Choices {
    /// The options that GIMP has now.
    pub(super) fn find(host: &dyn Host, items: Vec<String>, selection: bool) -> Self {
        let images = host.images().into_iter().filter_map(|image| Some((image, host.image_name(image).ok()?))).collect();
        Self { items, selection, images }
    }

    /// The rows for parameters without those named.
    pub(super) fn rows(&self, host: &dyn Host, parameters: &Parameters, without: &[&str]) -> Vec<Row> {
        let shown = parameters.described().iter().filter(|parameter| !without.contains(&parameter.name));
        shown.map(|parameter| self.row(host, parameter, parameters)).collect()
    }

    fn row(&self, host: &dyn Host, parameter: &Parameter, parameters: &Parameters) -> Row {
        let control = match (&parameter.kind, parameters.get(parameter.name)) {
            (ParameterKind::Text { .. }, _) => self.text(host, parameter.name, parameters.text(parameter.name)),
            (ParameterKind::Number { range, .. }, Some(Value::Number(value))) => number(parameter.name, *range, *value),
            (ParameterKind::Whole { range, .. }, Some(Value::Whole(value))) => {
                Control::Number { range: (f64::from(range.0), f64::from(range.1)), step: 1.0, digits: 0, value: f64::from(*value) }
            }
            (ParameterKind::Choice { options, .. }, _) => {
                let selected = options.iter().position(|(word, _)| *word == parameters.text(parameter.name)).unwrap_or_default();
                Control::Choice { options: options.iter().map(|(_, label)| (*label).to_owned()).collect(), selected }
            }
            (ParameterKind::Image, _) => {
                let names = self.images.iter().map(|(_, name)| name.clone());
                Control::Choice { options: std::iter::once("(a file)".to_owned()).chain(names).collect(), selected: 0 }
            }
            _ => Control::Switch { value: parameters.is_on(parameter.name) },
        };
        let advanced = !PLAIN.contains(&parameter.name);
        Row { id: parameter.name, label: parameter.label.to_owned(), help: parameter.help.to_owned(), control, advanced }
    }

    fn text(&self, host: &dyn Host, name: &'static str, value: &str) -> Control {
        match name {
            "prompt" => Control::Text { value: value.to_owned(), history: prompts(host) },
            "from-file" => Control::File { title: "A picture with the other thing".to_owned() },
            "item" | "with" | "into" => {
                let options = self.named(name);
                let is_selected = |option: &(String, String)| option.0 == value;
                let selected = options.iter().position(is_selected).unwrap_or_default();
                // Where nothing is selected, an item is meant.
                let first_item = usize::from(name == "item" && !self.selection && !self.items.is_empty());
                // Something is swapped with another.
                let second_item = usize::from(name == "with" && !self.selection && options.len() > 1);
                Control::Choice {
                    selected: selected.max(first_item).max(second_item),
                    options: options.into_iter().map(|(_, label)| label).collect(),
                }
            }
            _ => Control::Text { value: value.to_owned(), history: Vec::new() },
        }
    }

    /// The options of a row of items: the value of the parameter, and the label.
    fn named(&self, name: &str) -> Vec<(String, String)> {
        let first = match name {
            "item" if self.selection => Some("What is selected"),
            "item" => Some("What is selected (nothing is)"),
            "into" => Some("What is nearest"),
            _ => None,
        };
        let items = self.items.iter().map(|item| (item.clone(), item.clone()));
        let last = (name == "into").then(|| (BACKGROUND.to_owned(), "The background".to_owned()));
        first.map(|first| (String::new(), first.to_owned())).into_iter().chain(items).chain(last).collect()
    }

    /// Their labels.
    pub(super) fn labels(&self, name: &str) -> Vec<String> {
        self.named(name).into_iter().map(|(_, label)| label).collect()
    }

    /// Reads the rows into the parameters.
    pub(super) fn read(&self, window: &Window<'_>, parameters: &mut Parameters, without: &[&str]) {
        for parameter in parameters.described().to_vec() {
            let name = parameter.name;
            if without.contains(&name) {
                continue;
            }
            let value = match &parameter.kind {
                ParameterKind::Text { .. } => Value::Text(match name {
                    "item" | "with" | "into" => {
                        self.named(name).into_iter().nth(window.selected(name)).map(|named| named.0).unwrap_or_default()
                    }
                    "from-file" => window.file(name).map(|file| file.to_string_lossy().into_owned()).unwrap_or_default(),
                    _ => window.text(name),
                }),
                ParameterKind::Number { .. } => Value::Number(window.number(name)),
                ParameterKind::Whole { .. } => Value::Whole(window.number(name).round() as i32),
                ParameterKind::Choice { options, .. } => {
                    Value::Text(options.get(window.selected(name)).map(|(word, _)| (*word).to_owned()).unwrap_or_default())
                }
                ParameterKind::Switch { .. } => Value::Switch(window.is_on(name)),
                ParameterKind::Image => Value::Image(window.selected(name).checked_sub(1).and_then(|at| Some(self.images.get(at)?.0))),
            };
            parameters.set(name, value);
        }
    }
}

fn number(name: &str, range: (f64, f64), value: f64) -> Control {
    match name {
        "strength" | "guidance" => Control::Slider { range, step: 0.1, digits: 1, value },
        "scale" => Control::Slider { range: (0.1, 4.0), step: 0.05, digits: 2, value: value.clamp(0.1, 4.0) },
        "rotate" => Control::Slider { range: (-180.0, 180.0), step: 1.0, digits: 0, value: value.clamp(-180.0, 180.0) },
        _ => Control::Number { range, step: 1.0, digits: 0, value },
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
