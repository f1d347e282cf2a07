//! The sessions that a document remembers: what was made of it is found again when its file is opened.

use gimp_host::{Host, Image};

use crate::failure::Failure;

/// The name of what is noted on an image: the session it was last worked on in.
const SESSION: &str = "dedit-session";
/// All of them, a line each, the last one first.
const SESSIONS: &str = "dedit-sessions";
/// The most that are remembered: each selection that is edited on top of others begins one.
const MOST: usize = 64;

/// The sessions of a document, the last one first.
pub(crate) fn sessions(host: &dyn Host, image: Image) -> Result<Vec<String>, Failure> {
    let read =
        |name| host.image_note(image, name).map(|note| note.map(|note| String::from_utf8_lossy(&note).into_owned()).unwrap_or_default());
    let mut found: Vec<String> = Vec::new();
    for line in [read(SESSION)?, read(SESSIONS)?].iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty()) {
        if !found.iter().any(|known| known == line) && found.len() < MOST {
            found.push(line.to_owned());
        }
    }
    Ok(found)
}

/// Remembers a session as the last one.
pub(crate) fn note(host: &dyn Host, image: Image, session: &str) -> Result<(), Failure> {
    let mut all = sessions(host, image)?;
    if all.first().is_some_and(|last| last == session) {
        return Ok(());
    }
    all.retain(|known| known != session);
    all.insert(0, session.to_owned());
    all.truncate(MOST);
    host.set_image_note(image, SESSIONS, all.join("\n").as_bytes())?;
    Ok(host.set_image_note(image, SESSION, session.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, IMAGE};

    #[test]
    fn sessions_are_remembered_once_each_and_the_last_one_first() {
        let (fake, _) = Fake::picture(1, 1);
        assert!(sessions(&fake, IMAGE).unwrap().is_empty());
        for session in ["a", "b", "b", "c", "a"] {
            note(&fake, IMAGE, session).unwrap();
        }
        assert_eq!(sessions(&fake, IMAGE).unwrap(), ["a", "c", "b"]);
        assert_eq!(fake.image_note(IMAGE, "dedit-session").unwrap(), Some(b"a".to_vec()));
        // What a file from elsewhere holds is no reason to fail.
        fake.set_image_note(IMAGE, "dedit-sessions", b"\n \xff\n").unwrap();
        assert_eq!(sessions(&fake, IMAGE).unwrap(), ["a", "\u{fffd}"]);
    }
}
