//! Finds items by a segment-anything model. The model and the encoded pictures are kept.

use std::collections::VecDeque;

use dedit_edit::{Error, Result, Stage};
use dedit_segment::{Prepared, Segmenter};

use super::control::Control;
use super::event::{JobEvent, JobOutput};
use super::info::LoadedModel;
use super::request::{SegmentRequest, Wanted};
use super::worker_settings::WorkerSettings;
use crate::colour::shown_in_srgb;
use crate::memory;
use crate::models::Found;
use crate::session::{Loaded, Session};

/// Bytes of encoded pictures that are kept: 14 MiB each for published models.
const KEPT: usize = 128 << 20;

/// The model that was used last, and the pictures that it has encoded.
#[derive(Default)]
pub(super) struct Segmenters {
    model: Option<(Found, Box<dyn Segmenter>)>,
    /// Last used first.
    pictures: VecDeque<Encoded>,
}

/// A revision of a picture.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    session: String,
    /// The digest of revision 0: the session of a folder may become that of another picture.
    digest: String,
    revision: u64,
}

/// An encoded picture.
struct Encoded {
    key: Key,
    prepared: Box<dyn Prepared>,
}

impl Segmenters {
    pub(super) fn found(&self) -> impl Iterator<Item = &Found> {
        self.model.iter().map(|(found, _)| found)
    }

    pub(super) fn loaded(&self) -> Option<LoadedModel> {
        let (found, _) = self.model.as_ref()?;
        Some(LoadedModel { found: found.clone(), description: "segment-anything model".to_owned() })
    }

    /// One item, or all of them.
    pub(super) fn segment(
        &mut self,
        session: &Session,
        request: &SegmentRequest,
        settings: &WorkerSettings,
        control: &Control<'_>,
    ) -> Result<JobOutput> {
        let (size, digest) = {
            let inner = session.lock();
            (inner.size_at(request.base)?, inner.digest().to_owned())
        };
        // What the hint gets wrong is told before seconds are spent.
        if let Wanted::Item(hint, _) = &request.wanted {
            hint.check_places(size)?;
        }
        self.load(&request.model, settings, control)?;
        let prepared = self.prepared(session, Key { session: session.name.clone(), digest, revision: request.base }, control)?;
        match &request.wanted {
            Wanted::Item(hint, earlier) => prepared.segment(hint, earlier.as_ref()).map(JobOutput::Segmented),
            Wanted::Everything(most) => prepared
                .everything(*most, &mut |step, of| {
                    control.reporter.report(JobEvent::Step { stage: Stage::Searching, step, of, loss: None, seconds_left: None });
                    !control.is_stopped()
                })
                .map(JobOutput::Divided),
        }
    }

    fn load(&mut self, found: &Found, settings: &WorkerSettings, control: &Control<'_>) -> Result<()> {
        if self.model.as_ref().is_some_and(|(known, _)| known == found) {
            return Ok(());
        }
        settings.check_budget(found)?;
        memory::check("the model", found.bytes, memory::available_bytes()).map_err(|error| error.at(&found.name))?;
        *self = Self::default();
        control.reporter.report(JobEvent::Step { stage: Stage::LoadingModel, step: 0, of: 1, loss: None, seconds_left: None });
        let model = settings.models.load_segmenter(found)?;
        (settings.log)("loaded", &found.name);
        self.model = Some((found.clone(), model));
        Ok(())
    }

    /// The picture of a revision as the model has encoded it.
    fn prepared(&mut self, session: &Session, key: Key, control: &Control<'_>) -> Result<&dyn Prepared> {
        let encoded = match self.pictures.iter().position(|known| known.key == key).and_then(|at| self.pictures.remove(at)) {
            Some(encoded) => encoded,
            None => self.encode(session, key, control)?,
        };
        let mut bytes = encoded.prepared.bytes();
        self.pictures.retain(|kept| {
            bytes += kept.prepared.bytes();
            bytes <= KEPT
        });
        self.pictures.push_front(encoded);
        Ok(self.pictures[0].prepared.as_ref())
    }

    fn encode(&self, session: &Session, key: Key, control: &Control<'_>) -> Result<Encoded> {
        let Some((found, model)) = &self.model else { return Err(Error::model("no segment-anything model is loaded")) };
        memory::check(&format!("a picture in {}", found.name), model.least_memory(), memory::available_bytes())?;
        let (picture, about) = {
            let mut inner = session.lock();
            let Loaded { image, about, .. } = inner.picture(0)?;
            (if key.revision == 0 { image } else { inner.base(key.revision)?.image }, about)
        };
        let prepared = model.prepare(&shown_in_srgb(&picture, about.profile.as_deref())?, &mut |step, of| {
            control.reporter.report(JobEvent::Step { stage: Stage::Encoding, step, of, loss: None, seconds_left: None });
            !control.is_stopped()
        })?;
        Ok(Encoded { key, prepared })
    }
}
