//! No two files of a crate, or of a Python source tree, import from each other, directly or through others; a module and what is below it may.

mod graph;
mod imports;
mod python;

mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use graph::Graph;

use crate::workspace::{files_below, metadata, relative};

/// Crates that are not clean yet: each loses its place here together with its last circle.
const NOT_YET: &[&str] = &["dedit-cli", "dedit-daemon", "dedit-openfx", "dedit-session", "host-bindings/krita/mock", "ofx-test-host"];

/// The graphs of every target of every crate: of its library, each program, each test.
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

/// The graphs of every folder in which Python looks for modules: those with Python files that are no package themselves.
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
        let graph = python::imports(&files);
        (name, graph)
    };
    trees.into_iter().map(graph).collect()
}

#[test]
fn no_files_import_from_each_other_in_a_circle() {
    let graphs: Vec<(String, Graph)> = crates().into_iter().chain(python_trees()).collect();
    let arrows: usize = graphs.iter().map(|(_, graph)| graph.arrow_count()).sum();
    assert!(arrows > 1000, "only {arrows} imports were read");
    let mut circles: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, graph) in &graphs {
        circles.entry(name).or_default().extend(graph.circles());
    }
    let mut faults = Vec::new();
    for (name, circles) in &circles {
        let listed = NOT_YET.contains(name);
        if listed && circles.is_empty() {
            faults.push(format!("{name}: has no circle and is still listed in NOT_YET"));
        } else if !listed {
            faults.extend(circles.iter().map(|circle| format!("{name}: {circle}")));
        }
    }
    faults.extend(
        NOT_YET
            .iter()
            .filter(|name| !circles.contains_key(*name))
            .map(|name| format!("{name}: listed in NOT_YET, but there is no such crate")),
    );
    assert!(faults.is_empty(), "{} circles:\n{}", faults.len(), faults.join("\n"));
}
