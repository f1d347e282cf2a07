//! Requests, by type: the table at the end gives each its number, its name and the type of its answer. Numbers are never used again for anything else, and
//! fields are only ever added. Fields that name a blob hold its index in the frame.

mod edits;
mod items;
mod learning;
mod models;
mod pictures;
mod values;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use edits::{Edit, EditVerb, History, Neighbour, Plan, PlanOptions, ResultOf, Undo};
pub use items::{Adopt, Choose, ItemsOf};
pub use learning::{EditOptions, Embedding, Learn, LearnOptions, Lora, ModelChoice};
pub use models::{AddModel, ChooseModel, FetchModel, RemoveModel, VerifyModel};
pub use pictures::{Fetch, Forget, Items, OpenPicture, OpenSession, RevisionId, Segment, SetItems, Which};
pub use values::{is_fast, set_item};

use crate::answer::{
    self, Adopted, Chosen, Edited, Fetched, ItemsFound, Learned, Nothing, OpenedPicture, Planned, ResultRegion, Revisions, Segmented,
    Welcome,
};
use crate::event::SessionInfo;
pub use crate::words::Words;

/// A request that has an answer.
pub trait Ask: Into<Request> {
    /// The type of its answer.
    type Answer: DeserializeOwned;
}

/// Who is speaking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// The program, such as `gimp` or `dedit`.
    pub client: String,
    /// Its version.
    pub version: String,
}

/// A job to be stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// Its number, as `queued` told it.
    pub job: u64,
}

/// A model to be loaded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Load(pub ModelChoice);

macro_rules! requests_without_fields {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {}
    )+};
}

requests_without_fields! {
    /// Which models there are.
    Models,
    /// Which sessions there are.
    Sessions,
    /// How the daemon is.
    Status,
    /// Gives the memory of models back.
    Unload,
    /// Ends the daemon; jobs that run are kept to go on later.
    Shutdown,
    /// Ends the connection.
    Goodbye,
    /// The models that are known by name, and those of this machine.
    Catalog,
}

/// The type that a variant of [`Request`] holds: the request's own, or a box of it.
macro_rules! held {
    ($body:ident) => {
        $body
    };
    ($body:ident, $held:ty) => {
        $held
    };
}

macro_rules! requests {
    ($($(#[$doc:meta])* $tag:literal $name:literal $variant:ident($body:ident $(in $held:ty)?) $(-> $answer:ty)?,)+) => {
        /// A request.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Request {
            $($(#[$doc])* $variant(held!($body $(, $held)?)),)+
        }

        impl Request {
            /// Its number on the wire.
            pub fn tag(&self) -> u32 {
                match self { $(Self::$variant(_) => $tag,)+ }
            }

            /// Its name, for people.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// Its head.
            pub fn head(&self) -> Result<Map<String, Value>, serde_json::Error> {
                let value = match self { $(Self::$variant(body) => serde_json::to_value(body)?,)+ };
                Ok(if let Value::Object(head) = value { head } else { Map::new() })
            }

            /// Reads a request. `None` for a number that is not known here.
            ///
            /// # Errors
            /// A sentence about a head that is not that of such a request.
            pub fn read(tag: u32, head: Map<String, Value>) -> Option<Result<Self, String>> {
                match tag {
                    $($tag => Some(match serde_json::from_value::<held!($body $(, $held)?)>(Value::Object(head)) {
                        Ok(body) => Ok(Self::$variant(body)),
                        Err(error) => Err(format!("the request '{}' is not understood ({error})", $name)),
                    }),)+
                    _ => None,
                }
            }
        }

        $(impl From<$body> for Request {
            fn from(request: $body) -> Self {
                Self::$variant(request.into())
            }
        }

        $(impl Ask for $body {
            type Answer = $answer;
        })?)+
    };
}

requests! {
    /// Says who is there; the daemon tells about itself.
    1 "hello" Hello(Hello) -> Welcome,
    /// Which models there are.
    2 "models" Models(Models) -> answer::Models,
    /// Loads a model ahead of its use.
    3 "load" Load(Load) -> answer::Models,
    /// Opens the session of a picture, or begins one.
    4 "open_picture" OpenPicture(OpenPicture) -> OpenedPicture,
    /// Opens a session by its name or folder.
    5 "open_session" OpenSession(OpenSession) -> SessionInfo,
    /// Says what the items of a picture are.
    6 "set_items" SetItems(SetItems) -> SessionInfo,
    /// Finds the mask of an item.
    7 "segment" Segment(Segment) -> Segmented,
    /// Learns a picture.
    8 "learn" Learn(Learn) -> Learned,
    /// Edits a picture.
    9 "edit" Edit(Edit in Box<Edit>) -> Edited,
    /// What an edit would come to.
    10 "plan" Plan(Plan in Box<Plan>) -> Planned,
    /// What was done in a session.
    11 "history" History(History) -> Revisions,
    /// The pixels of a revision.
    12 "result" Result(ResultOf) -> ResultRegion,
    /// Goes back (or on) to a revision.
    13 "undo" Undo(Undo) -> SessionInfo,
    /// Stops a job.
    14 "cancel" Cancel(Cancel) -> Nothing,
    /// Which sessions there are.
    15 "sessions" Sessions(Sessions) -> answer::Sessions,
    /// Removes a session, or what was learned in it.
    16 "forget" Forget(Forget) -> Nothing,
    /// How the daemon is.
    17 "status" Status(Status) -> answer::Status,
    /// Gives the memory of models back.
    18 "unload" Unload(Unload) -> Nothing,
    /// Ends the daemon; jobs that run are kept to go on later.
    19 "shutdown" Shutdown(Shutdown) -> Nothing,
    /// A session's picture and items.
    20 "fetch" Fetch(Fetch) -> Fetched,
    /// Ends the connection.
    21 "goodbye" Goodbye(Goodbye),
    /// The items of a revision.
    22 "items" Items(ItemsOf) -> ItemsFound,
    /// Which item is meant.
    23 "choose" Choose(Choose) -> Chosen,
    /// Sets the items of a revision's picture.
    24 "adopt" Adopt(Adopt) -> Adopted,
    /// The models that are known by name, and those of this machine.
    25 "catalog" Catalog(Catalog) -> answer::Catalog,
    /// Fetches a model.
    26 "fetch_model" FetchModel(FetchModel) -> answer::FetchedModel,
    /// Chooses the model that is used where none is named.
    27 "choose_model" ChooseModel(ChooseModel) -> answer::Catalog,
    /// Adds the models of a file or folder to the list.
    28 "add_model" AddModel(AddModel) -> answer::Catalog,
    /// Compares the files of a model with their checksums.
    29 "verify_model" VerifyModel(VerifyModel) -> answer::VerifiedModel,
    /// Removes a fetched model from disk, or an added one from the list.
    30 "remove_model" RemoveModel(RemoveModel) -> answer::Catalog,
}
