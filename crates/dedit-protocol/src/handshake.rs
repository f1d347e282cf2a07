//! The first bytes of every connection, the same in every version: which versions of the protocol each side speaks.
//!
//! The client sends `DEDIT\0` and its oldest and newest version, the daemon answers with `DEDIT\0`, the version that both go on with (0 for none), and its
//! own oldest and newest; every number is a u16, little-endian.

use std::io::{self, Read, Write};
use std::ops::RangeInclusive;

use crate::failure::{Failure, FailureKind};

/// The versions that this side speaks.
pub const VERSIONS: RangeInclusive<u16> = 1..=1;

const MAGIC: [u8; 6] = *b"DEDIT\0";
/// Bytes of a daemon's answer.
const ANSWER: u64 = 12;

/// Why two sides did not agree on a version.
#[derive(Debug)]
pub enum GreetError {
    /// The other side is another program than a daemon.
    Foreign,
    /// The other side ended the connection, or it broke.
    NoAnswer(io::Error),
    /// There is no common version.
    Versions {
        /// Those of this side.
        ours: RangeInclusive<u16>,
        /// Those of the daemon.
        theirs: RangeInclusive<u16>,
    },
}

impl From<GreetError> for Failure {
    fn from(error: GreetError) -> Self {
        match error {
            GreetError::Foreign => {
                Self::new(FailureKind::Connection, "what answers at this socket is no D-Edit daemon").hint("check --socket")
            }
            GreetError::NoAnswer(error) => no_answer(&error),
            GreetError::Versions { ours, theirs } => mismatch(&ours, &theirs),
        }
    }
}

/// Opens a connection as a client that speaks `versions`; gives the version both go on with.
///
/// # Errors
/// As [`GreetError`]; as a [`Failure`] it says which side is to be updated.
pub fn greet(stream: &mut (impl Read + Write), versions: &RangeInclusive<u16>) -> Result<u16, GreetError> {
    let mut hello = MAGIC.to_vec();
    hello.extend([*versions.start(), *versions.end()].into_iter().flat_map(u16::to_le_bytes));
    let mut answer = Vec::new();
    let sent = stream.write_all(&hello).and_then(|()| stream.flush());
    let talked = sent.and_then(|()| Read::by_ref(stream).take(ANSWER).read_to_end(&mut answer));
    if answer.iter().zip(MAGIC).any(|(byte, expected)| *byte != expected) {
        return Err(GreetError::Foreign);
    }
    talked.map_err(GreetError::NoAnswer)?;
    if answer.len() < ANSWER as usize {
        return Err(GreetError::NoAnswer(io::ErrorKind::UnexpectedEof.into()));
    }
    let [chosen, oldest, newest] = numbers(&answer[MAGIC.len()..]);
    if chosen != 0 && versions.contains(&chosen) {
        return Ok(chosen);
    }
    Err(GreetError::Versions { ours: versions.clone(), theirs: oldest..=newest })
}

/// Answers a client as a daemon that speaks `versions`. `None` where there is no common version: the client was told, and hears nothing more.
pub fn answer(stream: &mut (impl Read + Write), versions: &RangeInclusive<u16>) -> io::Result<Option<u16>> {
    let mut hello = [0; 10];
    stream.read_exact(&mut hello)?;
    if hello[..6] != MAGIC {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no client of D-Edit"));
    }
    let [oldest, newest] = numbers(&hello[6..]);
    let common = newest.min(*versions.end());
    let chosen = (common >= oldest && versions.contains(&common)).then_some(common);
    let mut told = MAGIC.to_vec();
    told.extend([chosen.unwrap_or(0), *versions.start(), *versions.end()].into_iter().flat_map(u16::to_le_bytes));
    stream.write_all(&told)?;
    stream.flush()?;
    Ok(chosen)
}

/// The sentence for two sides without a common version.
fn mismatch(ours: &RangeInclusive<u16>, theirs: &RangeInclusive<u16>) -> Failure {
    let speaks = |versions: &RangeInclusive<u16>| match (versions.start(), versions.end()) {
        (one, other) if one == other => format!("version {one}"),
        (one, other) => format!("versions {one} to {other}"),
    };
    let told = format!("the D-Edit daemon speaks {} of the protocol, and this program {}", speaks(theirs), speaks(ours));
    let hint = if theirs.end() < ours.start() {
        "the daemon is older: end it with `dedit daemon stop`, install the newer D-Edit and try again"
    } else {
        "the daemon is newer: update this program or plug-in"
    };
    Failure::new(FailureKind::Connection, told).hint(hint)
}

fn no_answer(error: &io::Error) -> Failure {
    Failure::new(FailureKind::Connection, format!("the D-Edit daemon does not answer ({error})"))
        .hint("see `dedit daemon status`; `dedit daemon stop` ends one that hangs")
}

fn numbers<const N: usize>(bytes: &[u8]) -> [u16; N] {
    let mut numbers = [0; N];
    for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(2)) {
        *number = u16::from_le_bytes([bytes[0], bytes[1]]);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads from one buffer and writes to another.
    struct Both<'a>(&'a [u8], Vec<u8>);

    impl Read for Both<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(into)
        }
    }

    impl Write for Both<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What comes of a client and a daemon that speak these versions.
    fn meet(client: &RangeInclusive<u16>, daemon: &RangeInclusive<u16>) -> (Option<u16>, Result<u16, Failure>) {
        let mut hello = Both(&[0; 12], Vec::new());
        let _ = greet(&mut hello, client);
        let mut side = Both(&hello.1, Vec::new());
        let chosen = answer(&mut side, daemon).unwrap();
        (chosen, greet(&mut Both(&side.1, Vec::new()), client).map_err(Failure::from))
    }

    #[test]
    fn the_newest_common_version_is_taken_and_else_the_older_side_is_named() {
        for (client, daemon, expected) in [
            (1..=1, 1..=1, Ok(1)),
            (1..=3, 2..=5, Ok(3)),
            (2..=5, 1..=3, Ok(3)),
            (1..=1, 2..=3, Err("update this program")),
            (4..=5, 2..=3, Err("the daemon is older")),
        ] {
            let (chosen, greeted) = meet(&client, &daemon);
            assert_eq!(chosen, expected.ok(), "{client:?} {daemon:?}");
            match (greeted, expected) {
                (Ok(version), Ok(expected)) => assert_eq!(version, expected),
                (Err(failure), Err(fragment)) => assert!(failure.to_string().contains(fragment), "{failure}"),
                (greeted, _) => panic!("{client:?} {daemon:?}: {greeted:?}"),
            }
        }
    }

    #[test]
    fn strangers_are_told_apart() {
        for (said, is_foreign) in [(&b"HTTP/1.1 400 Bad Request"[..], true), (b"no", true), (b"DEDIT", false), (b"", false)] {
            let error = greet(&mut Both(said, Vec::new()), &VERSIONS).unwrap_err();
            assert_eq!(matches!(error, GreetError::Foreign), is_foreign, "{said:?}: {error:?}");
            let words = if is_foreign { "is no D-Edit daemon" } else { "does not answer" };
            assert!(Failure::from(error).message.contains(words), "{said:?}");
        }
        assert!(answer(&mut Both(b"GET / HTTP", Vec::new()), &VERSIONS).is_err());
    }
}
