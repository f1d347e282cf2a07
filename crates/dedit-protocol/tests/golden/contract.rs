//! `PROTOCOL.md` says what the code does: every number and field has its row, and its example is a transcript.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dedit_protocol::Request;
use serde_json::{Map, Value};

use crate::golden::{Side, What, cases};

/// Names of items, and fields that nobody knows.
const FREE: [&str; 3] = ["a", "bag", "later"];

fn contract() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("PROTOCOL.md")).unwrap()
}

fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.keys().cloned());
            object.values().for_each(|value| names(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

#[test]
fn every_number_has_its_row() {
    let contract = contract();
    let requests = (0..1000).filter_map(|tag| Some((tag, Request::read(tag, Map::new())?.ok()?.name())));
    let events = cases().iter().filter_map(|case| match &case.what {
        What::Message(message) if message.from == Side::Daemon && message.answers.is_none() && message.tag < 1000 => {
            Some((message.tag, case.name.split("_of_").next()?.split("failed_").next()?))
        }
        _ => None,
    });
    let missing: Vec<_> = requests.chain(events).filter(|(tag, name)| !contract.contains(&format!("\n| {tag} | `{name}"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_field_is_named() {
    let contract = contract();
    let mut found = BTreeSet::new();
    for case in cases() {
        if let What::Message(message) = &case.what {
            names(&Value::Object(message.head.clone()), &mut found);
        }
    }
    assert!(found.len() > 100, "fields are lost");
    found.retain(|name| !FREE.contains(&name.as_str()) && !contract.contains(&format!("`{name}`")));
    assert!(found.is_empty(), "{found:?} stand in no row");
}

#[test]
fn the_example_is_a_transcript() {
    let contract = contract();
    let bytes_of = |line: &str| -> Vec<u8> { line.split(' ').map_while(|byte| u8::from_str_radix(byte, 16).ok()).collect() };
    let blocks = contract.split("```hex\n").skip(1).map(|rest| rest.split("```").next().unwrap().lines().flat_map(bytes_of).collect());
    let named = |name: &str| cases().iter().find(|case| case.name == name).unwrap().bytes();
    assert_eq!(blocks.collect::<Vec<Vec<u8>>>(), [named("handshake_match"), named("preview")]);
}
