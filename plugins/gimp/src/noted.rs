//! The sessions that a document remembers: what was made of it is found again when its file is opened.

use gimp_host::Host;

use crate::failure::Failure;
use crate::source::Source;

/// The name of what is noted on an image: the session it was last worked on in.
const SESSION: &str = "dedit-session";
/// All of them, a line each, the last one first: its name, and the tattoo of the layer.
const SESSIONS: &str = "dedit-sessions";
/// The most that are remembered: each selection that is edited on top of others begins one.
const MOST: usize = 64;

/// The sessions of a document's layer, the last one first.
pub(crate) fn sessions(host: &dyn Host, source: &Source) -> Result<Vec<String>, Failure> {
    Ok(all(host, source)?.into_iter().filter(|(_, layer)| *layer == source.tattoo).map(|(session, _)| session).collect())
}

fn all(host: &dyn Host, source: &Source) -> Result<Vec<(String, u32)>, Failure> {
    let note = host.image_note(source.image, SESSIONS)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&note).into_owned();
    let lines =
        text.lines().filter_map(|line| line.split_once(' ')).filter_map(|(session, layer)| Some((session.to_owned(), layer.parse().ok()?)));
    Ok(lines.take(MOST).collect())
}

/// Remembers a session as the last one.
pub(crate) fn note(host: &dyn Host, source: &Source, session: &str) -> Result<(), Failure> {
    let mut all = all(host, source)?;
    let new = (session.to_owned(), source.tattoo);
    if all.first() != Some(&new) {
        all.retain(|known| *known != new);
        all.insert(0, new);
        all.truncate(MOST);
        let lines: Vec<String> = all.iter().map(|(session, layer)| format!("{session} {layer}")).collect();
        host.set_image_note(source.image, SESSIONS, lines.join("\n").as_bytes())?;
        host.set_image_note(source.image, SESSION, session.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, IMAGE};

    #[test]
    fn sessions_are_remembered_by_layer_once_each_and_the_last_one_first() {
        let (fake, layer) = Fake::picture(1, 1);
        let source = crate::source::of_layer(&fake, layer);
        let other = Source { tattoo: 5, ..source.clone() };
        assert!(sessions(&fake, &source).unwrap().is_empty());
        for (source, session) in [(&source, "a"), (&source, "b"), (&other, "x"), (&source, "b"), (&source, "a")] {
            note(&fake, source, session).unwrap();
        }
        assert_eq!(
            (sessions(&fake, &source).unwrap(), sessions(&fake, &other).unwrap()),
            (vec!["a".to_owned(), "b".to_owned()], vec!["x".to_owned()])
        );
        assert_eq!(fake.image_note(IMAGE, SESSION).unwrap(), Some(b"a".to_vec()));
        // What a file from elsewhere holds is no reason to fail.
        fake.set_image_note(IMAGE, SESSIONS, b"\n \xff\na b\nc 99999999999\n").unwrap();
        assert!(sessions(&fake, &source).unwrap().is_empty());
    }
}
