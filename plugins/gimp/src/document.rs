//! An open document: what is edited in it, and the connection to the daemon.

use gimp_host::{Call, Host};

use crate::composite::Composite;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::items::PictureItems;
use crate::sessions;
use crate::source::Source;

/// A document, read, and a connection to the daemon.
pub(crate) struct Document<'h> {
    pub(crate) host: &'h dyn Host,
    pub(crate) connection: Connection,
    pub(crate) source: Source,
    pub(crate) composite: Composite,
}

impl<'h> Document<'h> {
    /// Checks and reads the document. No daemon is started for a document that cannot be edited.
    pub(crate) fn open(host: &'h dyn Host, call: &Call, picture: &str) -> Result<Self, Failure> {
        let source = Source::find(host, call, picture)?;
        let connection = Connection::open()?;
        let composite = Composite::read(host, &source, None)?;
        Ok(Self { host, connection, source, composite })
    }

    /// The picture's session and items.
    pub(crate) fn items(&self) -> Result<PictureItems<'_>, Failure> {
        PictureItems::open(self.host, &self.connection, &self.source, &self.composite)
    }

    /// Keeps the session in the document.
    pub(crate) fn remember_session(&self, items: &PictureItems<'_>) -> Result<(), Failure> {
        sessions::remember(self.host, &self.source, &items.session.session)
    }
}
