//! A host: a client, with what a plug-in does.

use std::ops::{ControlFlow, Deref};

use dedit_client::{Call, Client};
use dedit_protocol::answer::{Edited, Fetched, Learned, Revisions, Status};
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::{
    self, Cancel, Edit, Fetch, Forget, Hello, History, Learn, OpenPicture, OpenSession, ResultOf, SetItems, Undo, Which,
};
use dedit_protocol::{Ask, Blob, Event, Failure, Pixels};

use crate::scene::{halves, items_of};

pub(crate) fn hello() -> Hello {
    Hello { client: "test".to_owned(), version: "1".to_owned() }
}

/// A host.
pub(crate) struct Host(pub(crate) Client);

impl Deref for Host {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

type Told<T> = Result<T, Failure>;

impl Host {
    /// Asks whether a picture is known, without sending it.
    pub(crate) fn knows(&self, picture: &Pixels) -> Told<Option<SessionInfo>> {
        let (answer, _) = self.ask(open(picture, false), Vec::new())?;
        Ok(answer.known.then_some(answer.session))
    }

    /// Opens a picture, and sends it only if it has to.
    pub(crate) fn open(&self, picture: &Pixels) -> Told<SessionInfo> {
        self.open_with(picture, |_| {})
    }

    pub(crate) fn open_with(&self, picture: &Pixels, change: impl Fn(&mut OpenPicture)) -> Told<SessionInfo> {
        for send in [false, true] {
            let mut request = open(picture, send);
            change(&mut request);
            let blobs = if send { vec![Blob::Pixels(picture.clone())] } else { Vec::new() };
            let (answer, _) = self.ask(request, blobs)?;
            if answer.known {
                return Ok(answer.session);
            }
        }
        panic!("a picture that was sent is not known")
    }

    /// Opens a picture and says that its halves are two items, `bag` and `table`.
    pub(crate) fn prepared(&self, picture: &Pixels) -> Told<SessionInfo> {
        let info = self.open(picture)?;
        self.set_halves(&info.session, picture)
    }

    pub(crate) fn set_halves(&self, session: &str, picture: &Pixels) -> Told<SessionInfo> {
        self.set_items(items_of(session, Which::Target, ["bag", "table"]), vec![halves(picture.width(), picture.height())])
    }

    pub(crate) fn set_items(&self, items: SetItems, blobs: Vec<Pixels>) -> Told<SessionInfo> {
        Ok(self.ask(items, blobs.into_iter().map(Blob::Pixels).collect())?.0)
    }

    pub(crate) fn open_session(&self, session: &str) -> Told<SessionInfo> {
        let open = OpenSession { session: Some(session.to_owned()), ..OpenSession::default() };
        Ok(self.ask(open, Vec::new())?.0)
    }

    pub(crate) fn open_folder(&self, folder: &std::path::Path) -> Told<SessionInfo> {
        let open = OpenSession { folder: Some(folder.display().to_string()), ..OpenSession::default() };
        Ok(self.ask(open, Vec::new())?.0)
    }

    pub(crate) fn learn(&self, learn: Learn) -> Told<Learned> {
        Ok(self.ask(learn, Vec::new())?.0)
    }

    /// The same, with all that is heard before the answer.
    pub(crate) fn learn_heard(&self, learn: Learn) -> (Told<Learned>, Vec<Event>) {
        let mut heard = Vec::new();
        let call = self.begin(learn);
        let answer = call.finish(&mut |event| {
            heard.push(event);
            ControlFlow::Continue(())
        });
        (answer.map(|(learned, _)| learned), heard)
    }

    /// Edits, and gives the pixels of the region.
    pub(crate) fn edit(&self, edit: Edit) -> Told<(Edited, Pixels)> {
        self.edit_with(edit, Vec::new())
    }

    pub(crate) fn edit_with(&self, edit: Edit, masks: Vec<Pixels>) -> Told<(Edited, Pixels)> {
        let masks = masks.into_iter().map(Blob::Pixels).collect();
        let (edited, mut blobs) = self.ask(edit, masks)?;
        let Some(Blob::Pixels(pixels)) = blobs.pop() else { panic!("no pixels") };
        Ok((edited, pixels))
    }

    /// Begins something that takes time.
    pub(crate) fn begin<R: Ask>(&self, request: R) -> Call<'_, R::Answer> {
        self.send(request, Vec::new()).unwrap()
    }

    pub(crate) fn history(&self, session: &str) -> Told<(Revisions, Vec<Blob>)> {
        let history = History { session: session.to_owned(), thumbnails: true, masks: true };
        self.ask(history, Vec::new())
    }

    /// The numbers of the revisions, and that which the session is at.
    pub(crate) fn revisions(&self, session: &str) -> (Vec<u64>, u64) {
        let (revisions, _) = self.history(session).unwrap();
        (revisions.revisions.iter().map(|revision| revision.revision).collect(), revisions.current)
    }

    /// The whole picture of a revision.
    pub(crate) fn whole(&self, session: &str, revision: u64) -> Told<Pixels> {
        let of = ResultOf { session: session.to_owned(), revision, whole: true };
        let (_, mut blobs) = self.ask(of, Vec::new())?;
        let Some(Blob::Pixels(pixels)) = blobs.pop() else { panic!("no pixels") };
        Ok(pixels)
    }

    pub(crate) fn undo(&self, session: &str, revision: u64) -> Told<SessionInfo> {
        Ok(self.ask(Undo { session: session.to_owned(), revision }, Vec::new())?.0)
    }

    pub(crate) fn forget(&self, session: &str, learned_only: bool) -> Told<()> {
        self.ask(Forget { session: session.to_owned(), learned_only }, Vec::new())?;
        Ok(())
    }

    pub(crate) fn fetch(&self, session: &str) -> Told<(Fetched, Vec<Blob>)> {
        self.ask(Fetch { session: session.to_owned(), pixels: true, ..Fetch::default() }, Vec::new())
    }

    pub(crate) fn cancel(&self, job: u64) -> Told<()> {
        self.ask(Cancel { job }, Vec::new())?;
        Ok(())
    }

    pub(crate) fn status(&self) -> Status {
        self.ask(request::Status {}, Vec::new()).unwrap().0
    }

    /// Waits until no other client is there: the daemon hears of the end of one a little later.
    pub(crate) fn await_alone(&self) {
        while self.status().clients > 1 {
            std::thread::yield_now();
        }
    }

    /// The sessions' names, last used first.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let (answer, _) = self.ask(request::Sessions {}, Vec::new()).unwrap();
        answer.sessions.into_iter().map(|session| session.session).collect()
    }
}

fn open(picture: &Pixels, send: bool) -> OpenPicture {
    OpenPicture { digest: picture.digest(), pixels: send.then_some(0), name: "picture.png".to_owned(), ..OpenPicture::default() }
}
