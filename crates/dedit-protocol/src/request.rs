//! What clients ask for. Numbers are never used again for anything else, and fields are only ever added.
//!
//! Fields that name a blob hold its place in the frame.

mod edits;
mod learning;
mod pictures;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use edits::{Edit, EditVerb, History, Plan, PlanOptions, ResultOf, Undo};
pub use learning::{EditOptions, Learn, LearnOptions, Lora, ModelChoice};
pub use pictures::{Fetch, Forget, Items, OpenPicture, OpenSession, Segment, SetItems, Which, Words};

/// Who is speaking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// The program, such as `gimp` or `dedit`.
    pub client: String,
    /// Its version.
    pub version: String,
}

/// Nothing but the question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

/// A job to be stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// Its number, as `queued` told it.
    pub job: u64,
}

macro_rules! requests {
    ($($(#[$doc:meta])* $tag:literal $variant:ident($body:ty) = $name:literal,)+) => {
        /// A request.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Request {
            $($(#[$doc])* $variant($body),)+
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
                    $($tag => Some(match serde_json::from_value::<$body>(Value::Object(head)) {
                        Ok(body) => Ok(Self::$variant(body)),
                        Err(error) => Err(format!("the request '{}' is not understood ({error})", $name)),
                    }),)+
                    _ => None,
                }
            }
        }
    };
}

requests! {
    /// Says who is there; the daemon tells about itself.
    1 Hello(Hello) = "hello",
    /// Which models there are.
    2 Models(Nothing) = "models",
    /// Loads a model ahead of its use.
    3 Load(ModelChoice) = "load",
    /// Opens the session of a picture, or begins one.
    4 OpenPicture(OpenPicture) = "open_picture",
    /// Opens a session by its name or folder.
    5 OpenSession(OpenSession) = "open_session",
    /// Says what the items of a picture are.
    6 SetItems(SetItems) = "set_items",
    /// Finds the mask of an item.
    7 Segment(Segment) = "segment",
    /// Learns a picture.
    8 Learn(Learn) = "learn",
    /// Edits a picture.
    9 Edit(Box<Edit>) = "edit",
    /// What an edit would come to.
    10 Plan(Box<Plan>) = "plan",
    /// What was done in a session.
    11 History(History) = "history",
    /// The pixels of a revision.
    12 Result(ResultOf) = "result",
    /// Goes back (or on) to a revision.
    13 Undo(Undo) = "undo",
    /// Stops a job.
    14 Cancel(Cancel) = "cancel",
    /// Which sessions there are.
    15 Sessions(Nothing) = "sessions",
    /// Removes a session, or what was learned in it.
    16 Forget(Forget) = "forget",
    /// How the daemon is.
    17 Status(Nothing) = "status",
    /// Gives the memory of models back.
    18 Unload(Nothing) = "unload",
    /// Ends the daemon; jobs that run are kept to go on later.
    19 Shutdown(Nothing) = "shutdown",
    /// A session's picture and items.
    20 Fetch(Fetch) = "fetch",
    /// Ends the connection.
    21 Goodbye(Nothing) = "goodbye",
}
