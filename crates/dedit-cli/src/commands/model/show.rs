//! What there is.

use std::path::Path;

use dedit_catalog::{Found, Known, Library, known};
use serde_json::{Value, json};

use crate::console::Console;
use crate::error::Result;
use crate::format::size_of;
use crate::output::as_text;

/// The bytes of a known model, where all of its files have a size in the table.
fn bytes(known: &Known) -> Option<u64> {
    known.files.iter().map(|file| file.bytes).sum()
}

fn family(family: Option<dedit_catalog::Family>) -> &'static str {
    family.map_or("-", dedit_catalog::Family::as_str)
}

/// A known model as JSON.
fn known_value(library: &Library, known: &Known, present: Option<&Found>) -> Value {
    let files = known.files.iter().enumerate().map(
        |(number, file)| json!({"path": file.path(), "url": file.url(None), "bytes": file.bytes, "sha256": library.sum(known, number)}),
    );
    json!({
        "name": known.name,
        "title": known.title,
        "kind": known.kind,
        "family": known.family,
        "inpainting": known.inpainting,
        "purpose": known.purpose,
        "files": files.collect::<Vec<_>>(),
        "licence": {"name": known.licence.name, "link": known.licence.link, "accepted": library.is_accepted(&known.licence)},
        "present": present.is_some_and(|found| found.broken.is_none()),
        "found": present.map(found_value),
    })
}

pub(super) fn found_value(found: &Found) -> Value {
    json!({
        "name": found.name,
        "kind": found.kind,
        "family": found.family,
        "inpainting": found.inpainting,
        "path": as_text(&found.path),
        "program": found.program.as_str(),
        "bytes": found.bytes,
        "broken": found.broken,
    })
}

pub(super) fn found_line(found: &Found) -> String {
    let state = match &found.broken {
        Some(broken) => format!("BROKEN: {broken}"),
        None => size_of(found.bytes),
    };
    let inpainting = if found.inpainting { ", inpainting" } else { "" };
    format!("{:<28} {:<11} {}{inpainting}, {state}, {}", found.name, found.kind, family(found.family), found.path.display())
}

/// Every known model, then what else is on this machine.
pub(super) fn list(library: &Library, console: &Console) {
    let found = library.found();
    let present = |known: &Known| {
        let mut own: Vec<&Found> = found.iter().filter(|found| found.name == known.name).collect();
        own.sort_by_key(|found| found.broken.is_some());
        own.first().copied()
    };
    let usual = dedit_models::usual(library).ok().flatten();
    let mark = |path: &Path| if usual.as_deref() == Some(path) { "*" } else { " " };
    let mut lines: Vec<String> = Vec::new();
    let mut values = Vec::new();
    for known in known::all() {
        let present = present(known);
        let state = match present.map(|found| &found.broken) {
            Some(None) => "here".to_owned(),
            Some(Some(broken)) => format!("BROKEN: {broken}"),
            None => bytes(known).map_or_else(|| "to fetch".to_owned(), |bytes| format!("to fetch, {}", size_of(bytes))),
        };
        let mark = present.map_or(" ", |found| mark(&found.path));
        lines.push(format!("{mark} {:<24} {:<5} {:<18} {}", known.name, family(known.family), state, known.purpose));
        values.push(known_value(library, known, present));
    }
    let others: Vec<&Found> = found.iter().filter(|found| known::named(&found.name).is_none()).collect();
    if !others.is_empty() {
        lines.push(String::new());
        lines.extend(others.iter().map(|found| format!("{} {}", mark(&found.path), found_line(found))));
    }
    if usual.is_some() {
        lines.push("\n* is used where no model is named".to_owned());
    }
    let others: Vec<Value> = others.into_iter().map(found_value).collect();
    console.finish(&lines.join("\n"), json!({"models": values, "others": others, "default": usual.as_deref().map(as_text)}));
}

/// What is on this machine, program by program.
pub(super) fn find(library: &Library, console: &Console) {
    let found = library.found();
    let mut lines = Vec::new();
    let mut program = None;
    for model in &found {
        if program != Some(model.program) {
            program = Some(model.program);
            lines.push(format!("{}:", model.program));
        }
        lines.push(format!("  {}", found_line(model)));
    }
    if found.is_empty() {
        lines
            .push("no model is on this machine; dedit model list shows what can be fetched, dedit model add PATH adds a folder".to_owned());
    }
    console.finish(&lines.join("\n"), json!({"found": found.iter().map(found_value).collect::<Vec<_>>()}));
}

pub(super) fn info(library: &Library, name: &str, console: &Console) -> Result<()> {
    let found = library.named(name);
    let Some(known) = known::named(name) else {
        let found = found.ok_or_else(|| library.missing(name))?;
        console.finish(&format!("{}\nkept by {}", found_line(&found), found.program), found_value(&found));
        return Ok(());
    };
    let mut lines = vec![format!("{}: {}", known.name, known.title), format!("{}, {}", known.kind, known.purpose)];
    lines.push(format!("licence: {}, {}", known.licence.name, known.licence.link));
    for (number, file) in known.files.iter().enumerate() {
        let size = file.bytes.map_or_else(|| "size not known".to_owned(), size_of);
        let sum = library.sum(known, number).unwrap_or_else(|| "recorded when it is first fetched".to_owned());
        lines.push(format!("{}: {size}, SHA-256 {sum}\n  {}", file.path(), file.url(None)));
    }
    match &found {
        Some(found) => lines.push(format!("{}\nkept by {}", found_line(found), found.program)),
        None => lines.push("not on this machine".to_owned()),
    }
    console.finish(&lines.join("\n"), known_value(library, known, found.as_ref()));
    Ok(())
}

pub(super) fn default(library: &Library, console: &Console) -> Result<()> {
    let usual = dedit_models::usual(library)?;
    let summary = match &usual {
        Some(path) => path.display().to_string(),
        None => format!("none: without a name it is {}; choose one with dedit model default NAME", dedit_models::PATCHES),
    };
    let segmentation = library.usual_segmentation();
    let finds = segmentation.as_ref().map(|path| format!("\nitems are found by {}", path.display())).unwrap_or_default();
    let value = json!({
        "default": usual.as_deref().map(as_text),
        "chosen": library.chosen(),
        "segmentation": segmentation.as_deref().map(as_text),
    });
    console.finish(&format!("{summary}{finds}"), value);
    Ok(())
}
