//! What went wrong, each in a sentence of its own.

use dedit_error::{Error, ErrorKind};

use crate::Source;

/// A failure of one try.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Another try may do better.
    Passing(Error),
    /// The same before anything was received: the server cannot be reached.
    Unreachable(Error),
    /// It would be the same every time.
    Final(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// What to do where a server sends something else than it should.
const OTHER: &str = "try again later, or another mirror with HF_ENDPOINT";
const KEPT: &str = "try again: what has come is kept, and only the rest is fetched";

fn connection(source: &Source, message: String) -> Error {
    Error::new(ErrorKind::Connection, message).at(&source.url)
}

/// The host of an address.
fn host(source: &Source) -> &str {
    let rest = source.url.split_once("://").map_or(source.url.as_str(), |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

pub(crate) fn page(source: &Source) -> Error {
    connection(source, "a web page came in place of the file".to_owned())
        .hint("a proxy or the login page of the network may stand between; open the address in a browser")
}

pub(crate) fn wrong_range(source: &Source, from: u64, range: &str) -> Error {
    let range = if range.is_empty() { "no range" } else { range };
    connection(source, format!("the server sent another part of the file ({range}) than was asked for, which begins at byte {from}"))
        .hint(OTHER)
}

pub(crate) fn size(source: &Source, expected: u64, bytes: u64) -> Error {
    let how = if bytes > expected { "larger" } else { "smaller" };
    connection(source, format!("the file on the server is {how} than it should be: {bytes} bytes in place of {expected}")).hint(OTHER)
}

pub(crate) fn too_much(source: &Source, expected: u64) -> Error {
    connection(source, format!("the server sends more than the {expected} bytes that the file has")).hint(OTHER)
}

pub(crate) fn checksum(source: &Source, found: &str) -> Error {
    let message = format!("the file that came is not the one expected: its SHA-256 is {found}");
    connection(source, message).hint(format!("it was not kept; {OTHER}"))
}

pub(crate) fn ended_early(source: &Source, done: u64, of: u64) -> Error {
    connection(source, format!("the connection ended early, after {done} of {of} bytes")).hint(KEPT)
}

/// For an answer with neither the file nor a part of it.
pub(crate) fn status(source: &Source, status: u16) -> Failure {
    match status {
        401 | 403 => {
            let page = source.page.as_ref().unwrap_or(&source.url);
            let message = format!("the server refuses access ({status}): the licence of this model may have to be accepted first");
            Failure::Final(Error::model(message).at(page).hint("accept it on this page, and give a token of your account in HF_TOKEN"))
        }
        404 | 410 => {
            Failure::Final(connection(source, "the file is not there any more".to_owned()).hint("try another mirror with HF_ENDPOINT"))
        }
        408 | 425 | 429 | 500..=599 => {
            Failure::Passing(connection(source, format!("{} is overloaded or out of order (it answers {status})", host(source))).hint(KEPT))
        }
        status => Failure::Final(connection(source, format!("{} answers {status}", host(source))).hint(OTHER)),
    }
}

/// For a connection that cannot be made, or breaks.
pub(crate) fn broken(source: &Source, error: &ureq::Error, began: bool) -> Failure {
    let host = host(source);
    let text = error.to_string();
    let passing = |error: Error| if began { Failure::Passing(error) } else { Failure::Unreachable(error) };
    match error {
        ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => {
            Failure::Final(connection(source, format!("{host} redirects without end")).hint(OTHER))
        }
        ureq::Error::Timeout(_) => passing(connection(source, format!("{host} is silent: nothing came any more")).hint(KEPT)),
        ureq::Error::HostNotFound => passing(
            connection(source, format!("{host} is not found")).hint("is there a network? HF_ENDPOINT names a mirror, HTTPS_PROXY a proxy"),
        ),
        ureq::Error::RequireHttpsOnly(_) => {
            Failure::Final(connection(source, format!("{host} redirects to an address without encryption")).hint(OTHER))
        }
        _ if text.to_lowercase().contains("certificate") || text.to_lowercase().contains("invalid peer") => {
            let hint = "a proxy or a virus scanner may stand between: name a file with its certificates in SSL_CERT_FILE";
            Failure::Final(connection(source, format!("the certificate of {host} is not trusted ({text})")).hint(hint))
        }
        _ if began => passing(connection(source, format!("the connection to {host} was lost ({text})")).hint(KEPT)),
        _ => {
            passing(connection(source, format!("{host} cannot be reached ({text})")).hint("is there a network? HTTPS_PROXY names a proxy"))
        }
    }
}
