//! Sessions that earlier versions wrote: `tests/data/v2` holds one of format 2, with an edit of every verb, and in `expected.json` what that version
//! answered about it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use dedit_protocol::answer::Revisions;
use dedit_protocol::request::Edit;
use dedit_protocol::{Blob, Pixels};
use serde_json::Value;

use crate::fake::Knobs;
use crate::host::Host;
use crate::within::{Within, timed};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/v2")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A store with the kept session: its expected answers, its name and its folder.
fn prepared(store: &Path) -> (Value, String, PathBuf) {
    let expected: Value = serde_json::from_str(&fs::read_to_string(data().join("expected.json")).unwrap()).unwrap();
    let session = expected["session"]["session"].as_str().unwrap().to_owned();
    let folder = store.join("sessions").join(&session);
    copy(&data().join("session"), &folder);
    (expected, session, folder)
}

/// The files below a folder that are no JSON, with their content.
fn pixels_and_more(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(pixels_and_more(&entry));
        } else if entry.extension().is_some_and(|extension| extension != "json") {
            found.insert(entry.clone(), fs::read(entry).unwrap());
        }
    }
    found
}

fn version(file: &Path) -> u64 {
    serde_json::from_slice::<Value>(&fs::read(file).unwrap()).unwrap()["version"].as_u64().unwrap()
}

fn summary(blob: &Blob) -> String {
    match blob {
        Blob::Pixels(pixels) => pixels.digest(),
        Blob::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// Compares everything that is told of a session with what was told by the version that wrote it.
fn check(host: &Host, session: &str, expected: &Value) {
    let (fetched, blobs) = host.fetch(session).unwrap();
    let info = serde_json::to_value(&fetched.session).unwrap();
    for (name, value) in expected["session"].as_object().unwrap() {
        assert_eq!(&info[name], value, "{name}");
    }
    assert_eq!(serde_json::to_value(&fetched.words).unwrap(), expected["words"]);
    assert_eq!(summary(&blobs[fetched.pixels.unwrap()]), expected["picture"].as_str().unwrap());
    assert_eq!(summary(&blobs[fetched.profile.unwrap()]), "16 bytes");
    let (history, blobs) = host.history(session).unwrap();
    assert_eq!(history.current, expected["current"].as_u64().unwrap());
    assert_eq!(history.revisions.len(), expected["revisions"].as_array().unwrap().len());
    for (revision, expected) in history.revisions.iter().zip(expected["revisions"].as_array().unwrap()) {
        let mut found = serde_json::to_value(revision).unwrap();
        found["thumbnail"] = revision.thumbnail.map(|index| summary(&blobs[index])).into();
        found["masks"] = revision.masks.iter().map(|index| summary(&blobs[*index])).collect::<Vec<_>>().into();
        found["whole"] = host.whole(session, revision.revision).unwrap().digest().into();
        assert_eq!(&found, expected, "revision {}", revision.revision);
    }
}

/// The request that made a revision, which the client had put into its note, with the edits of the history.
fn request((history, blobs): &(Revisions, Vec<Blob>), revision: u64) -> Option<(Edit, Vec<Pixels>)> {
    let found = history.revisions.iter().find(|found| found.revision == revision).unwrap();
    let request: Edit = serde_json::from_value(found.note.as_ref()?["request"].clone()).unwrap();
    let edits = found.edits.iter().map(|edit| serde_json::from_value(edit.clone()).unwrap()).collect();
    let pixels = |index: &usize| match &blobs[*index] {
        Blob::Pixels(pixels) => pixels.clone(),
        Blob::Bytes(_) => panic!("no pixels"),
    };
    Some((Edit { edits, base: Some(found.base), ..request }, found.masks.iter().map(pixels).collect()))
}

#[test]
fn a_session_of_format_2_opens_is_migrated_and_loses_nothing() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let (expected, session, folder) = prepared(store.path());
        let before = pixels_and_more(&folder);
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        assert_eq!(host.sessions(), [session.as_str()]);
        assert_eq!(version(&folder.join("session.json")), 2, "looking changes nothing");
        host.open_session(&session).unwrap();
        check(&host, &session, &expected);
        let files = || (1..=13).map(|number| folder.join(format!("history/{number}/entry.json"))).chain([folder.join("session.json")]);
        assert_eq!(files().map(|file| version(&file)).collect::<Vec<_>>(), [3; 14], "opening is a use, which is written");
        let after: BTreeMap<_, _> = pixels_and_more(&folder).into_iter().filter(|(path, _)| before.contains_key(path)).collect();
        assert_eq!(after, before, "pixels, masks, items and what was learned are as they were");
        drop((host, daemon));
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        check(&host, &session, &expected);
        let history = host.history(&session).unwrap();
        let mut made = 13;
        for number in 2..=13 {
            let (edit, masks) = request(&history, number).unwrap();
            let (edited, _) = host.edit_with(edit, masks).unwrap();
            made += 1;
            assert_eq!((edited.revision, edited.draft), (Some(made), false), "revision {number} again");
            assert_eq!(host.whole(&session, made).unwrap(), host.whole(&session, number).unwrap(), "revision {number} again");
        }
        let again = host.history(&session).unwrap();
        for (number, made) in (2..=13).zip(14..) {
            let edits = |revision: u64| again.0.revisions.iter().find(|found| found.revision == revision).unwrap().edits.clone();
            assert_eq!(edits(number), edits(made), "what is kept of an edit is the same in both formats");
        }
    });
}

#[test]
fn hostile_entries_get_one_sentence_and_destroy_nothing() {
    struct Case {
        of: &'static str,
        by: &'static str,
        /// What the log says of revision 13, and where it lies afterwards.
        log: &'static str,
        lies: &'static str,
    }
    let unsupported = |of, by, log| Case { of, by, log, lies: "13" };
    let damaged = |of, by| Case { of, by, log: "set aside: ", lies: "13.damaged" };
    for case in [
        unsupported(
            "\"version\": 2",
            "\"version\": 4",
            "left out: this revision was written by another version of D-Edit (its format is 4, not 3)",
        ),
        unsupported(
            "\"verb\": \"remove\"",
            "\"verb\": \"melt\"",
            "left out: this revision was written by another version of D-Edit (it has",
        ),
        damaged("\"seed\"", "\"sed\""),
        damaged("\"note\"", "\u{0}"),
        damaged("\"width\": ", "\"width\": 1"),
        damaged("\"region\": [", "\"region\": [9"),
    ] {
        timed(move || {
            let store = tempfile::tempdir().unwrap();
            let (_, session, folder) = prepared(store.path());
            let entry = folder.join("history/13/entry.json");
            let text = fs::read_to_string(&entry).unwrap();
            assert!(text.contains(case.of), "{}", case.of);
            let hostile = text.replacen(case.of, case.by, 1);
            fs::write(&entry, &hostile).unwrap();
            let daemon = Within::new(store.path(), Knobs::default());
            let host = daemon.client();
            host.open_session(&session).unwrap();
            assert_eq!(host.revisions(&session), ((1..=12).collect(), 7), "{}", case.by);
            let (edit, masks) = request(&host.history(&session).unwrap(), 2).unwrap();
            assert_eq!(host.edit_with(edit, masks).unwrap().0.revision, Some(14), "no number is given twice");
            assert_eq!(fs::read_to_string(folder.join("history").join(case.lies).join("entry.json")).unwrap(), hostile);
            drop((host, daemon));
            let log = fs::read_to_string(store.path().join("deditd.log")).unwrap();
            assert_eq!(log.lines().filter(|line| line.contains(case.log)).count(), 1, "{log}");
        });
    }
}
