//! An error as it goes over the wire: an object of `kind`, `message`, `place` and `hint`.

pub use dedit_error::{Error as Failure, ErrorKind as FailureKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Serialize, Deserialize)]
#[serde(remote = "FailureKind", rename_all = "kebab-case")]
enum WireKind {
    Usage,
    Input,
    Model,
    Connection,
    Cancelled,
    Resources,
    /// Also any kind that only newer versions know.
    #[serde(other)]
    Internal,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Failure")]
struct WireFailure {
    #[serde(with = "WireKind")]
    kind: FailureKind,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// A failure as the head of a frame.
pub(crate) fn head(failure: &Failure) -> Map<String, Value> {
    match WireFailure::serialize(failure, serde_json::value::Serializer) {
        Ok(Value::Object(head)) => head,
        _ => Map::new(),
    }
}

/// Reads the head of a frame.
///
/// # Errors
/// A sentence about a head that is not that of a failure.
pub(crate) fn read(head: Map<String, Value>) -> Result<Failure, String> {
    WireFailure::deserialize(Value::Object(head)).map_err(|error| format!("an answer of the daemon is not understood ({error})"))
}
