//! Values as sentences and JSON reports show them.

use std::fmt::Display;

use dedit_edit::Rect;
use dedit_protocol::answer::Region;
use serde_json::{Value, json};

/// The items of a list, separated by commas.
pub(crate) fn listed(items: impl IntoIterator<Item = impl Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Bytes of a gigabyte: sizes are decimal everywhere, in options and in what is shown.
pub(crate) const GIGABYTE: u64 = 1_000_000_000;

/// A number of bytes in megabytes or gigabytes.
pub(crate) fn size_of(bytes: u64) -> String {
    if bytes < GIGABYTE { format!("{} MB", bytes / 1_000_000) } else { format!("{:.1} GB", bytes as f64 / GIGABYTE as f64) }
}

/// Seconds, rounded to milliseconds.
pub(crate) fn rounded(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

/// A rectangle as JSON.
pub(crate) fn rectangle(rect: Rect) -> Value {
    json!({"x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height})
}

/// Rectangles in words, such as `2 distant regions: 30×20 at (4, 5), 8×8 at (900, 7)`; `None` for fewer than two.
pub(crate) fn distant_regions(regions: &[Region]) -> Option<String> {
    let one = |Region { x, y, width, height }: &Region| format!("{width}×{height} at ({x}, {y})");
    (regions.len() > 1).then(|| format!("{} distant regions: {}", regions.len(), listed(regions.iter().map(one))))
}

/// A rectangle of the wire.
pub(crate) fn rect(region: Region) -> Rect {
    let Region { x, y, width, height } = region;
    Rect { x, y, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal() {
        for (bytes, expected) in
            [(0, "0 MB"), (999_999_999, "999 MB"), (1_000_000_000, "1.0 GB"), (20_000_000_000, "20.0 GB"), (1 << 30, "1.1 GB")]
        {
            assert_eq!(size_of(bytes), expected);
        }
    }
}
