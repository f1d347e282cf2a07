//! The table of the edits' parameters in `plugins/openfx/README.md`.

use dedit_schema::{Host, fields};

/// One row for each parameter of OpenFX.
pub(super) fn parameter_table() -> String {
    let rows = fields(Host::OpenFx).into_iter().map(|field| {
        let code = |text: String| if text.is_empty() { text } else { format!("`{text}`") };
        let usual = field.usual().map_or_else(String::new, |usual| format!(" [usually: {usual}]"));
        let edits = if field.is_shared() { "all".to_owned() } else { field.edits().join(", ") };
        format!("| `{}` | {} | {} | {}{usual} | {edits} |\n", field.name, code(field.first_value()), field.takes(), field.help())
    });
    format!("| name | default | takes | meaning | edits |\n|---|---|---|---|---|\n{}", rows.collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_row() {
        let table = parameter_table();
        assert_eq!(table.lines().count(), 2 + fields(Host::OpenFx).len());
        assert!(table.contains("| `rotation` | `0` | -36000 to 36000 | Degrees counterclockwise | Move |\n"), "{table}");
    }
}
