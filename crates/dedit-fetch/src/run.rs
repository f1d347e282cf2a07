//! The whole of a fetch: tries until the file is there and right.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use dedit_error::{Error, Result};

use crate::answer::{Body, check_size};
use crate::failure::{self, Failure};
use crate::lock::Lock;
use crate::part::{Part, Version, beside};
use crate::transfer::{Arrival, Transfer};
use crate::{Fetched, Progress, Settings, Source};

/// How often progress is told.
const OFTEN: Duration = Duration::from_millis(100);

pub(crate) fn run(source: &Source, target: &Path, settings: &Settings, heard: &mut dyn FnMut(Progress) -> bool) -> Result<Fetched> {
    dedit_files::create_folder(target.parent().unwrap_or(Path::new(".")))?;
    let part = beside(target, ".part");
    let lock = Lock::take(target, &mut || {
        let done = part.metadata().map_or(0, |found| found.len());
        heard(Progress { done, of: source.bytes })
    })?;
    if target.is_file() {
        lock.remove();
        return Ok(Fetched { sha256: None, received: 0 });
    }
    let mut fetch = Fetch { source, settings, part: Part::open(target)?, received: 0, told: Instant::now(), of: source.bytes, heard };
    match fetch.until_done() {
        Ok(sum) => {
            let received = fetch.received;
            fetch.part.finish(target)?;
            lock.remove();
            Ok(Fetched { sha256: Some(sum), received })
        }
        Err(error) => {
            if fetch.part.bytes == 0 {
                fetch.part.remove();
            }
            lock.remove();
            Err(error)
        }
    }
}

struct Fetch<'a> {
    source: &'a Source,
    settings: &'a Settings,
    part: Part,
    /// Bytes that came over the network.
    received: u64,
    told: Instant,
    /// Bytes in all.
    of: Option<u64>,
    heard: &'a mut dyn FnMut(Progress) -> bool,
}

impl Fetch<'_> {
    /// Tries until all is there and right; gives the SHA-256.
    fn until_done(&mut self) -> Result<String> {
        let (mut pauses, mut started_over) = (self.settings.pauses.iter(), false);
        loop {
            let (resumed, before) = (self.part.bytes > 0, self.received);
            let error = match self.attempt() {
                Ok(true) => match self.check() {
                    // What was there before may be what is wrong.
                    Err(_) if resumed && !started_over => None,
                    checked => return checked,
                },
                Ok(false) => None,
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(error)) => Some(error),
                Err(Failure::Unreachable(error)) => {
                    // Where nothing has ever come, one more try shows whether it is for long.
                    if self.received == 0 && pauses.len() < self.settings.pauses.len() {
                        return Err(error);
                    }
                    Some(error)
                }
            };
            let Some(error) = error else {
                if started_over {
                    return Err(failure::wrong_range(self.source, self.part.bytes, ""));
                }
                started_over = true;
                self.part.clear()?;
                continue;
            };
            if self.received > before {
                pauses = self.settings.pauses.iter();
            }
            let Some(pause) = pauses.next() else { return Err(error) };
            self.wait(*pause)?;
        }
    }

    fn wait(&mut self, pause: Duration) -> Result<()> {
        let end = Instant::now() + pause;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.tell()?;
            sleep(left.min(OFTEN));
        }
        Ok(())
    }

    fn tell(&mut self) -> Result<()> {
        self.told = Instant::now();
        if (self.heard)(Progress { done: self.part.bytes, of: self.of }) { Ok(()) } else { Err(Error::cancelled()) }
    }

    /// One request. Whether the part is the whole file after it; else it has to be begun again.
    fn attempt(&mut self) -> std::result::Result<bool, Failure> {
        let same = self.part.version.url == self.source.url;
        let validator = self.part.version.validator.clone().filter(|_| same);
        // Without a validator only the checksum can tell whether both parts are of one file.
        if self.part.bytes > 0 && validator.is_none() && self.source.sha256.is_none() {
            self.part.clear()?;
        }
        let from = self.part.bytes;
        if Some(from) == self.source.bytes {
            return Ok(true);
        }
        let transfer = Transfer::begin(self.source, self.settings, from, validator)?;
        let head = match self.next(&transfer)? {
            Arrival::Head(head) => head,
            Arrival::Broken(error) => return Err(failure::broken(self.source, &error, false)),
            Arrival::Bytes(_) | Arrival::End => return Err(failure::status(self.source, 500)),
        };
        let total = match head.body(self.source, from)? {
            Body::Nothing => return Ok(true),
            Body::StartOver => return Ok(false),
            Body::Rest(total) => Some(total),
            Body::Whole(total) => {
                self.part.clear()?;
                self.part.set_version(Version { url: self.source.url.clone(), validator: head.validator.clone() })?;
                total
            }
        };
        self.of = total.or(self.source.bytes);
        self.receive(&transfer)
    }

    /// Takes the body of an answer.
    fn receive(&mut self, transfer: &Transfer) -> std::result::Result<bool, Failure> {
        self.tell()?;
        loop {
            match self.next(transfer)? {
                Arrival::Bytes(bytes) => self.take(&bytes)?,
                Arrival::Broken(error) => return Err(failure::broken(self.source, &error, true)),
                Arrival::Head(_) | Arrival::End => break,
            }
        }
        match self.of {
            Some(of) if self.part.bytes < of => Err(Failure::Passing(failure::ended_early(self.source, self.part.bytes, of))),
            _ => Ok(true),
        }
    }

    fn next(&mut self, transfer: &Transfer) -> Result<Arrival> {
        let progress = Progress { done: self.part.bytes, of: self.of };
        transfer.next(&mut || (self.heard)(progress)).ok_or_else(Error::cancelled)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(of) = self.of
            && self.part.bytes + bytes.len() as u64 > of
        {
            // What came before is of this file no more than what is too much.
            self.part.clear()?;
            return Err(failure::too_much(self.source, of));
        }
        if self.part.bytes == 0 && is_page(bytes) {
            return Err(failure::page(self.source));
        }
        self.part.append(bytes)?;
        self.received += bytes.len() as u64;
        if self.told.elapsed() > OFTEN { self.tell() } else { Ok(()) }
    }

    /// The SHA-256 of the part; where the size or the sum is wrong, the part is cleared.
    fn check(&mut self) -> Result<String> {
        let sum = self.part.sum();
        let checked = check_size(self.source, self.part.bytes).and_then(|()| match &self.source.sha256 {
            Some(expected) if *expected != sum => Err(failure::checksum(self.source, &sum)),
            _ => Ok(()),
        });
        if checked.is_err() {
            self.part.clear()?;
        }
        checked.map(|()| sum)
    }
}

/// Whether bytes are the beginning of a web page.
fn is_page(bytes: &[u8]) -> bool {
    let start: Vec<u8> = bytes.trim_ascii_start().iter().take(14).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}
