//! Settings in YAML: mappings of texts and of further mappings, which is all that the programs here have. What else there is, is passed by.

use std::fs;
use std::path::Path;

use saphyr_parser::{Event, Parser};

/// How deep values are nested at most: settings are three deep, and a damaged file must not exhaust the stack.
const DEPTH: usize = 32;

/// A value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Yaml {
    Text(String),
    Mapping(Vec<(String, Yaml)>),
    /// A list or an alias.
    Other,
}

impl Yaml {
    /// The first document of a file; `None` where it cannot be read.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(file).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut events = Parser::new_from_str(text).map_while(Result::ok).map(|(event, _)| event);
        events.find(|event| matches!(event, Event::DocumentStart(_)))?;
        let first = events.next()?;
        value(first, &mut events, DEPTH)
    }

    /// The text of a key.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.entries()
            .iter()
            .find(|(own, _)| own == key)
            .and_then(|(_, value)| if let Self::Text(text) = value { Some(text.as_str()) } else { None })
    }

    /// Keys and values; none where it is no mapping.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        if let Self::Mapping(entries) = self { entries } else { &[] }
    }
}

/// The value that begins with an event; `None` where the text is damaged before its end, or nested deeper than `depth`.
fn value<'a>(first: Event<'a>, events: &mut impl Iterator<Item = Event<'a>>, depth: usize) -> Option<Yaml> {
    let depth = depth.checked_sub(1)?;
    match first {
        Event::Scalar(text, ..) => Some(Yaml::Text(text.into_owned())),
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            loop {
                match events.next()? {
                    Event::MappingEnd => return Some(Yaml::Mapping(entries)),
                    key => {
                        let key = value(key, events, depth)?;
                        let next = events.next()?;
                        let value = value(next, events, depth)?;
                        if let Yaml::Text(key) = key {
                            entries.push((key, value));
                        }
                    }
                }
            }
        }
        Event::SequenceStart(..) => loop {
            match events.next()? {
                Event::SequenceEnd => return Some(Yaml::Other),
                element => _ = value(element, events, depth)?,
            }
        },
        _ => Some(Yaml::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_mappings_are_read_and_the_rest_is_passed_by() {
        let yaml = Yaml::parse("# c\na: 1\nlist: [x, {y: z}]\nb:\n  base_path: 'C:\\x y'\n  loras: |\n    one\n    two\n").unwrap();
        assert_eq!(yaml.text("a"), Some("1"));
        assert_eq!(yaml.text("list"), None);
        let b = &yaml.entries()[2].1;
        assert_eq!((b.text("base_path"), b.text("loras"), b.text("c")), (Some("C:\\x y"), Some("one\ntwo\n"), None));
        for text in ["", "a: [", "a: {b: c"] {
            assert_eq!(Yaml::parse(text), None, "{text}");
        }
        for text in ["[".repeat(100_000), "{a: ".repeat(100_000)] {
            assert_eq!(Yaml::parse(&text), None, "{} characters", text.len());
        }
        assert!(Yaml::parse("only text").unwrap().entries().is_empty());
    }
}
