//! Buttons, words and sentences of the dialogs about models: one table for GIMP and for Krita, whose copy is generated.

/// A button of the list of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Button {
    /// What programs call it.
    pub id: &'static str,
    /// Its label; `_` stands before the letter that is its key.
    pub label: &'static str,
    /// What it does, in one sentence without a full stop.
    pub help: &'static str,
}

/// The buttons, in their order.
pub const BUTTONS: [Button; 5] = [
    Button { id: FETCH, label: "_Fetch", help: "Downloads the chosen model; a download that was cut off goes on where it was" },
    Button { id: DEFAULT, label: "Make _default", help: "The chosen model is used where no other is named" },
    Button { id: ADD, label: "_Add file…", help: "Lists a model file of this machine, which stays where it is" },
    Button { id: VERIFY, label: "_Verify", help: "Compares the chosen model's files with their checksums" },
    Button { id: REMOVE, label: "_Remove", help: "Deletes a fetched model, or takes an added file off the list" },
];

/// The `id` of the button that downloads.
pub const FETCH: &str = "fetch";
/// The `id` of the button that chooses the default.
pub const DEFAULT: &str = "default";
/// The `id` of the button that lists a file.
pub const ADD: &str = "add";
/// The `id` of the button that compares checksums.
pub const VERIFY: &str = "verify";
/// The `id` of the button that removes.
pub const REMOVE: &str = "remove";

/// The titles of the list's columns.
pub const COLUMNS: [&str; 5] = ["Model", "State", "Family", "Kind", "Size"];

/// Families and kinds of the wire, and what people call them.
pub const WORDS: [(&str, &str); 8] = [
    ("sd1", "SD 1.5"),
    ("sd2", "SD 2.1"),
    ("sdxl", "SDXL"),
    ("checkpoint", "model"),
    ("lora", "LoRA"),
    ("embedding", "embedding"),
    ("vae", "VAE"),
    ("segmentation", "segmentation"),
];

/// Sentences and labels by name; `{title}`, `{licence}`, `{program}`, `{path}`, `{broken}` and `{link}` stand for those of a model.
pub const TEXTS: [(&str, &str); 25] = [
    ("lead", "Fetch a model..."),
    ("lead_help", "Opens the list of models, from which one can be fetched"),
    ("open_help", "Shows the models of this machine and those that can be fetched"),
    ("fetched", "fetched"),
    ("found", "found"),
    ("absent", "not fetched"),
    ("broken", "broken"),
    ("usual", ", default"),
    ("about_licence", "Licence: {licence}, {link}"),
    ("about_place", "Kept by {program}: {path}"),
    ("about_broken", "Broken: {broken}; remove it and fetch or copy it again"),
    ("inpainting", "made to fill regions"),
    ("ask_title", "Licence"),
    ("ask", "{title} is offered under the licence {licence}. Read it, and accept it to download the model."),
    ("ask_link", "Read it at"),
    ("accept", "Accept and _fetch"),
    ("add_title", "Add a model file"),
    ("add_row", "_File"),
    ("add_done", "Added: {title}"),
    ("fetch_done", "{title} is here. It is used where no other model is named, if it is the only one or the default."),
    ("stopped", "Stopped. What has come is kept, and Fetch goes on from there."),
    ("verify_same", "{title}: the checksum is right."),
    ("verify_whole", "{title} is whole; no checksum is known to compare it with."),
    ("remove_done", "{title} was removed."),
    ("default_done", "{title} is used where no other model is named."),
];

/// The word for a family or a kind; what is not known stays as it is.
pub fn word(of: &str) -> &str {
    WORDS.iter().find(|(known, _)| *known == of).map_or(of, |(_, word)| word)
}

/// A text of [`TEXTS`] with values in place of names in braces; empty for a name that is not there.
pub fn text(name: &str, values: &[(&str, &str)]) -> String {
    let template = TEXTS.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| *text);
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// A size as people read it.
pub fn size(bytes: u64) -> String {
    match bytes as f64 / 1e6 {
        megabytes if megabytes < 1.0 => format!("{:.0} kB", (megabytes * 1000.0).ceil()),
        megabytes if megabytes < 1000.0 => format!("{megabytes:.0} MB"),
        megabytes => format!("{:.1} GB", megabytes / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_values_and_sizes_are_short() {
        assert_eq!(text("about_licence", &[("licence", "MIT"), ("link", "https://l")]), "Licence: MIT, https://l");
        assert_eq!((word("sdxl"), word("sd9"), text("nothing", &[])), ("SDXL", "sd9", String::new()));
        for (bytes, expected) in [(10, "1 kB"), (999_000, "999 kB"), (40_700_000, "41 MB"), (4_265_146_304, "4.3 GB")] {
            assert_eq!(size(bytes), expected);
        }
    }

    /// A key that two buttons have moves the focus and presses nothing.
    #[test]
    fn keys_are_one_buttons_alone() {
        let mut keys: Vec<_> =
            BUTTONS.iter().map(|button| button.label.split_once('_').and_then(|(_, rest)| rest.chars().next())).collect();
        keys.push(Some('C'));
        keys.push(Some('M'));
        let number = keys.len();
        keys.sort_unstable_by_key(|key| key.map(|key| key.to_ascii_lowercase()));
        keys.dedup_by_key(|key| key.map(|key| key.to_ascii_lowercase()));
        assert!(keys.len() == number && keys.iter().all(Option::is_some), "{keys:?}");
    }
}
