//! Fetching a known model: the only thing here that opens a connection, and only when it is asked for.

use std::fs;
use std::path::PathBuf;

use dedit_error::{Error, ErrorKind, Result};
use dedit_fetch::{Progress, Settings, Source, fetch};

use crate::known::Known;
use crate::library::Library;

/// From where and how models are fetched.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Replaces the address of the Hugging Face hub.
    pub endpoint: Option<String>,
    /// A token of an account there.
    pub token: Option<String>,
    /// Whether nothing may be fetched.
    pub offline: bool,
    /// Patience, and certificates.
    pub settings: Settings,
}

impl Origin {
    /// By the variables of the Hugging Face libraries, `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE`, and those of [`Settings::from_environment`].
    pub fn from_environment() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let offline = text("HF_HUB_OFFLINE").is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "true" | "yes" | "on"));
        Self { endpoint: text("HF_ENDPOINT"), token: text("HF_TOKEN"), offline, settings: Settings::from_environment() }
    }
}

/// A known model that is on this machine now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedModel {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes that came over the network.
    pub received: u64,
}

impl Library {
    /// Fetches a known model, unless it is on this machine already. `heard` is told the progress some ten times a second, and says whether to go on.
    ///
    /// # Errors
    /// `Usage` where its licence was not accepted; `Connection` where it is forbidden by [`Origin::offline`]; `Model` where what came is no model; else as
    /// [`fetch`].
    pub fn fetch(&self, known: &Known, origin: &Origin, heard: &mut dyn FnMut(Progress) -> bool) -> Result<FetchedModel> {
        if let Some(found) = self.present(known).filter(|found| found.broken.is_none()) {
            return Ok(FetchedModel { path: found.path, bytes: found.bytes, received: 0 });
        }
        self.check_licence(known)?;
        if origin.offline {
            return Err(
                Error::new(ErrorKind::Connection, "nothing is fetched, because HF_HUB_OFFLINE is set").hint("unset it, and try again")
            );
        }
        let of: Option<u64> = known.files.iter().map(|file| file.bytes).sum();
        let (mut before, mut received) = (0, 0);
        for (number, file) in known.files.iter().enumerate() {
            let target = self.target(known, number);
            let broken = fs::metadata(&target).is_ok_and(|found| file.bytes.is_some_and(|bytes| bytes != found.len()));
            if broken {
                fs::remove_file(&target).map_err(|error| dedit_files::cannot_write(&error, &target))?;
            }
            let source = Source {
                url: file.url(origin.endpoint.as_deref()),
                bytes: file.bytes,
                sha256: self.sum(known, number),
                page: Some(known.licence.link.clone()),
                token: origin.token.clone().filter(|_| file.hub().is_some()),
            };
            let fetched = fetch(&source, &target, &origin.settings, &mut |progress| {
                heard(Progress { done: before + progress.done, of: of.or(progress.of.map(|bytes| before + bytes)) })
            })?;
            if let Some(sum) = &fetched.sha256 {
                self.record_sum(known, number, sum)?;
            }
            before += file.bytes.unwrap_or_else(|| fs::metadata(&target).map_or(0, |found| found.len()));
            received += fetched.received;
        }
        self.whole(known, received)
    }

    /// The model that was fetched; where it is broken, which a sum of the table rules out, it is removed.
    fn whole(&self, known: &Known, received: u64) -> Result<FetchedModel> {
        let Some(found) = self.present(known) else { return Err(self.missing(&known.name)) };
        if let Some(broken) = found.broken {
            self.remove(&known.name)?;
            let message = format!("what came is not {}: {broken}", known.title);
            return Err(Error::model(message).at(found.path).hint("it was not kept; try another mirror with HF_ENDPOINT"));
        }
        Ok(FetchedModel { path: found.path, bytes: found.bytes, received })
    }

    /// An error where the licence of a model was not accepted.
    ///
    /// # Errors
    /// `Usage`.
    pub fn check_licence(&self, known: &Known) -> Result<()> {
        if self.is_accepted(&known.licence) {
            return Ok(());
        }
        let message = format!("the licence of {}, {}, was not accepted", known.title, known.licence.name);
        Err(Error::usage(message).at(&known.licence.link).hint("read it there, and fetch the model with --accept-licence"))
    }
}
