//! What the user changes and checks.

use std::path::Path;

use dedit_catalog::{Found, Library, Program, Verified};
use serde_json::json;

use super::show::{found_line, found_value};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::format::size_of;
use crate::interrupt::Interrupt;

pub(super) fn default(library: &Library, name: Option<&str>, console: &Console) -> Result<()> {
    // A path is kept as an absolute one, which means the same from everywhere.
    let path = name.map(Path::new).filter(|path| path.exists()).and_then(|path| std::path::absolute(path).ok());
    let name = path.as_ref().map(|path| path.to_string_lossy().into_owned()).or_else(|| name.map(str::to_owned));
    library.set_default(name.as_deref())?;
    let summary = name.as_ref().map_or_else(|| "no model is chosen".to_owned(), |name| format!("{name} is used where no model is named"));
    console.finish(&summary, json!({"chosen": name}));
    Ok(())
}

pub(super) fn add(library: &Library, path: &Path, console: &Console) -> Result<()> {
    let found = library.add(path)?;
    let lines: Vec<String> = found.iter().map(found_line).collect();
    console.finish(&lines.join("\n"), json!({"found": found.iter().map(found_value).collect::<Vec<_>>()}));
    Ok(())
}

pub(super) fn remove(library: &Library, name: &str, console: &Console) -> Result<()> {
    let bytes = library.remove(name)?;
    console.finish(&format!("{name} is removed, {} are free", size_of(bytes)), json!({"name": name, "bytes": bytes}));
    Ok(())
}

pub(super) fn verify(library: &Library, name: Option<&str>, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let found: Vec<Found> = match name {
        Some(name) => vec![library.named(name).ok_or_else(|| library.missing(name))?],
        None => library.found().into_iter().filter(|found| matches!(found.program, Program::Own | Program::Added)).collect(),
    };
    interrupt.listen();
    let (mut lines, mut values, mut wrong) = (Vec::new(), Vec::new(), 0);
    for model in &found {
        // In megabytes, which progress bars count in.
        let of = (model.bytes / 1_000_000) as usize;
        let verified = library.verify(model, &mut |done| {
            console.stage("reading", ((done / 1_000_000) as usize).min(of), of, None);
            !interrupt.asked()
        })?;
        let (state, how) = match &verified {
            Verified::Same => ("ok", "its SHA-256 is right".to_owned()),
            Verified::Whole => ("ok", "it is whole; there is no SHA-256 to compare it with".to_owned()),
            Verified::Broken(how) => ("BROKEN", how.clone()),
        };
        wrong += usize::from(state != "ok");
        lines.push(format!("{state:<6} {:<28} {how}", model.name));
        values.push(json!({"name": model.name, "path": crate::output::as_text(&model.path), "ok": state == "ok", "how": how}));
    }
    if found.is_empty() {
        lines.push("no model was fetched or added; name one to look at those of other programs".to_owned());
    }
    console.finish(&lines.join("\n"), json!({"verified": values, "wrong": wrong}));
    if wrong == 0 {
        return Ok(());
    }
    Err(Error::model(format!("{wrong} of {} models are broken", found.len())).hint("fetch or copy them again"))
}
