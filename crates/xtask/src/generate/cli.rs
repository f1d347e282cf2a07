//! The tables of the command line's reference, `crates/dedit-cli/README.md`.

use dedit_schema::{Action, Host, LEARNING, Parameter, Verb};

const HOST: Host = Host::Cli;

/// The verbs, what they do, and the options of their own.
pub(super) fn verbs() -> String {
    let rows = Verb::ALL.map(|verb| {
        let action = Action::Edit(verb);
        let own = own(action).into_iter().map(|row| format!("`--{}`: {}", row.name(HOST), lower(&row.help_with_default())));
        format!("| `{}` | {} | {} |\n", verb.id(), action.summary(), own.collect::<Vec<_>>().join("<br>"))
    });
    format!("| verb | what it does | options of its own |\n|---|---|---|\n{}", rows.concat())
}

/// The options of every edit.
pub(super) fn shared() -> String {
    rows(&Action::Edit(Verb::Reconstruct).parameters(HOST))
}

/// The options of `dedit learn`.
pub(super) fn learning() -> String {
    rows(&LEARNING.iter().collect::<Vec<_>>())
}

/// A verb that has no options of its own has those that all share.
fn own(action: Action) -> Vec<&'static Parameter> {
    let shared = Action::Edit(Verb::Reconstruct).parameters(HOST).len();
    let mut all = action.parameters(HOST);
    all.truncate(all.len() - shared);
    all
}

fn rows(parameters: &[&Parameter]) -> String {
    let rows: String = parameters.iter().map(|row| line(row)).collect();
    format!("| option | default | takes | what it is |\n|---|---|---|---|\n{rows}")
}

fn line(row: &Parameter) -> String {
    let (default, takes) = (row.default_in_words().unwrap_or_default(), row.takes(HOST));
    let takes = if row.unit.is_empty() { takes } else { format!("{takes} {}", row.unit) };
    format!("| `--{}` | {default} | {takes} | {} |\n", row.name(HOST), row.help)
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
