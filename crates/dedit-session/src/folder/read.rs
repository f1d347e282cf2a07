//! Reads records of every version, and checks them.

use std::fmt::Display;
use std::path::Path;

use dedit_edit::{Error, Size};
use dedit_schema::Verb;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::record::{EntryRecord, OLDEST_VERSION, Record, VERSION};
use crate::files::damaged;
use crate::raster::Layout;

/// A record, or why there is none.
pub(super) enum Read<T> {
    /// With the version of the file; the record itself is of the present one.
    Record(T, u32),
    Damaged(Error),
    /// Written by another version of this program, which can read it.
    Unsupported(Error),
}

/// Reads `session.json`.
pub(super) fn session(bytes: &[u8], path: &Path) -> Read<Record> {
    let mut read = read::<Record>(bytes, path, "session");
    if let Read::Record(record, _) = &mut read {
        record.version = VERSION;
        if let Err(reason) = check_session(record) {
            return Read::Damaged(damaged(&reason, path));
        }
    }
    read
}

/// Reads `entry.json` of a revision; `layout_of` gives the layout of the whole picture of the one that it is based on.
pub(super) fn entry(bytes: &[u8], path: &Path, revision: u64, layout_of: impl Fn(u64) -> Layout) -> Read<EntryRecord> {
    let mut read = read::<EntryRecord>(bytes, path, "revision");
    if let Read::Record(record, _) = &mut read {
        record.version = VERSION;
        if let Err(reason) = check_entry(record, revision, layout_of(record.base)) {
            return Read::Damaged(damaged(&reason, path));
        }
    }
    read
}

fn read<T: DeserializeOwned>(bytes: &[u8], path: &Path, what: &str) -> Read<T> {
    let value = match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => value,
        Err(error) => return Read::Damaged(damaged(&error, path)),
    };
    let version = value["version"].as_u64().unwrap_or(0);
    let Some(supported) = u32::try_from(version).ok().filter(|version| (OLDEST_VERSION..=VERSION).contains(version)) else {
        let of = match version {
            0 => "it names no format".to_owned(),
            _ => format!("its format is {version}, not {VERSION}"),
        };
        return if version == 0 { Read::Damaged(damaged(&of, path)) } else { Read::Unsupported(unsupported(what, &of, path)) };
    };
    let verbs = value["edits"].as_array().into_iter().flatten().filter_map(|edit| edit["verb"].as_str());
    if let Some(unknown) = verbs.into_iter().find(|verb| Verb::from_id(verb).is_none()) {
        return Read::Unsupported(unsupported(what, &format!("it has the edit '{unknown}', which is unknown here"), path));
    }
    match serde_json::from_value(value) {
        Ok(record) => Read::Record(record, supported),
        Err(error) => Read::Damaged(damaged(&error, path)),
    }
}

fn unsupported(what: &str, why: &dyn Display, path: &Path) -> Error {
    let message = format!("this {what} was written by another version of D-Edit ({why})");
    Error::input(message).at(path).hint("use the version that wrote it, or learn the picture again elsewhere")
}

fn check_session(record: &Record) -> Result<(), String> {
    if !(1..=2).contains(&record.pictures.len()) {
        return Err(format!("{} pictures", record.pictures.len()));
    }
    record.pictures.iter().try_for_each(|picture| check_layout(picture.layout))
}

fn check_layout(layout: Layout) -> Result<(), String> {
    Size::new(layout.width, layout.height).map_err(|error| error.message().to_owned())?;
    if !(1..=4).contains(&layout.channels) || ![8, 16, 32].contains(&layout.bits) {
        return Err(format!("a picture of {} channels and {} bits", layout.channels, layout.bits));
    }
    Ok(())
}

fn check_entry(record: &EntryRecord, revision: u64, base: Layout) -> Result<(), String> {
    if record.revision != revision {
        return Err(format!("it says that it is revision {}", record.revision));
    }
    let picture = record.layout_on(base).map_err(|error| error.message().to_owned())?;
    let [x, y, width, height] = record.region;
    let within = |start: usize, length: usize, all: usize| length > 0 && start.checked_add(length).is_some_and(|end| end <= all);
    if !(within(x, width, picture.width) && within(y, height, picture.height)) {
        return Err(format!("its region {width}×{height} at {x},{y} is not within the picture"));
    }
    if record.layout != (Layout { width, height, ..picture }) {
        return Err("its pixels are not of the picture's kind or the region's size".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::record::EditRecord;
    use super::*;

    /// An entry with something replaced.
    fn text(of: &str, by: &str) -> String {
        let whole = r#"{"version":3,"revision":5,"base":4,"items":"k","edits":[{"verb":"refine"}],"region":[1,2,3,4],
            "layout":{"width":3,"height":4,"channels":4,"bits":8},"names":["a"],"prompts":{},"seed":1,"settings":{},
            "model":{},"draft":false,"seconds":1.0,"time":2,"note":null}"#;
        assert!(whole.contains(of), "{of}");
        whole.replacen(of, by, 1)
    }

    fn outcome(text: &str) -> String {
        let picture = Layout { width: 24, height: 16, channels: 4, bits: 8 };
        match entry(text.as_bytes(), Path::new("entry.json"), 5, |_| picture) {
            Read::Record(record, version) => format!("{version} as {}", record.version),
            Read::Damaged(error) => format!("damaged: {error}"),
            Read::Unsupported(error) => format!("unsupported: {error}"),
        }
    }

    #[test]
    fn hostile_records_get_one_sentence() {
        for (of, by, expected) in [
            ("3", "3", "3 as 3"),
            (":3", ":2", "2 as 3"),
            (":3", ":4", "unsupported: this revision was written by another version of D-Edit (its format is 4, not 3)"),
            (":3", ":1", "unsupported: this revision was written by another version of D-Edit (its format is 1, not 3)"),
            (":3", ":-3", "damaged: this session is damaged (it names no format)"),
            ("refine", "melt", "unsupported: this revision was written by another version of D-Edit (it has the edit 'melt'"),
            (r#"{"verb":"refine"}"#, r#"{"verb":"expand","left":9,"right":0,"top":0,"bottom":0,"vacated":null}"#, "3 as 3"),
            (
                r#"{"verb":"refine"}"#,
                r#"{"verb":"expand","left":90000,"right":0,"top":0,"bottom":0,"vacated":null}"#,
                "damaged: this session is damaged (a picture of 90024×16 is too large",
            ),
            (r#"{"verb":"refine"}"#, r#"{"verb":"swap","item":"a"}"#, "damaged: this session is damaged (missing field `with`"),
            (r#"{"verb":"refine"}"#, "7", "damaged: this session is damaged (invalid type"),
            (r#""revision":5"#, r#""revision":6"#, "damaged: this session is damaged (it says that it is revision 6)"),
            ("[1,2,3,4]", "[22,2,3,4]", "damaged: this session is damaged (its region 3×4 at 22,2 is not within the picture)"),
            ("[1,2,3,4]", "[18446744073709551615,2,3,4]", "damaged: this session is damaged (its region"),
            ("[1,2,3,4]", "[1,2,0,4]", "damaged: this session is damaged (its region 0×4"),
            ("[1,2,3,4]", "[1,2,3,5]", "damaged: this session is damaged (its pixels are not"),
            (r#""bits":8"#, r#""bits":16"#, "damaged: this session is damaged (its pixels are not"),
            (r#""note":null}"#, "", "damaged: this session is damaged (EOF"),
        ] {
            let found = outcome(&text(of, by));
            assert!(found.starts_with(expected) && found.lines().count() == 1, "{found}\nnot {expected}");
        }
    }

    #[test]
    fn records_of_sessions_are_checked() {
        let whole = r#"{"version":2,"session":"s","pictures":[{"source":"a","digest":"d","layout":{"width":2,"height":2,"channels":1,"bits":8},
            "items":null}],"model":null,"revision":0,"used":0}"#;
        for (of, by, expected) in [
            ("\"a\"", "\"a\"", None),
            (r#""width":2"#, r#""width":0"#, Some("0×2")),
            (r#""width":2"#, r#""width":4294967296"#, Some("4294967296")),
            (r#""channels":1"#, r#""channels":9"#, Some("9 channels and 8 bits")),
            (r#""bits":8"#, r#""bits":12"#, Some("1 channels and 12 bits")),
        ] {
            let text = whole.replacen(of, by, 1);
            let found = match session(text.as_bytes(), Path::new("session.json")) {
                Read::Record(..) => None,
                Read::Damaged(error) | Read::Unsupported(error) => Some(error.to_string()),
            };
            match (&found, expected) {
                (None, None) => {}
                (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
                _ => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn verbs_on_disk_have_their_ids() {
        let (item, other, none) = (|| "a".to_owned(), || "b".to_owned(), None);
        let edits = [
            EditRecord::Reconstruct,
            EditRecord::Replace { item: item(), prompt: other() },
            EditRecord::Augment { item: item(), prompt: other() },
            EditRecord::SwapIn { item: item(), from: other() },
            EditRecord::Move { item: item(), dx: 0.1 + 0.2, dy: 1.0, scale: 1.0, degrees: 3.0, vacated: none.clone() },
            EditRecord::Reshape { item: item(), vacated: none.clone() },
            EditRecord::Swap { item: item(), with: other() },
            EditRecord::Remove { items: vec![item()], vacated: none.clone() },
            EditRecord::Blend { item: item(), with: other(), amount: 0.1 },
            EditRecord::Refine,
            EditRecord::Expand { left: 1, right: 2, top: 3, bottom: 4, vacated: none.clone() },
            EditRecord::Personalize { item: item(), prompt: other() },
        ];
        assert!(Verb::ALL.iter().all(|verb| edits.iter().any(|edit| edit.verb() == *verb)));
        for edit in edits {
            let value = serde_json::to_value(&edit).unwrap();
            assert_eq!(value["verb"], edit.verb().id());
            assert_eq!(serde_json::from_str::<EditRecord>(&value.to_string()).unwrap(), edit);
        }
    }
}
