//! The table of verbs and parameters: one row for each, read by the command line, the wire, GIMP's procedures and dialogs, OpenFX's parameters, and the
//! generator of Krita's copy and of the reference pages.
//!
//! - [`Verb`] is an edit, [`Action`] all that a host offers: edits and the entries beside them.
//! - [`Parameter`] is a row: permanent name, label, help, unit, range, default, older names, and the hosts that offer it. [`Action::parameters`] gives
//!   the rows of an action in a host, in the permanent order of a script's arguments.
//! - [`Values`] are checked values of an action; [`Refusal`] is the sentence about one that is wrong, the same in every host.
//! - [`models`] are the buttons, words and sentences of the dialogs about models.
//! - [`defaults`] are the numbers that the engine uses where nothing is given; help texts name them from there.
//!
//! This crate depends on nothing and knows neither pictures nor wire nor host programs.

mod action;
pub mod defaults;
mod field;
mod host;
pub mod models;
mod parameter;
mod refusal;
mod table;
mod text;
mod value;
mod verb;

pub use action::Action;
pub use field::{Field, fields};
pub use host::Host;
pub use parameter::{Choice, Group, Id, Kind, Parameter, Range};
pub use refusal::Refusal;
pub use table::LEARNING;
pub use value::{Value, Values};
pub use verb::Verb;
