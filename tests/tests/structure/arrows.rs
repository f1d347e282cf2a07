//! Which crate uses which.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::map::{self, quoted, section};
use crate::workspace::metadata;

type Arrows = BTreeMap<String, BTreeSet<String>>;

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
    let actual = arrows_of_the_workspace(&metadata());
    let allowed = arrows_of_the_map(&map::text());
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
