//! The golden transcripts say what the wire is: here the crate reads and writes every one of them. `tests/protocol` at the top does the same in Python.
//!
//! `cases.json` is written by hand; `DEDIT_ACCEPT=1` writes the other files anew from it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

#[path = "golden/contract.rs"]
mod contract;
mod golden;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};

use dedit_protocol::answer::{
    Adopted, Catalog, Chosen, Edited, Fetched, FetchedModel, ItemsFound, Learned, Models, Nothing, OpenedPicture, Planned, ResultRegion,
    Revisions, Segmented, Sessions, Status, VerifiedModel, Welcome,
};
use dedit_protocol::event::SessionInfo;
use dedit_protocol::{Blob, Event, FailureKind, Frame, ReadError, Request, event, handshake};
use golden::{Case, Handshake, Message, Side, What, cases};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

type Head = Map<String, Value>;

/// No number is higher, but those of `unknown_request` and `unknown_event`.
const NUMBERS: std::ops::Range<u32> = 0..1000;

fn messages() -> impl Iterator<Item = (&'static Case, &'static Message)> {
    cases().iter().filter_map(|case| if let What::Message(message) = &case.what { Some((case, message)) } else { None })
}

#[test]
fn every_file_is_what_its_case_says() {
    for case in cases() {
        assert_eq!(case.bytes(), case.expected(), "{}: DEDIT_ACCEPT=1 writes it anew", case.name);
    }
    let expected: BTreeSet<_> = cases().iter().map(Case::file).chain([golden::folder().join("cases.json")]).collect();
    let found: BTreeSet<_> = fs::read_dir(golden::folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found, expected);
}

#[test]
fn frames_are_read_and_written_byte_for_byte() {
    for (case, message) in messages() {
        let (name, bytes) = (&case.name, case.bytes());
        let mut rest = bytes.as_slice();
        assert_eq!(Frame::read(&mut rest).unwrap(), message.frame(), "{name}");
        assert!(rest.is_empty(), "{name}: {} bytes are left", rest.len());
        let mut written = Vec::new();
        message.frame().write(&mut written).unwrap();
        if message.read_only {
            assert!(written.len() < bytes.len(), "{name}: padding is not written");
        } else {
            assert_eq!(written, bytes, "{name}");
        }
    }
}

#[test]
fn digests_are_those_of_the_pixels() {
    let mut seen = 0;
    for (case, message) in messages() {
        let (Some(digest), Some(blob)) = (message.head.get("digest"), message.blobs.first()) else { continue };
        let Blob::Pixels(pixels) = blob.blob() else { panic!("{}: no pixels", case.name) };
        assert_eq!(pixels.digest(), *digest, "{}", case.name);
        seen += 1;
    }
    assert_eq!(seen, 3, "one for each type of samples");
}

#[test]
fn bad_frames_are_told_apart() {
    for case in cases() {
        let What::Bad { outcome, .. } = &case.what else { continue };
        let (name, bytes) = (&case.name, case.bytes());
        let mut rest = bytes.as_slice();
        let found = match Frame::read(&mut rest) {
            Err(ReadError::Refused { tag: 3, serial: 4, .. }) if rest.is_empty() => "refused",
            Err(ReadError::Broken(_)) => "broken",
            Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => "cut off",
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(found, *outcome, "{name}");
    }
}

/// Reads from one buffer and writes to another.
struct Both<'a>(&'a [u8], Vec<u8>);

impl Read for Both<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shakes_hands(name: &str, expected: &Handshake, bytes: &[u8]) {
    let (client, daemon) = bytes.split_at(10);
    let mut side = Both(client, Vec::new());
    let chosen = handshake::answer(&mut side, &expected.daemon()).unwrap();
    assert_eq!((chosen.unwrap_or(0), side.1.as_slice()), (expected.chosen, daemon), "{name}: the daemon's side");
    let mut side = Both(daemon, Vec::new());
    let chosen = handshake::greet(&mut side, &expected.client());
    assert_eq!((chosen.unwrap_or(0), side.1.as_slice()), (expected.chosen, client), "{name}: the client's side");
}

#[test]
fn both_sides_of_a_handshake_agree() {
    for case in cases() {
        if let What::Handshake { handshake } = &case.what {
            shakes_hands(&case.name, handshake, &case.bytes());
        }
    }
}

/// Whether all of `part` is in `whole`, which may say more. 2 and 2.0 are the same number.
fn is_within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|other| is_within(value, other)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| is_within(part, whole))
        }
        (Value::Number(part), Value::Number(whole)) => part == whole || part.as_f64() == whole.as_f64(),
        (part, whole) => part == whole,
    }
}

/// The fields of a value and of what is in it, each behind the name of what it is in.
fn fields(value: &Value, of: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                found.insert(format!("{of}.{key}"));
                fields(value, key, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| fields(value, of, found)),
        _ => {}
    }
}

/// The head that a request or event writes after it was read from a case; reading that one gives the same again.
fn typed(message: &Message) -> Option<Head> {
    let head = message.head.clone();
    if message.from == Side::Client {
        let request = Request::read(message.tag, head)?.unwrap();
        assert_eq!(request.tag(), message.tag);
        let written = request.head().unwrap();
        assert_eq!(Request::read(message.tag, written.clone()).unwrap().unwrap(), request);
        return Some(written);
    }
    let event = Event::from_frame(message.frame()).unwrap();
    let known = !matches!(event, Event::Unknown(_));
    let written = event.clone().into_frame(message.serial);
    assert_eq!((written.tag, written.serial), (message.tag, message.serial));
    assert_eq!(Event::from_frame(written.clone()).unwrap(), event);
    known.then_some(written.head)
}

/// Likewise for the answer to a request; `None` for `goodbye`, which has none.
fn typed_answer(request: &str, head: Head) -> Option<Value> {
    fn again<T: DeserializeOwned + Serialize>(head: Head) -> Value {
        serde_json::to_value(event::read::<T>(head).unwrap()).unwrap()
    }
    Some(match request {
        "hello" => again::<Welcome>(head),
        "models" | "load" => again::<Models>(head),
        "open_picture" => again::<OpenedPicture>(head),
        "learn" => again::<Learned>(head),
        "edit" => again::<Edited>(head),
        "plan" => again::<Planned>(head),
        "history" => again::<Revisions>(head),
        "result" => again::<ResultRegion>(head),
        "fetch" => again::<Fetched>(head),
        "segment" => again::<Segmented>(head),
        "sessions" => again::<Sessions>(head),
        "status" => again::<Status>(head),
        "items" => again::<ItemsFound>(head),
        "choose" => again::<Chosen>(head),
        "adopt" => again::<Adopted>(head),
        "catalog" | "choose_model" | "add_model" | "remove_model" => again::<Catalog>(head),
        "verify_model" => again::<VerifiedModel>(head),
        "fetch_model" => again::<FetchedModel>(head),
        "open_session" | "set_items" | "undo" => again::<SessionInfo>(head),
        "cancel" | "forget" | "unload" | "shutdown" => again::<Nothing>(head),
        _ => return None,
    })
}

#[test]
fn heads_are_those_of_requests_events_and_answers() {
    for (Case { name, .. }, message) in messages() {
        let mut expected = message.reads_as.clone().unwrap_or_else(|| message.head.clone());
        message.ignored.iter().for_each(|field| assert!(expected.remove(field).is_some(), "{name}: {field}"));
        let Some(written) = typed(message) else {
            assert!(name.starts_with("unknown_"), "{name} is unknown");
            continue;
        };
        let written = match &message.answers {
            Some(request) => typed_answer(request, written).unwrap(),
            None => Value::Object(written),
        };
        let expected = Value::Object(expected);
        assert!(is_within(&expected, &written), "{name}: {written} is not {expected}");
    }
}

#[test]
fn every_field_of_a_head_stands_in_a_case() {
    let (mut stand, mut are_written) = (BTreeSet::new(), BTreeSet::new());
    for (_, message) in messages() {
        let Some(written) = typed(message) else { continue };
        let (of, written) = match &message.answers {
            Some(request) => (request.clone(), typed_answer(request, written).unwrap()),
            None => (message.tag.to_string(), Value::Object(written)),
        };
        fields(&Value::Object(message.head.clone()), &of, &mut stand);
        fields(&written, &of, &mut are_written);
    }
    assert_eq!(are_written.difference(&stand).collect::<Vec<_>>(), Vec::<&String>::new(), "these stand in no case");
}

#[test]
fn every_number_has_a_case() {
    let event = |tag| Event::from_frame(Frame { tag, ..Frame::default() });
    let requests = NUMBERS.filter(|tag| Request::read(*tag, Head::new()).is_some()).map(|tag| (true, tag));
    let events = NUMBERS.filter(|tag| !matches!(event(*tag), Ok(Event::Unknown(_)))).map(|tag| (false, tag));
    let expected: BTreeSet<(bool, u32)> = requests.chain(events).collect();
    assert!(expected.len() >= 29, "numbers are lost");
    let found = messages().map(|(_, message)| (message.from == Side::Client, message.tag));
    assert_eq!(found.filter(|(_, tag)| NUMBERS.contains(tag)).collect::<BTreeSet<_>>(), expected, "requests (true) and events (false)");
    let unknown = messages().filter(|(_, message)| !NUMBERS.contains(&message.tag));
    assert_eq!(unknown.map(|(case, _)| case.name.as_str()).collect::<Vec<_>>(), ["unknown_request", "unknown_event"]);
}

/// The names in what serde says of one that it does not know.
fn expected_names(error: &str) -> BTreeSet<String> {
    let list = error.split_once("expected").unwrap().1;
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_verb_kind_of_failure_and_answer_has_a_case() {
    let Value::Object(head) = json!({"edits": [{"verb": "?"}]}) else { unreachable!() };
    let verbs = expected_names(&Request::read(9, head).unwrap().unwrap_err());
    let (mut edited, mut kinds, mut answered) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (_, message) in messages() {
        if let Some(edits) = message.head.get("edits").and_then(Value::as_array) {
            edited.extend(edits.iter().map(|edit| edit["verb"].as_str().unwrap().to_owned()));
        }
        if let Ok(Event::Failed(failure)) = Event::from_frame(message.frame()) {
            kinds.insert(failure.kind as usize);
        }
        answered.extend(message.answers.as_deref());
    }
    assert_eq!(edited, verbs);
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), (0..=FailureKind::Internal as usize).collect::<Vec<_>>(), "kinds, by place");
    let names = NUMBERS.filter_map(|tag| Request::read(tag, Head::new())?.ok().map(|request| request.name()));
    let missing: Vec<_> = names.filter(|name| typed_answer(name, Head::new()).is_some() && !answered.contains(name)).collect();
    // These answer as `models`, `undo` and `cancel` do.
    assert_eq!(missing, ["load", "open_session", "forget", "unload", "shutdown"]);
}
