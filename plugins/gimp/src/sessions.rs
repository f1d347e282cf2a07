//! The sessions that a document was edited in, kept in XCF files so that its history is found again.
//!
//! Two parasites of the image: `dedit-session` is the name of the last session; `dedit-sessions` has a line for each, the last one first: its name, a
//! space, and the tattoo of the layer that was edited (0 for all that is visible). Lines that cannot be read are passed over.

use gimp_host::Host;

use crate::failure::Failure;
use crate::source::Source;

const LAST: &str = "dedit-session";
const ALL: &str = "dedit-sessions";
/// How many are kept: each picture that items were set for has its own.
const MOST: usize = 64;

/// A session of one layer of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SessionRecord {
    session: String,
    /// Tattoo of the layer; 0 for all that is visible.
    layer: u32,
}

/// The sessions of the layer that is edited, the last one first.
pub(crate) fn of_layer(host: &dyn Host, source: &Source) -> Result<Vec<String>, Failure> {
    Ok(read(host, source)?.into_iter().filter(|record| record.layer == source.tattoo).map(|record| record.session).collect())
}

/// Puts a session first.
pub(crate) fn remember(host: &dyn Host, source: &Source, session: &str) -> Result<(), Failure> {
    let mut all = read(host, source)?;
    let last = SessionRecord { session: session.to_owned(), layer: source.tattoo };
    if all.first() != Some(&last) {
        all.retain(|known| *known != last);
        all.insert(0, last);
        all.truncate(MOST);
        let lines: Vec<String> = all.iter().map(|SessionRecord { session, layer }| format!("{session} {layer}")).collect();
        host.set_image_parasite(source.image, ALL, lines.join("\n").as_bytes())?;
        host.set_image_parasite(source.image, LAST, session.as_bytes())?;
    }
    Ok(())
}

fn read(host: &dyn Host, source: &Source) -> Result<Vec<SessionRecord>, Failure> {
    let text = host.image_parasite(source.image, ALL)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let record = |line: &str| {
        let (session, layer) = line.split_once(' ')?;
        Some(SessionRecord { session: session.to_owned(), layer: layer.parse().ok()? })
    };
    Ok(text.lines().filter_map(record).take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, IMAGE};

    #[test]
    fn sessions_are_kept_by_layer_once_each_and_the_last_one_first() {
        let (fake, layer) = Fake::picture(1, 1);
        let source = crate::source::of_layer(&fake, layer);
        let other = Source { tattoo: 5, ..source.clone() };
        assert!(of_layer(&fake, &source).unwrap().is_empty());
        for (source, session) in [(&source, "a"), (&source, "b"), (&other, "x"), (&source, "b"), (&source, "a")] {
            remember(&fake, source, session).unwrap();
        }
        assert_eq!(
            (of_layer(&fake, &source).unwrap(), of_layer(&fake, &other).unwrap()),
            (vec!["a".to_owned(), "b".to_owned()], vec!["x".to_owned()])
        );
        assert_eq!(fake.image_parasite(IMAGE, LAST).unwrap(), Some(b"a".to_vec()));
        // A file may hold anything.
        fake.set_image_parasite(IMAGE, ALL, b"\n \xff\na b\nc 99999999999\n").unwrap();
        assert!(of_layer(&fake, &source).unwrap().is_empty());
    }

    /// The text that files have since this parasite is written.
    #[test]
    fn the_format_stays_as_files_have_it() {
        let (fake, layer) = Fake::picture(1, 1);
        let source = crate::source::of_layer(&fake, layer);
        let text = format!("f00d {0}\nother 0\nbeef {0}", source.tattoo);
        fake.set_image_parasite(IMAGE, ALL, text.as_bytes()).unwrap();
        assert_eq!(of_layer(&fake, &source).unwrap(), ["f00d", "beef"]);
        remember(&fake, &source, "beef").unwrap();
        let expected = format!("beef {0}\nf00d {0}\nother 0", source.tattoo);
        assert_eq!(fake.image_parasite(IMAGE, ALL).unwrap(), Some(expected.into_bytes()));
    }
}
