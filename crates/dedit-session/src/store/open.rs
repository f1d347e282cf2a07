//! Finds and opens sessions: by name, by folder, and by picture.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dedit_edit::{Error, Result};
use sha2::{Digest as _, Sha256};

use super::Store;
use crate::files;
use crate::folder::{Contents, Folder};
use crate::opening::Opening;
use crate::raster::hex;
use crate::session::Session;

/// The name of the session in a folder that a user named.
fn name_of(folder: &Path) -> String {
    format!("folder-{}", hex(&Sha256::digest(folder.as_os_str().as_encoded_bytes())[..8]))
}

/// An absolute path, also of a folder that does not exist.
fn absolute(folder: &Path) -> PathBuf {
    folder.canonicalize().or_else(|_| std::path::absolute(folder)).unwrap_or_else(|_| folder.to_path_buf())
}

impl Store {
    /// The name under which a picture's session lies in the store, or is created.
    pub(crate) fn name_of(&self, opening: &Opening) -> String {
        let [name, with_profile] = opening.session_names();
        // `None` where there is no session.
        let has_its_colours = |name: &str| {
            let session = self.open().get(name).cloned();
            session.map_or_else(
                || Folder::has_colours_of(&self.folder_of(name), opening),
                |session| Some(session.lock().has_colours_of(opening)),
            )
        };
        if has_its_colours(&with_profile) == Some(true) || has_its_colours(&name) == Some(false) { with_profile } else { name }
    }

    /// A session by its name.
    pub(crate) fn session(&self, name: &str) -> Result<Arc<Session>> {
        if let Some(session) = self.open().get(name) {
            return Ok(session.clone());
        }
        let unknown = || Error::usage(format!("there is no session '{name}'")).hint("open its picture");
        // A name must not lead out of the folder.
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
            return Err(unknown());
        }
        self.opened_from(&self.folder_of(name), name)?.ok_or_else(unknown)
    }

    /// Opens the session in a folder, unless it is open; `None` where there is none.
    fn opened_from(&self, path: &Path, name: &str) -> Result<Option<Arc<Session>>> {
        let mut open = self.open();
        if let Some(session) = open.get(name) {
            return Ok(Some(session.clone()));
        }
        let Some(mut session) = Session::open(path)? else { return Ok(None) };
        // Folders can be copied and moved, so the name follows from the place.
        session.rename(name);
        let session = Arc::new(session);
        open.insert(name.to_owned(), session.clone());
        Ok(Some(session))
    }

    /// The session in a folder that a user named.
    pub(crate) fn in_folder(&self, folder: &Path) -> Result<Arc<Session>> {
        let path = absolute(folder);
        let none = || {
            Error::usage("there is no session here").at(folder).hint("learn a picture first: dedit learn PICTURE --items … --session DIR")
        };
        self.opened_from(&path, &name_of(&path)).map_err(|error| error.at(folder))?.ok_or_else(none)
    }

    /// The session of a picture in the store, created if there is none; a damaged one is recovered or replaced.
    pub(crate) fn of_picture(&self, opening: &Opening) -> Result<Arc<Session>> {
        let name = &self.name_of(opening);
        let path = self.folder_of(name);
        let session = match Folder::contents(&path)? {
            Contents::Foreign(error) => {
                let aside = files::set_aside(&path)?;
                (self.log)("damaged", &format!("{error}; set aside: {}", aside.display()));
                None
            }
            Contents::Damaged(error) => Some(self.recovered(name, &path, opening, &error)?),
            Contents::Nothing | Contents::Session(_) => self.opened_from(&path, name)?,
        };
        let session = session.unwrap_or_else(|| {
            self.make_room(opening);
            self.created(name, &path, opening)
        });
        if !session.lock().is_of(&opening.digest) {
            return Err(Error::input("this session is of another picture").at(path).hint("move it away"));
        }
        if !session.lock().has_colours_of(opening) {
            let error = Error::usage("the same pixels with another colour profile are opened at this moment").at(path);
            return Err(error.hint("try again"));
        }
        // A second client that opens the same picture waits here for the first.
        let written = session.lock().write();
        if let Err(error) = written.and_then(|()| refresh_picture(&session, opening)) {
            // A session that is not on disk does not stay open.
            drop(session);
            self.close_unused();
            return Err(error);
        }
        Ok(session)
    }

    /// A new session of a picture, or the one that another client has just created.
    fn created(&self, name: &str, path: &Path, opening: &Opening) -> Arc<Session> {
        let new = || Arc::new(Session::new(name, path, opening));
        self.open().entry(name.to_owned()).or_insert_with(new).clone()
    }

    /// Recovers the session of a folder whose record is damaged.
    fn recovered(&self, name: &str, path: &Path, opening: &Opening, error: &Error) -> Result<Arc<Session>> {
        let mut open = self.open();
        if let Some(session) = open.get(name) {
            return Ok(session.clone());
        }
        (self.log)("damaged", &error.to_string());
        let session = Arc::new(Session::recovered(name, path, opening)?);
        open.insert(name.to_owned(), session.clone());
        Ok(session)
    }

    /// The session of a picture in a folder that a user named, created if there is none. With `replace` a session of another picture is removed.
    pub(crate) fn of_folder(&self, folder: &Path, opening: &Opening, replace: bool, client: u64) -> Result<Arc<Session>> {
        let path = absolute(folder);
        let name = name_of(&path);
        let found = match Folder::contents(&path)? {
            Contents::Damaged(error) if Session::is_in(&path, opening) => Some(self.recovered(&name, &path, opening, &error)?),
            Contents::Damaged(error) | Contents::Foreign(error) if !replace => return Err(error.hint("begin again with --restart")),
            Contents::Damaged(_) | Contents::Foreign(_) => {
                Folder::take(&path)?.clear()?;
                None
            }
            Contents::Nothing | Contents::Session(_) => self.opened_from(&path, &name)?,
        };
        if let Some(session) = found {
            if is_of(&session, opening) {
                refresh_picture(&session, opening)?;
                return Ok(session);
            }
            if !replace {
                let other = Error::usage("something else was learned here").at(folder);
                return Err(other.hint("give another --session, or --restart to forget it"));
            }
            self.remove(session, Some(client), true)?;
        }
        let session = self.created(&name, &path, opening);
        if !is_of(&session, opening) {
            return Err(Error::usage("another picture is opened here at this moment").at(folder).hint("try again"));
        }
        Ok(session)
    }

    /// A picture with this digest, from its session in the store, from `folder`, or from any open session.
    pub(crate) fn opening_of(&self, digest: &str, folder: Option<&Path>) -> Option<Opening> {
        let named = digest.get(..16).and_then(|name| self.session(name).ok());
        let in_folder = folder.and_then(|folder| self.in_folder(folder).ok());
        let own = named.iter().chain(&in_folder);
        let found = own.clone().find_map(|session| session.lock().opening_of(digest));
        self.log_findings(own);
        // It may be the reference picture of another session. Busy sessions are skipped: sending the pixels again costs less than waiting.
        found.or_else(|| self.all_open().iter().find_map(|session| session.try_lock()?.opening_of(digest)))
    }
}

/// Whether a session is of this picture, in this colour space.
fn is_of(session: &Session, opening: &Opening) -> bool {
    let inner = session.lock();
    inner.is_of(&opening.digest) && inner.has_colours_of(opening)
}

/// Restores a picture whose file is damaged, and takes over what is known of it now.
fn refresh_picture(session: &Session, opening: &Opening) -> Result<()> {
    let mut inner = session.lock();
    if inner.picture(0).is_ok() { inner.describe(0, &opening.about) } else { inner.restore_picture(0, opening) }
}
