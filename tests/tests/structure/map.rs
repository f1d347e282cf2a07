//! Reading the map, `crates/README.md`.

use crate::workspace::root;

/// The lines of the map under a heading of the second level.
pub(crate) fn section<'a>(map: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = map.lines().skip_while(|line| line.strip_prefix("## ") != Some(heading)).skip(1);
    lines.take_while(|line| !line.starts_with("## ")).collect()
}

/// What stands between backticks.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

pub(crate) fn text() -> String {
    std::fs::read_to_string(root().join("crates/README.md")).unwrap()
}
