//! An open document: what is edited in it, and the connection to the daemon.

use dedit_client::Client;
use gimp_host::{Call, Host};

use crate::composite::Composite;
use crate::connection;
use crate::failure::{Failure, FailureKind};
use crate::source::Source;

/// A document, read, and a connection to the daemon.
pub(crate) struct Document<'h> {
    pub(crate) host: &'h dyn Host,
    pub(crate) client: Client,
    pub(crate) source: Source,
    pub(crate) composite: Composite,
}

impl<'h> Document<'h> {
    /// Checks and reads the document, and connects. No daemon is started for a document that cannot be edited.
    pub(crate) fn open(host: &'h dyn Host, call: &Call, picture: &str) -> Result<Self, Failure> {
        let source = Source::find(host, call, picture)?;
        let client = connection::connect()?;
        let composite = Composite::read(host, &source, None)?;
        Ok(Self { host, client, source, composite })
    }

    /// Reads the document again; the connection stays. Says whether the picture is another one.
    ///
    /// GIMP does not tell plug-ins that pixels have changed, so they are read and compared. Only a picture that is another one is sent.
    pub(crate) fn refresh(&mut self, call: &Call, picture: &str) -> Result<bool, Failure> {
        let source = Source::find(self.host, call, picture)?;
        let composite = Composite::read(self.host, &source, None)?;
        let is_other = source != self.source || composite.digest != self.composite.digest || composite.topmost != self.composite.topmost;
        (self.source, self.composite) = (source, composite);
        Ok(is_other)
    }

    /// Connects again where a failure was that the daemon is gone: the next request then goes to a new one.
    pub(crate) fn reconnect_after(&mut self, failure: &Failure) {
        if failure.kind == FailureKind::Connection
            && let Ok(client) = connection::connect()
        {
            self.client = client;
        }
    }
}
