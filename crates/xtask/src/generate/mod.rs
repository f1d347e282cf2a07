//! Files, and tables in pages, that are written from the table of verbs and parameters. A test compares: what is changed by hand fails it.

mod cli;
mod gimp;
mod krita;
mod openfx;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;

/// Something that is generated: a file, or the part of a page between two markers.
struct Output {
    path: &'static str,
    /// The name in the markers `<!-- generated: NAME -->` and `<!-- end: NAME -->`; `None` for a whole file.
    part: Option<&'static str>,
    text: String,
}

/// The reference of the command line.
const CLI: &str = "crates/dedit-cli/README.md";
/// The reference of GIMP's plug-in.
const GIMP: &str = "plugins/gimp/README.md";

fn outputs() -> Vec<Output> {
    vec![
        Output { path: CLI, part: Some("verbs"), text: cli::verbs() },
        Output { path: CLI, part: Some("shared"), text: cli::shared() },
        Output { path: CLI, part: Some("learning"), text: cli::learning() },
        Output { path: GIMP, part: Some("procedures"), text: gimp::procedures() },
        Output { path: GIMP, part: Some("arguments"), text: gimp::arguments() },
        Output { path: "plugins/krita/dedit_krita/parameters.py", part: None, text: krita::parameters() },
        Output { path: "plugins/krita/dedit_krita.action", part: None, text: krita::actions() },
        Output { path: "plugins/krita/README.md", part: Some("actions"), text: krita::action_table() },
        Output { path: "plugins/krita/README.md", part: Some("parameters"), text: krita::parameter_table() },
        Output { path: "plugins/openfx/README.md", part: Some("parameters"), text: openfx::parameter_table() },
    ]
}

/// Writes what is not as it is generated.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut written = 0;
    for output in outputs() {
        let path = workspace.root().join(output.path);
        let (before, after) = output.applied(&path)?;
        if before != after {
            fs::write(&path, after).with_context(|| format!("{} cannot be written", path.display()))?;
            println!("wrote {}", output.path);
            written += 1;
        }
    }
    println!("{written} files changed");
    Ok(ExitCode::SUCCESS)
}

impl Output {
    /// The file as it is, and as it should be.
    fn applied(&self, path: &Path) -> Result<(String, String)> {
        let Some(part) = self.part else {
            return Ok((fs::read_to_string(path).unwrap_or_default(), self.text.clone()));
        };
        let page = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let after =
            replaced(&page, part, &self.text).with_context(|| format!("{} has no part '{part}' between markers", path.display()))?;
        Ok((page, after))
    }
}

/// A page with another text between the markers of a part.
fn replaced(page: &str, part: &str, text: &str) -> Option<String> {
    let [first, last] = [format!("<!-- generated: {part} -->\n"), format!("<!-- end: {part} -->")];
    let (before, rest) = page.split_once(&first)?;
    let (_, after) = rest.split_once(&last)?;
    Some(format!("{before}{first}\n{text}\n{last}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_as_the_table_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for output in outputs() {
            let (before, after) = output.applied(&root.join(output.path)).unwrap();
            assert!(before == after, "{} is not as it is generated: run `cargo xtask generate`", output.path);
        }
    }

    #[test]
    fn only_the_part_between_its_markers_is_replaced() {
        let page = "a\n<!-- generated: x -->\n\nold\n\n<!-- end: x -->\nb\n";
        assert_eq!(replaced(page, "x", "new\n").as_deref(), Some("a\n<!-- generated: x -->\n\nnew\n\n<!-- end: x -->\nb\n"));
        assert_eq!(replaced(page, "y", "new\n"), None);
    }
}
