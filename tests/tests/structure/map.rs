//! Reading the map, `crates/README.md`.

use std::collections::BTreeSet;

use crate::workspace::root;

/// The lines of the map under a heading of the second level.
pub(crate) fn section<'a>(map: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = map.lines().skip_while(|line| line.strip_prefix("## ") != Some(heading)).skip(1);
    lines.take_while(|line| !line.starts_with("## ")).collect()
}

/// The texts between backticks.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

pub(crate) fn text() -> String {
    std::fs::read_to_string(root().join("crates/README.md")).unwrap()
}

/// The cells of a row of a table.
pub(crate) fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// The files that the map allows to hold `unsafe`.
pub(crate) fn unsafe_files(map: &str) -> BTreeSet<String> {
    let items = section(map, "Where `unsafe` stands").into_iter().filter(|line| line.starts_with("- "));
    items.filter_map(|line| quoted(line).next()).collect()
}
