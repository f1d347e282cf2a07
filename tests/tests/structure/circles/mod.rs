//! The files of a crate, or of a Python source tree, do not import from each other in a circle. A module and its descendants may.

mod graph;
mod imports;
mod python;

mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use graph::Graph;

use crate::workspace::{files_below, metadata, relative};

/// Python files whose imports below `if TYPE_CHECKING:` do not count, from the folder in which Python looks for modules.
///
/// - `krita_file.py`: a document of the mock is saved by a function of this file, which takes the document; only its annotations need the type.
const TYPES_ONLY: &[&str] = &["krita_file.py"];

/// The graphs of all targets of all crates: libraries, programs, tests, benches and examples.
fn crates() -> Vec<(String, Graph)> {
    let mut graphs = Vec::new();
    for package in metadata()["packages"].as_array().unwrap() {
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        let read = |file: &Path| std::fs::read_to_string(folder.join(file)).ok();
        for target in package["targets"].as_array().unwrap() {
            let file = Path::new(target["src_path"].as_str().unwrap()).strip_prefix(folder).unwrap();
            graphs.push((package["name"].as_str().unwrap().to_owned(), imports::imports(file, &read)));
        }
    }
    graphs
}

/// The graphs of all folders that are roots of Python modules: those with Python files or packages that are not packages themselves.
fn python_trees() -> Vec<(String, Graph)> {
    let files: Vec<PathBuf> = files_below(&["crates", "plugins", "host-bindings", "tests"], "py");
    let mut trees: BTreeMap<PathBuf, Vec<(String, String)>> = BTreeMap::new();
    for file in files {
        let tree = file.ancestors().skip(1).find(|folder| !folder.join("__init__.py").exists()).unwrap();
        let path = file.strip_prefix(tree).unwrap().to_string_lossy().replace('\\', "/");
        trees.entry(tree.to_path_buf()).or_default().push((path, std::fs::read_to_string(&file).unwrap()));
    }
    let graph = |(tree, files): (PathBuf, Vec<_>)| {
        let name = relative(&tree);
        let graph = python::imports(&files, TYPES_ONLY);
        (name, graph)
    };
    trees.into_iter().map(graph).collect()
}

#[test]
fn no_files_import_from_each_other_in_a_circle() {
    let graphs: Vec<(String, Graph)> = crates().into_iter().chain(python_trees()).collect();
    let arrows: usize = graphs.iter().map(|(_, graph)| graph.arrow_count()).sum();
    assert!(arrows > 1000, "only {arrows} imports were read");
    let circles: BTreeSet<String> =
        graphs.iter().flat_map(|(name, graph)| graph.circles().into_iter().map(move |circle| format!("{name}: {circle}"))).collect();
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), circles.iter().map(String::as_str).collect::<Vec<_>>().join("\n"));
}
