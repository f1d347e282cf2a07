//! Krita's copy of the table: `parameters.py`, the `.action` file that names shortcuts, and the table of actions in the README.

use std::fmt::Display;

use dedit_schema::{Action, Host, Kind, Parameter, Range, Verb, defaults, models};

const HOST: Host = Host::Krita;

/// `plugins/krita/dedit_krita/parameters.py`: data alone, of the types of `schema.py`.
pub(super) fn parameters() -> String {
    let shared = shared();
    let rows = |rows: &[&Parameter], indent: &str| joined(rows.iter().map(|row| format!("{indent}{},\n", parameter(row))));
    let actions = joined(Action::of(HOST).map(|action| {
        let own: Vec<_> = action.parameters(HOST).into_iter().filter(|row| action.verb().is_none() || !is_in(&shared, row)).collect();
        let texts = [action.id(), action.title(), &action.label(), action.summary()].map(literal).join(", ");
        let own = if own.is_empty() { "()".to_owned() } else { format!("(\n{}    )", rows(&own, "        ")) };
        format!("    Action({texts}, {}, {own}{}),\n", switch(action.verb().is_some()), peculiarities(action, &shared))
    }));
    format!(
        "\"\"\"Actions and parameters: generated from crates/dedit-schema by `cargo xtask generate`, not by hand.\"\"\"\n\n\
         # ruff: noqa: E501\n\n\
         from .schema import Action, Parameter\n\n\
         INSTANT_MODEL = {}\n\"\"\"The model of edits whose quality is `instant`.\"\"\"\n\n\
         FAST = {{\"scheduler\": {}, \"steps\": {}, \"guidance\": {}}}\n\"\"\"Options of edits whose quality is `fast`.\"\"\"\n\n\
         FAST_LORA = {}\n\"\"\"What stands for the LCM-LoRA of a model's family.\"\"\"\n\n\
         SHARED = (\n{})\n\"\"\"Parameters of every edit.\"\"\"\n\n\
         ACTIONS = (\n{actions})\n\"\"\"In the order of menus.\"\"\"\n\n\
         MODEL_BUTTONS = (\n{})\n\"\"\"Name, label and tool tip.\"\"\"\n\n\
         MODEL_WORDS = {{\n{}}}\n\"\"\"Families and kinds of the protocol, and what people call them.\"\"\"\n\n\
         MODEL_TEXTS = {{\n{}}}\n\"\"\"What is said about models; names in braces stand for values.\"\"\"\n",
        literal(defaults::MODEL),
        literal(defaults::FAST_SCHEDULER),
        defaults::FAST_STEPS,
        defaults::FAST_GUIDANCE,
        literal(defaults::FAST_LORA),
        rows(&shared, "    "),
        model_buttons(),
        pairs(&models::WORDS),
        pairs(&models::TEXTS),
    )
}

fn model_buttons() -> String {
    let plain = |label: &str| label.replace('_', "");
    joined(models::BUTTONS.iter().map(|one| format!("    ({}, {}, {}),\n", literal(one.id), literal(&plain(one.label)), literal(one.help))))
}

/// Entries of a dictionary; labels without the mark of their key.
fn pairs(pairs: &[(&str, &str)]) -> String {
    let plain = |text: &str| if text.contains('{') { text.to_owned() } else { text.replace('_', "") };
    joined(pairs.iter().map(|(name, text)| format!("    {}: {},\n", literal(name), literal(&plain(text)))))
}

/// What distinguishes an action beside its own parameters.
fn peculiarities(action: Action, shared: &[&Parameter]) -> String {
    let verb = action.verb().filter(|verb| verb.id() != action.id()).map(|verb| format!(", verb={}", literal(verb.id())));
    let needs_model = if action.verb().is_some_and(Verb::needs_model) { ", needs_model=True" } else { "" };
    let taken = action.parameters(HOST);
    let lacks = |row: &&&Parameter| action.verb().is_some() && !is_in(&taken, row);
    let without: Vec<_> = shared.iter().filter(lacks).map(|row| literal(row.name(HOST))).collect();
    let without = if without.is_empty() { String::new() } else { format!(", without=({},)", without.join(", ")) };
    format!("{}{needs_model}{without}", verb.unwrap_or_default())
}

/// `plugins/krita/dedit_krita.action`, by which Krita lists the actions among its shortcuts.
pub(super) fn actions() -> String {
    let actions = joined(Action::of(HOST).map(|action| {
        format!(
            "        <Action name=\"{}\">\n            <text>D-Edit: {}</text>\n            <toolTip>{}</toolTip>\n            \
                 <shortcut></shortcut>\n            <isCheckable>false</isCheckable>\n        </Action>\n",
            name(action),
            escaped(&action.label()),
            escaped(action.summary())
        )
    }));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Generated from crates/dedit-schema by `cargo xtask generate`, not by hand. -->\n\
         <ActionCollection version=\"2\" name=\"Scripts\">\n    <Actions category=\"Scripts\">\n        <text>D-Edit</text>\n{actions}    \
         </Actions>\n</ActionCollection>\n"
    )
}

/// The table of actions in `plugins/krita/README.md`.
pub(super) fn action_table() -> String {
    let rows = joined(Action::of(HOST).map(|action| format!("| `{}` | {} | {} |\n", name(action), action.label(), action.summary())));
    format!("| action | entry | what it does |\n|---|---|---|\n{rows}")
}

/// The table of the edits' parameters in `plugins/krita/README.md`: what is an edit's own, then what all share.
pub(super) fn parameter_table() -> String {
    let shared = shared();
    let edits: Vec<_> = Action::of(HOST).filter(|action| action.verb().is_some()).collect();
    let mut rows: Vec<(&Parameter, Vec<&str>)> = Vec::new();
    for action in edits {
        for row in action.parameters(HOST).into_iter().filter(|row| !is_in(&shared, row)) {
            match rows.iter_mut().find(|(other, _)| other.id == row.id && other.help == row.help) {
                Some((_, actions)) => actions.push(action.title()),
                None => rows.push((row, vec![action.title()])),
            }
        }
    }
    let own = rows.into_iter().map(|(row, actions)| (row, actions.join(", ")));
    let lines = joined(own.chain(shared.into_iter().map(|row| (row, "every edit".to_owned()))).map(|(row, edits)| {
        let usual = row.default_in_words().unwrap_or_default();
        format!("| {} | {} | {} | {usual} | {edits} |\n", row.label(), row.help, row.takes(HOST))
    }));
    format!("| value | what it is | takes | usually | edits |\n|---|---|---|---|---|\n{lines}")
}

/// Lines one after another.
fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().concat()
}

/// What all verbs take.
fn shared() -> Vec<&'static Parameter> {
    let edits: Vec<_> = Action::of(HOST).filter(|action| matches!(action, Action::Edit(_))).map(|action| action.parameters(HOST)).collect();
    let Some((first, others)) = edits.split_first() else {
        return Vec::new();
    };
    first.iter().copied().filter(|row| others.iter().all(|rows| is_in(rows, row))).collect()
}

fn is_in(rows: &[&Parameter], row: &Parameter) -> bool {
    rows.iter().any(|other| other.id == row.id)
}

/// The name that Krita keeps shortcuts by.
fn name(action: Action) -> String {
    format!("dedit_{}", action.id().replace('-', "_"))
}

/// `Parameter(…)`, without what is as `schema.py` has it by default.
fn parameter(row: &Parameter) -> String {
    let mut fields = vec![literal(row.name(HOST)), literal(&row.label()), literal(row.help), literal(kind(row))];
    match row.kind {
        Kind::Number(range) => fields.extend(span(range)),
        Kind::Whole(range) => fields.extend(span(range)),
        Kind::Choice { default, .. } => {
            let words = row.choices(HOST).into_iter().map(|choice| format!("({}, {})", literal(choice.word), literal(choice.label)));
            fields.push(format!("default={}", literal(default)));
            fields.push(format!("choices=({},)", words.collect::<Vec<_>>().join(", ")));
        }
        Kind::Switch => fields.push("default=False".to_owned()),
        Kind::Text | Kind::Texts | Kind::File | Kind::Image | Kind::NumberPair(_) | Kind::WholePair(_) => {}
    }
    fields.push(format!("takes={}", literal(&row.takes(HOST))));
    if let Some(usual) = row.usual {
        fields.push(format!("usual={}", literal(&usual())));
    }
    if !row.unit.is_empty() {
        fields.push(format!("unit={}", literal(row.unit)));
    }
    if row.required {
        fields.push("required=True".to_owned());
    }
    if !row.older.is_empty() {
        let names: Vec<_> = row.older.iter().map(|name| literal(name)).collect();
        fields.push(format!("older=({},)", names.join(", ")));
    }
    format!("Parameter({})", fields.join(", "))
}

fn kind(row: &Parameter) -> &'static str {
    match row.kind {
        Kind::Text => "text",
        Kind::Texts => "texts",
        Kind::File => "file",
        Kind::Image => "image",
        Kind::Number(_) => "number",
        Kind::Whole(_) => "whole",
        Kind::NumberPair(_) => "numbers",
        Kind::WholePair(_) => "wholes",
        Kind::Switch => "switch",
        Kind::Choice { .. } => "choice",
    }
}

fn span<T: Display>(range: Range<T>) -> Vec<String> {
    let Range { low, high, default, automatic } = range;
    let mut fields = vec![format!("low={low}"), format!("high={high}")];
    fields.extend(default.map(|default| format!("default={default}")));
    fields.extend(automatic.map(|automatic| format!("automatic={automatic}")));
    fields
}

/// A string of Python.
fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn switch(on: bool) -> &'static str {
    if on { "True" } else { "False" }
}

/// Text within XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_edits_take_is_written_once() {
        let text = parameters();
        assert_eq!(text.matches("Parameter(\"steps\"").count(), 1);
        assert!(text.contains("Action(\"refine\", "), "{text}");
        assert!(actions().contains("<Action name=\"dedit_swap_in\">"));
        assert!(action_table().contains("| `dedit_swap` | Swap items | "));
        assert_eq!(parameter_table().matches("every edit").count(), shared().len());
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(literal("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
        assert_eq!(escaped("a < b & c"), "a &lt; b &amp; c");
    }
}
