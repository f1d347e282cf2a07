//! Values as sentences and JSON reports show them.

use std::fmt::Display;

use dedit_edit::Rect;
use dedit_protocol::answer::Region;
use serde_json::{Value, json};

/// The items of a list, separated by commas.
pub(crate) fn listed(items: impl IntoIterator<Item = impl Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Seconds, rounded to milliseconds.
pub(crate) fn rounded(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

/// A rectangle as JSON.
pub(crate) fn rectangle(rect: Rect) -> Value {
    json!({"x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height})
}

/// A rectangle of the wire.
pub(crate) fn rect(region: Region) -> Rect {
    let Region { x, y, width, height } = region;
    Rect { x, y, width, height }
}
