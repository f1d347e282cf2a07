//! The names of a session's files.

use crate::files;

/// The record.
pub(super) const RECORD: &str = "session.json";
/// The folder of the revisions.
pub(super) const HISTORY: &str = "history";
/// The record of a revision.
pub(super) const ENTRY: &str = "entry.json";

/// Whether a file name is one of a session's. A folder that a user named may hold other files, such as `picture.png`.
pub(super) fn is_ours(name: &str) -> bool {
    const OURS: [(&str, &str); 10] = [
        (RECORD, ""),
        ("picture", ".pixels"),
        ("picture", ".icc"),
        ("picture", ".metadata"),
        ("reference", ".pixels"),
        ("reference", ".icc"),
        ("reference", ".metadata"),
        ("items-", ".gz"),
        ("learned-", ".safetensors"),
        ("learning-", ".safetensors"),
    ];
    let name = name.strip_suffix(files::DAMAGED).unwrap_or(name);
    let between = |(start, end)| name.strip_prefix(start).and_then(|rest: &str| rest.strip_suffix(end));
    // A key contains no dot.
    OURS.into_iter().any(|ours| between(ours).is_some_and(|key| !key.contains('.') && (key.is_empty() || ours.0.ends_with('-'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_session_are_told_from_those_of_others() {
        for (name, ours) in [
            ("session.json", true),
            ("session.json.damaged", true),
            ("picture.pixels", true),
            ("reference.icc", true),
            ("picture.metadata", true),
            ("items-0123abcd.gz", true),
            ("learned-0123abcd.safetensors.damaged", true),
            ("learning-0123abcd.safetensors", true),
            ("picture.png", false),
            ("picture-2.pixels", false),
            ("items-old.txt", false),
            ("items-of.mine.gz", false),
            ("my-session.json", false),
            ("learned.safetensors", false),
        ] {
            assert_eq!(is_ours(name), ours, "{name}");
        }
    }
}
