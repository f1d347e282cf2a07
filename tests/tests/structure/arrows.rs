//! Dependencies between crates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::map::{self, cells, quoted, section};
use crate::workspace::metadata;

/// The crates that one crate uses.
#[derive(Debug, Default)]
struct Uses {
    /// In its code or its build script.
    code: BTreeSet<String>,
    /// In its tests.
    tests: BTreeSet<String>,
}

type Arrows = BTreeMap<String, Uses>;

fn arrows_of_the_map(map: &str) -> Arrows {
    let rows = section(map, "Allowed arrows").into_iter().filter(|line| line.starts_with('|')).map(cells);
    let names = |cell: Option<&&str>| cell.map(|cell| quoted(cell).collect()).unwrap_or_default();
    rows.filter_map(|cells| Some((quoted(cells[0]).next()?, Uses { code: names(cells.get(1)), tests: names(cells.get(2)) }))).collect()
}

/// The dependencies on crates of this workspace and of candle's family, from `cargo metadata`.
fn arrows_of_the_workspace(metadata: &Value) -> Arrows {
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let uses = |package: &Value| {
        let mut uses = Uses::default();
        for used in package["dependencies"].as_array().unwrap() {
            let kind = if used["kind"] == "dev" { &mut uses.tests } else { &mut uses.code };
            kind.extend(Some(name(used)).filter(|used| ours.contains(used) || used.starts_with("candle")));
        }
        uses
    };
    packages.iter().map(|package| (name(package), uses(package))).collect()
}

/// One line for every dependency that the map does not allow or has in the wrong column, every crate without a row, and every row without a crate.
fn faults(actual: &Arrows, allowed: &Arrows) -> Vec<String> {
    let mut faults = Vec::new();
    for (from, uses) in actual {
        let Some(allowed) = allowed.get(from) else {
            faults.push(format!("{from} has no row"));
            continue;
        };
        faults.extend(uses.code.difference(&allowed.code).map(|to| format!("{from} may not use {to}")));
        for to in uses.tests.iter().filter(|to| !uses.code.contains(*to)) {
            if allowed.code.contains(to) {
                faults.push(format!("{from} uses {to} in its tests alone"));
            } else if !allowed.tests.contains(to) {
                faults.push(format!("the tests of {from} may not use {to}"));
            }
        }
    }
    faults.extend(allowed.keys().filter(|from| !actual.contains_key(*from)).map(|from| format!("{from} is no crate")));
    faults
}

#[test]
fn crates_use_only_what_the_map_allows() {
    let actual = arrows_of_the_workspace(&metadata());
    let allowed = arrows_of_the_map(&map::text());
    assert!(actual["dedit-diffusion"].code.contains("dedit-nn"), "the dependencies were not read");
    assert_eq!(faults(&actual, &allowed), Vec::<String>::new());
}

#[test]
fn a_forbidden_arrow_is_found() {
    let map = "## Allowed arrows\n\n| crate | may use | its tests too |\n|---|---|---|\n| `a` | `b`, `candle-core` | |\n| `d` | `a` | `b` |\n| `gone` | | |\n\n\
               ## Next\n| `c` | `a` | |\n";
    let metadata = serde_json::json!({"packages": [
        {"name": "a", "dependencies": [{"name": "b"}, {"name": "serde"}, {"name": "candle-nn"}, {"name": "d", "kind": "dev"}]},
        {"name": "b", "dependencies": [{"name": "a", "kind": "dev"}]},
        {"name": "d", "dependencies": [{"name": "a", "kind": "dev"}, {"name": "b", "kind": "dev"}]},
    ]});
    let found = faults(&arrows_of_the_workspace(&metadata), &arrows_of_the_map(map));
    let expected =
        ["a may not use candle-nn", "the tests of a may not use d", "b has no row", "d uses a in its tests alone", "gone is no crate"];
    assert_eq!(found, expected);
}
