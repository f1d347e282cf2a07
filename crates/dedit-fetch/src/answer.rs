//! The head of a server's answer, and what it means for the part that is there.

use dedit_error::Result;

use crate::Source;
use crate::failure::{self, Failure};

/// The head of an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// `Content-Length`.
    pub(crate) length: Option<u64>,
    /// `Content-Range`.
    pub(crate) range: Option<String>,
    /// `Content-Type`.
    pub(crate) kind: Option<String>,
    /// A strong `ETag`, else `Last-Modified`.
    pub(crate) validator: Option<String>,
}

/// What the body of an answer is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// The whole file, of so many bytes where that is said.
    Whole(Option<u64>),
    /// What follows the part, up to so many bytes of the whole file.
    Rest(u64),
    /// Nothing: the part is all that the server has.
    Nothing,
    /// Nothing: the part does not fit to what the server has.
    StartOver,
}

impl Head {
    /// What its body is, where `from` bytes are there and the rest was asked for.
    pub(crate) fn body(&self, source: &Source, from: u64) -> std::result::Result<Body, Failure> {
        match self.status {
            200 => self.is_file(source).map(|()| Body::Whole(self.length)),
            206 => self.rest(source, from),
            416 if from > 0 => Ok(if self.total() == Some(from) { Body::Nothing } else { Body::StartOver }),
            status => Err(failure::status(source, status)),
        }
        .and_then(|body| match body {
            Body::Whole(Some(bytes)) | Body::Rest(bytes) => check_size(source, bytes).map(|()| body).map_err(Failure::Final),
            body => Ok(body),
        })
    }

    fn is_file(&self, source: &Source) -> std::result::Result<(), Failure> {
        let is_page = self.kind.as_deref().is_some_and(|kind| kind.trim_start().to_lowercase().starts_with("text/html"));
        if is_page { Err(Failure::Final(failure::page(source))) } else { Ok(()) }
    }

    /// `bytes FIRST-LAST/TOTAL`: it has to begin where the part ends, and go on to the end.
    fn rest(&self, source: &Source, from: u64) -> std::result::Result<Body, Failure> {
        let range = self.range.as_deref().unwrap_or_default();
        let numbers = range.strip_prefix("bytes ").and_then(|range| {
            let (part, total) = range.split_once('/')?;
            let (first, last) = part.split_once('-')?;
            Some([first.trim().parse().ok()?, last.trim().parse().ok()?, total.trim().parse::<u64>().ok()?])
        });
        match numbers {
            Some([first, last, total]) if from > 0 && first == from && last + 1 == total => Ok(Body::Rest(total)),
            _ => Err(Failure::Final(failure::wrong_range(source, from, range))),
        }
    }

    /// The total of `bytes */TOTAL`.
    fn total(&self) -> Option<u64> {
        self.range.as_deref()?.strip_prefix("bytes */")?.trim().parse().ok()
    }
}

/// An error where the file has another size than it should.
pub(crate) fn check_size(source: &Source, bytes: u64) -> Result<()> {
    match source.bytes {
        Some(expected) if expected != bytes => Err(failure::size(source, expected, bytes)),
        _ => Ok(()),
    }
}
