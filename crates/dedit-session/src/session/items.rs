//! The items of a session, and what was learned for them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use dedit_edit::{Engine, ErrorKind, ItemWords, Learned, Result, Segmentation, Subject};

use super::inner::Inner;
use crate::folder::{ModelRecord, items_record, model_choice};
use crate::models::ModelChoice;

/// What a session has learned for its items.
pub(crate) enum LearnedFile {
    Missing,
    Read(Arc<dyn Learned>),
    /// It was damaged and has been moved to this path.
    Damaged(PathBuf),
}

impl Inner {
    /// Sets the items of a picture. What was learned for other items stays on disk, and is used when those are set again.
    pub(crate) fn set_items(&mut self, index: usize, items: Segmentation, words: &BTreeMap<String, ItemWords>) -> Result<()> {
        let mut loaded = self.picture(index)?;
        let subject = Subject { picture: &loaded.image, items: &items, words: words.clone() };
        subject.check()?;
        let record = items_record(&items, words);
        if self.record.pictures[index].items.as_ref() == Some(&record) {
            return Ok(());
        }
        if let Some(folder) = &self.folder {
            folder.write_items(&record, &items)?;
        }
        self.update(|session| session.pictures[index].items = Some(record))?;
        loaded.items = Some(Arc::new(items));
        self.loaded[index] = Some(loaded);
        Ok(())
    }

    /// The names of the picture's items, in their order; empty before items are set.
    pub(crate) fn item_names(&self) -> &[String] {
        self.record.pictures.first().and_then(|picture| picture.items.as_ref()).map_or(&[], |items| items.names.as_slice())
    }

    /// Identifies what is learned for the present pictures and items; `None` before items are set.
    pub(crate) fn learning_key(&self) -> Option<String> {
        self.record.learning_key()
    }

    /// What was learned under a key, as this engine reads it. A damaged file is set aside.
    pub(crate) fn learned(&mut self, key: &str, engine: &dyn Engine) -> Result<LearnedFile> {
        if let Some((of, by, learned)) = &self.learned
            && (of.as_str(), by.as_str()) == (key, engine.fingerprint())
        {
            return Ok(LearnedFile::Read(learned.clone()));
        }
        let Some(folder) = &self.folder else { return Ok(LearnedFile::Missing) };
        let Some(bytes) = folder.learned(key)? else { return Ok(LearnedFile::Missing) };
        match engine.read_learned(&bytes) {
            Ok(learned) => {
                self.learned = Some((key.to_owned(), engine.fingerprint().to_owned(), learned.clone()));
                Ok(LearnedFile::Read(learned))
            }
            Err(error) if error.kind() == ErrorKind::Input => Ok(LearnedFile::Damaged(folder.set_learned_aside(key)?)),
            Err(error) => Err(error),
        }
    }

    /// Keeps what was learned under the key of its items, since others may have been set in the meantime. It is kept in memory first, so that edits work
    /// where the disk is full.
    pub(crate) fn keep_learned(&mut self, key: &str, learned: &Arc<dyn Learned>, bytes: &[u8], model: ModelRecord) -> Result<()> {
        self.learned = Some((key.to_owned(), model.fingerprint.clone(), learned.clone()));
        self.folder()?.write_learned(key, bytes)?;
        self.update(|record| record.model = Some(model))
    }

    /// Notes the model before learning starts, so that interrupted learning resumes with it.
    pub(crate) fn note_model(&mut self, model: ModelRecord) -> Result<()> {
        if self.record.model.as_ref() == Some(&model) {
            return Ok(());
        }
        self.update(|record| record.model = Some(model))
    }

    /// The state to resume learning from.
    pub(crate) fn learning_state(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.folder.as_ref().map_or(Ok(None), |folder| folder.state(key))
    }

    pub(crate) fn keep_state(&self, key: &str, state: &[u8]) -> Result<()> {
        self.folder()?.write_state(key, state)
    }

    pub(crate) fn set_state_aside(&self, key: &str) -> Result<PathBuf> {
        self.folder()?.set_state_aside(key)
    }

    /// Forgets what was learned for the present items.
    pub(crate) fn forget_learned(&mut self) -> Result<()> {
        self.learned = None;
        match (&self.folder, self.record.learning_key()) {
            (Some(folder), Some(key)) => folder.forget_learned(&key),
            _ => Ok(()),
        }
    }

    /// The model it was last learned with.
    pub(crate) fn model(&self) -> ModelChoice {
        self.record.model.as_ref().map(model_choice).unwrap_or_default()
    }

    /// Whether learning was started or finished for these items.
    pub(crate) fn has_begun(&self) -> bool {
        matches!((&self.folder, self.record.learning_key()), (Some(folder), Some(key)) if folder.has_learned(&key) || folder.has_state(&key))
    }
}
