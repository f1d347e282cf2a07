//! An edit as options: the verbs, what is edited, and how. The commands `edit` and `plan` share this.

mod canvas;
mod frame;
mod neighbours;
mod source;
mod table;
mod verbs;

pub(crate) use self::canvas::{items_on_canvas, on_canvas, photo_on_canvas, size_on_canvas};
pub(crate) use self::frame::Frame;
pub(crate) use self::neighbours::{Neighbours, OtherFrame};
pub(crate) use self::source::{Opened, Planning, Source, plan};
pub(crate) use self::table::{augment, read};
pub(crate) use self::verbs::{Besides, VerbCall, add_mask, refused, unknown_option};
