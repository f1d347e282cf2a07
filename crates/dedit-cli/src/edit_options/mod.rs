//! An edit as options: the verbs, what is edited, and how. The commands `edit` and `plan` share this.

mod frame;
mod how;
mod source;
mod verbs;

pub(crate) use self::frame::Frame;
pub(crate) use self::how::How;
pub(crate) use self::source::{Opened, Planning, Source};
pub(crate) use self::verbs::Verb;
