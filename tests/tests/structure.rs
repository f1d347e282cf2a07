//! The shape of the source: which crate uses which, where `unsafe` stands, what lies at the top.
//!
//! What is allowed is read from the map, `crates/README.md`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;

type Arrows = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The lines of the map under a heading of the second level.
fn section<'a>(map: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = map.lines().skip_while(|line| line.strip_prefix("## ") != Some(heading)).skip(1);
    lines.take_while(|line| !line.starts_with("## ")).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

fn arrows_of_the_map(map: &str) -> Arrows {
    let rows = section(map, "Allowed arrows").into_iter().filter(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.trim_matches('|').split('|').collect::<Vec<_>>());
    cells.filter_map(|cells| Some((quoted(cells[0]).next()?, quoted(cells[1]).collect()))).collect()
}

/// Of what `cargo metadata` says, the dependencies on crates of this workspace and of candle's family.
fn arrows_of_the_workspace(metadata: &Value) -> Arrows {
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let uses = |package: &Value| package["dependencies"].as_array().unwrap().iter().map(name).collect::<Vec<_>>();
    let watched = |used: &String| ours.contains(used) || used.starts_with("candle");
    packages.iter().map(|package| (name(package), uses(package).into_iter().filter(watched).collect())).collect()
}

/// One line for every arrow that the map does not allow, every crate it does not name, and every row without a crate.
fn faults(actual: &Arrows, allowed: &Arrows) -> Vec<String> {
    let mut faults = Vec::new();
    for (from, uses) in actual {
        match allowed.get(from) {
            None => faults.push(format!("{from} has no row")),
            Some(allowed) => faults.extend(uses.difference(allowed).map(|to| format!("{from} may not use {to}"))),
        }
    }
    faults.extend(allowed.keys().filter(|from| !actual.contains_key(*from)).map(|from| format!("{from} is no crate")));
    faults
}

#[test]
fn crates_use_only_what_the_map_allows() {
    let output = Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let actual = arrows_of_the_workspace(&serde_json::from_slice(&output.stdout).unwrap());
    let allowed = arrows_of_the_map(&std::fs::read_to_string(root().join("crates/README.md")).unwrap());
    assert!(actual["dedit-diffusion"].contains("dedit-nn"), "the dependencies were not read");
    assert_eq!(faults(&actual, &allowed), Vec::<String>::new());
}

#[test]
fn a_forbidden_arrow_is_found() {
    let map = "## Allowed arrows\n\n| crate | may use |\n|---|---|\n| `a` | `b`, `candle-core` |\n| `gone` | |\n\n## Next\n| `c` | `a` |\n";
    let metadata = serde_json::json!({"packages": [
        {"name": "a", "dependencies": [{"name": "b"}, {"name": "serde"}, {"name": "candle-nn"}]},
        {"name": "b", "dependencies": [{"name": "a", "kind": "dev"}]},
    ]});
    let found = faults(&arrows_of_the_workspace(&metadata), &arrows_of_the_map(map));
    assert_eq!(found, ["a may not use candle-nn", "b has no row", "gone is no crate"]);
}

fn holds_unsafe(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "unsafe",
        TokenTree::Group(group) => holds_unsafe(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_stands_only_where_the_map_says() {
    let root = root();
    let map = std::fs::read_to_string(root.join("crates/README.md")).unwrap();
    let items = section(&map, "Where `unsafe` stands").into_iter().filter(|line| line.starts_with("- "));
    let listed: BTreeSet<String> = items.filter_map(|line| quoted(line).next()).collect();
    let mut files = Vec::new();
    for directory in ["crates", "plugins", "host-bindings", "tests"].map(|name| root.join(name)).iter().filter(|path| path.exists()) {
        rust_files(directory, &mut files);
    }
    assert!(files.len() > 10, "the sources were not found");
    let found = files.iter().filter(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        holds_unsafe(text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    });
    let found: BTreeSet<String> = found.map(|path| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/")).collect();
    assert_eq!(found, listed, "files with `unsafe` (left) and those listed in crates/README.md (right)");
}

#[test]
fn unsafe_is_code_and_not_a_word() {
    for (source, expected) in [
        ("fn f() { unsafe { g() } }", true),
        ("unsafe impl Send for X {}", true),
        ("#[unsafe(no_mangle)] fn f() {}", true),
        ("// unsafe\nfn f() -> &'static str { \"unsafe\" }", false),
        ("#![deny(unsafe_code)]", false),
    ] {
        assert_eq!(holds_unsafe(source.parse().unwrap()), expected, "{source}");
    }
}

#[test]
fn the_top_level_holds_only_the_fixed_names() {
    const FIXED: [&str; 8] = ["Cargo.toml", "Cargo.lock", "crates", "plugins", "host-bindings", "tests", "README.md", "LICENSE"];
    let ignored = std::fs::read_to_string(root().join(".gitignore")).unwrap();
    let ignored: BTreeSet<&str> = ignored.lines().filter_map(|line| line.strip_prefix('/')).collect();
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name.starts_with('.') || FIXED.contains(&name.as_str()) || ignored.contains(name.as_str()),
            "{name} does not belong at the top level"
        );
    }
}
