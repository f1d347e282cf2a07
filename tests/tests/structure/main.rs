//! The structure of the source: dependencies of crates, imports between files, files with `unsafe`, claims of the map, names at the top level.
//!
//! The rules are read from the map, `crates/README.md`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in the functions it calls too")]

mod arrows;
mod circles;
mod claims;
mod map;
mod source;
mod unsafe_files;
mod workspace;

use std::collections::BTreeSet;

use workspace::root;

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
