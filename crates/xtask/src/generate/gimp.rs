//! The tables of `plugins/gimp/README.md`.

use std::collections::BTreeMap;

use dedit_schema::{Action, Host, Parameter};

const HOST: Host = Host::Gimp;

/// Entries of the menu, their procedures, and the arguments of these in the order in which scripts give them.
pub(super) fn procedures() -> String {
    let shared = shared();
    let rows = Action::of(HOST).map(|action| {
        let own = own(action, &shared).into_iter();
        let mut arguments: Vec<_> = own.map(|row| format!("`{}`", row.name(HOST))).collect();
        if action.verb().is_some() {
            arguments.push("+ those of every edit".to_owned());
            let taken = action.parameters(HOST);
            arguments.extend(shared.iter().filter(|row| !is_in(&taken, row)).map(|row| format!("but `{}`", row.name(HOST))));
        }
        format!("| {} | `plug-in-dedit-{}` | {} | {} |\n", action.label(), action.id(), action.summary(), arguments.join(" "))
    });
    format!("| entry | procedure | what it does | arguments |\n|---|---|---|---|\n{}", rows.collect::<String>())
}

/// The arguments: those of single actions by name, then those of every edit in their order.
pub(super) fn arguments() -> String {
    let shared = shared();
    let mut rows: BTreeMap<(&str, &str), (&Parameter, Vec<&str>)> = BTreeMap::new();
    for action in Action::of(HOST) {
        for row in own(action, &shared) {
            rows.entry((row.name(HOST), row.help)).or_insert_with(|| (row, Vec::new())).1.push(action.id());
        }
    }
    let line = |row: &Parameter, of: &str| {
        let usual = row.default_in_words().unwrap_or_default();
        format!("| `{}` | {of} | {} | {} | {usual} |\n", row.name(HOST), row.help, row.takes(HOST))
    };
    let lines = rows.values().map(|(row, of)| line(row, &of.join(", "))).chain(shared.iter().map(|row| line(row, "every edit")));
    format!("| argument | of | what it is | takes | usually |\n|---|---|---|---|---|\n{}", lines.collect::<String>())
}

/// What an action takes beside what all edits take.
fn own(action: Action, shared: &[&Parameter]) -> Vec<&'static Parameter> {
    action.parameters(HOST).into_iter().filter(|row| action.verb().is_none() || !is_in(shared, row)).collect()
}

/// What all verbs take.
fn shared() -> Vec<&'static Parameter> {
    let edits: Vec<_> = Action::of(HOST).filter(|action| matches!(action, Action::Edit(_))).map(|action| action.parameters(HOST)).collect();
    let first = edits.first().cloned().unwrap_or_default();
    first.into_iter().filter(|row| edits.iter().all(|rows| is_in(rows, row))).collect()
}

fn is_in(rows: &[&Parameter], row: &Parameter) -> bool {
    rows.iter().any(|other| other.id == row.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_edits_take_is_written_once() {
        assert!(procedures().contains("| `items` `most` `picture` |"));
        assert!(procedures().contains("| `item` `with` + those of every edit |"));
        let arguments = arguments();
        assert_eq!((arguments.matches("every edit").count(), arguments.matches("| `steps` |").count()), (shared().len(), 1));
        assert!(arguments.contains("| `restart` | learn | "));
    }
}
