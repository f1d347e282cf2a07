//! The map's column "what it never does": every clause must be in the list below, with the checks that a script can do.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::map::{self, cells, quoted, section};
use crate::source::Crate;
use crate::workspace::{metadata, root};

/// How a clause is checked.
enum Check {
    /// No dependency, apart from those of tests, whose name begins with one of these.
    NoCrate(&'static [&'static str]),
    /// No path in the code that begins with one of the first list, except in files whose path begins with one of the second.
    NoPath(&'static [&'static str], &'static [&'static str]),
    /// None of these words in names and strings of the code.
    NoWord(&'static [&'static str]),
    /// No crate that is shipped depends on it.
    NotShipped,
    /// Not among the files with `unsafe`.
    NoUnsafe,
    /// Cannot be checked by a script.
    Reader,
}
use Check::{NoCrate, NoPath, NoUnsafe, NoWord, NotShipped, Reader};

const FILES: &[&str] = &["std::fs", "image::open", "image::ImageReader", "memmap2", "tempfile"];
const NETWORKS: &[&str] = &["candle", "dedit-nn", "dedit-diffusion", "dedit-engine", "dedit-models"];

const CLAIMS: &[(&str, &[Check])] = &[
    ("depends on nothing", &[NoCrate(&[""])]),
    ("knows no tensor", &[NoCrate(&["candle", "dedit-nn"])]),
    ("knows no model", &[NoCrate(NETWORKS)]),
    ("names no model", &[NoWord(&["stable", "sdxl", "unet", "vae"])]),
    ("knows no engine", &[NoCrate(NETWORKS)]),
    ("knows no item", &[NoCrate(&["dedit-edit", "dedit-segment"])]),
    ("knows no session", &[NoCrate(&["dedit-session", "dedit-daemon"])]),
    ("knows no wire", &[NoCrate(&["dedit-protocol", "dedit-client", "dedit-daemon"])]),
    ("knows no host", &[NoCrate(&["gimp-host", "ofx-host"]), NoWord(&["gimp", "krita", "openfx"])]),
    ("knows no crate of D-Edit", &[NoCrate(&["dedit"])]),
    ("names no clip of D-Edit", &[NoWord(&["dedit", "d-edit", "mask", "reference"])]),
    ("reads no picture format", &[NoCrate(&["image", "png"])]),
    ("opens no picture", &[NoCrate(&["image", "png"])]),
    ("opens no file", &[NoPath(FILES, &[])]),
    ("opens no file but weights, tokenizers and their settings", &[NoPath(FILES, &["src/weights/", "src/config/file.rs"])]),
    ("writes nothing but the unpacked model", &[NoPath(FILES, &["src/model.rs"])]),
    ("writes no file but its log", &[NoPath(FILES, &["src/log.rs"])]),
    ("opens no socket", &[NoPath(&["std::net", "std::os::unix::net", "interprocess"], &[])]),
    ("reads no environment variable", &[NoPath(&["std::env"], &[])]),
    ("edits and learns through the daemon alone", &[NoPath(&["dedit_engine"], &["src/error.rs"])]),
    ("segments through the daemon alone", &[NoCrate(&["dedit-segment"])]),
    ("computes no pixel of an edit", &[NoCrate(NETWORKS), NoCrate(&["dedit-edit", "dedit-segment"])]),
    ("holds no `unsafe`", &[NoUnsafe]),
    ("is no part of what is shipped", &[NotShipped]),
    ("calls Krita from its own thread alone", &[Reader]),
    ("keeps nothing in instances", &[Reader]),
    ("links nothing of GIMP's", &[Reader]),
    ("needs nothing that Krita does not bring", &[Reader]),
];

/// A row of the map's table of crates.
struct Row {
    name: String,
    clauses: Vec<String>,
}

fn rows(map: &str) -> Vec<Row> {
    let lines = map.lines().skip_while(|line| !line.starts_with("| crate |")).skip(2).take_while(|line| line.starts_with('|'));
    let row = |line| {
        let cells = cells(line);
        let clauses = cells[2].split(';').map(|clause| clause.trim().to_owned()).filter(|clause| !clause.is_empty());
        Row { name: quoted(cells[0]).next().unwrap(), clauses: clauses.collect() }
    };
    lines.map(row).collect()
}

/// Dependencies, paths and strings of a crate.
struct Facts {
    name: String,
    folder: String,
    /// Names of the crates that it depends on, apart from tests.
    uses: BTreeSet<String>,
    /// Paths in its code, and strings, each with the place that it was found in.
    paths: Vec<(String, String)>,
    strings: Vec<(String, String)>,
}

fn facts(package: &Value) -> Facts {
    let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let uses = package["dependencies"].as_array().unwrap().iter().filter(|used| used["kind"] != "dev").map(|used| text(&used["name"]));
    let read = |file: &Path| std::fs::read_to_string(folder.join(file)).ok();
    let mut facts = Facts {
        name: text(&package["name"]),
        folder: folder.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"),
        uses: uses.collect(),
        paths: Vec::new(),
        strings: Vec::new(),
    };
    for target in package["targets"].as_array().unwrap() {
        if ["lib", "bin", "cdylib"].iter().all(|kind| target["kind"].as_array().unwrap().iter().all(|own| own != kind)) {
            continue;
        }
        let tree = Crate::read(Path::new(target["src_path"].as_str().unwrap()).strip_prefix(folder).unwrap(), &read);
        for module in &tree.modules {
            let place = |line: usize| format!("{}:{line}", tree.files[module.file].name);
            let used = module.contents.uses.iter().map(|used| (used.path.join("::"), place(used.line)));
            facts.paths.extend(used.chain(module.contents.paths.iter().map(|path| (path.segments.join("::"), place(path.line)))));
            facts.strings.extend(module.contents.strings.iter().map(|(string, line)| (string.clone(), place(*line))));
        }
    }
    facts
}

/// Whether `path` is `start` or an item below it.
fn begins(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether a word of a name or text begins with `word`, in any case: `theMask` and `MASK_CLIP` have "mask", `preferences` has no "reference".
fn contains(text: &str, word: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let begins_word = |at: usize| {
        let before = at.checked_sub(1).map(|before| letters[before]);
        before.is_none_or(|before| !before.is_alphabetic() || before.is_lowercase() && letters[at].is_uppercase())
    };
    let matches =
        |at: usize| word.chars().enumerate().all(|(offset, c)| letters.get(at + offset).is_some_and(|own| own.eq_ignore_ascii_case(&c)));
    (0..letters.len()).any(|at| matches(at) && begins_word(at))
}

/// The places where a crate violates a check.
fn against(check: &Check, facts: &Facts, shipped: &BTreeSet<String>, unsafe_files: &BTreeSet<String>) -> Vec<String> {
    let of_paths = |wrong: &dyn Fn(&str, &str) -> bool| {
        facts.paths.iter().filter(|(path, place)| wrong(path, place)).map(|(path, place)| format!("{path} at {place}")).collect::<Vec<_>>()
    };
    match check {
        NoCrate(names) => facts.uses.iter().filter(|used| names.iter().any(|name| used.starts_with(name))).cloned().collect(),
        NoPath(starts, except) => {
            of_paths(&|path, place| starts.iter().any(|start| begins(path, start)) && !except.iter().any(|file| place.starts_with(file)))
        }
        NoWord(words) => {
            let has = |text: &str| words.iter().any(|word| contains(text, word));
            let strings = facts.strings.iter().filter(|(string, _)| has(string)).map(|(string, place)| format!("{string} at {place}"));
            of_paths(&|path, _| has(path)).into_iter().chain(strings).collect()
        }
        NotShipped => {
            shipped.iter().filter(|name| **name == facts.name).map(|_| "a crate that is shipped depends on it".to_owned()).collect()
        }
        NoUnsafe => unsafe_files.iter().filter(|file| file.starts_with(&format!("{}/", facts.folder))).cloned().collect(),
        Reader => Vec::new(),
    }
}

/// The crates of this workspace that programs and plug-ins depend on.
fn shipped(crates: &[Facts]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = ["dedit-cli", "dedit-gimp", "dedit-openfx"].map(str::to_owned).to_vec();
    while let Some(name) = open.pop() {
        if let Some(facts) = crates.iter().find(|facts| facts.name == name && !found.contains(&name)) {
            open.extend(facts.uses.iter().cloned());
            found.insert(name);
        }
    }
    found
}

#[test]
fn crates_never_do_what_the_map_denies() {
    let map = map::text();
    let rows = rows(&map);
    let crates: Vec<Facts> = metadata()["packages"].as_array().unwrap().iter().map(facts).collect();
    let unsafe_files = map::unsafe_files(&map);
    let shipped = shipped(&crates);
    let mut faults = Vec::new();
    for row in &rows {
        let facts = crates.iter().find(|facts| facts.name == row.name);
        if facts.is_none() && !root().join("crates").join(&row.name).is_dir() {
            faults.push(format!("{} is neither a crate nor a folder", row.name));
        }
        for clause in &row.clauses {
            let Some((_, checks)) = CLAIMS.iter().find(|(words, _)| words == clause) else {
                faults.push(format!("{}: nobody checks {clause:?}: give it a place in CLAIMS", row.name));
                continue;
            };
            let found = checks.iter().flat_map(|check| facts.map_or(Vec::new(), |facts| against(check, facts, &shipped, &unsafe_files)));
            faults.extend(found.map(|found| format!("{} {clause}, but {found}", row.name)));
        }
    }
    let without_row = crates.iter().filter(|facts| rows.iter().all(|row| row.name != facts.name));
    faults.extend(without_row.map(|facts| format!("{} has no row in the table of crates", facts.name)));
    let clauses: Vec<&String> = rows.iter().flat_map(|row| &row.clauses).collect();
    let unused = CLAIMS.iter().filter(|(words, _)| clauses.iter().all(|clause| clause != words));
    faults.extend(unused.map(|(words, _)| format!("no row says {words:?}")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Beginnings of the names of crates that open connections to other machines, or encrypt them.
const NETWORK: &[&str] = &["ureq", "rustls", "native-tls", "openssl", "hyper", "reqwest", "curl", "tokio", "attohttpc", "hf-hub"];

#[test]
fn one_crate_alone_opens_connections_to_other_machines() {
    let crates: Vec<Facts> = metadata()["packages"].as_array().unwrap().iter().map(facts).collect();
    let shipped = shipped(&crates);
    let none = BTreeSet::new();
    let opens = |facts: &&Facts| {
        let checks = [NoCrate(NETWORK), NoPath(&["std::net"], &[])];
        checks.iter().any(|check| !against(check, facts, &none, &none).is_empty())
    };
    let found: Vec<&str> =
        crates.iter().filter(|facts| shipped.contains(&facts.name)).filter(opens).map(|facts| facts.name.as_str()).collect();
    assert_eq!(found, ["dedit-fetch"]);
    let users: Vec<&str> = crates.iter().filter(|facts| facts.uses.contains("dedit-fetch")).map(|facts| facts.name.as_str()).collect();
    assert_eq!(users, ["dedit-catalog"], "which fetches in one function");
}

#[test]
fn a_broken_claim_is_found() {
    let none = BTreeSet::new();
    let place = |path: &str, file: &str| (path.to_owned(), format!("{file}:7"));
    let facts = Facts {
        name: "a".to_owned(),
        folder: "crates/a".to_owned(),
        uses: BTreeSet::from(["candle-core".to_owned(), "serde".to_owned()]),
        paths: vec![place("std::fs::read", "src/b.rs"), place("std::fmt", "src/b.rs"), place("krita_version", "src/c.rs")],
        strings: vec![place("\"for GIMP\"", "src/d.rs")],
    };
    let unsafe_files = ["crates/a/src/b.rs", "crates/ab/src/b.rs"].map(str::to_owned).into();
    for (check, expected) in [
        (NoCrate(&["candle", "dedit"]), vec!["candle-core"]),
        (NoCrate(&["dedit"]), vec![]),
        (NoPath(FILES, &["src/c"]), vec!["std::fs::read at src/b.rs:7"]),
        (NoPath(FILES, &["src/b.rs"]), vec![]),
        (NoPath(&["std::f"], &[]), vec![]),
        (NoWord(&["gimp", "krita"]), vec!["krita_version at src/c.rs:7", "\"for GIMP\" at src/d.rs:7"]),
        (NoWord(&["rita", "imp"]), vec![]),
        (NoUnsafe, vec!["crates/a/src/b.rs"]),
        (NotShipped, vec![]),
    ] {
        assert_eq!(against(&check, &facts, &none, &unsafe_files), expected);
    }
    assert_eq!(against(&NotShipped, &facts, &BTreeSet::from(["a".to_owned()]), &unsafe_files).len(), 1);
}

#[test]
fn what_the_map_points_at_is_there() {
    let map = map::text();
    let entries: Vec<&str> =
        map.lines().skip_while(|line| !line.starts_with("Start at")).take_while(|line| !line.starts_with('|')).collect();
    let data = section(&map, "How data flows");
    let paths: Vec<String> = entries.iter().flat_map(|line| quoted(line)).filter(|path| path.contains('/')).collect();
    assert!(paths.len() > 10 && !data.is_empty(), "the map was not read");
    let missing: Vec<&String> = paths.iter().filter(|path| !root().join("crates").join(path).exists()).collect();
    assert_eq!(missing, Vec::<&String>::new(), "paths that the map names and that are not there");
}
