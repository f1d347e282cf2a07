//! GIMP 2.10 and GIMP 3 as a plug-in sees them: one safe interface over both C libraries, which are loaded from the GIMP that runs the plug-in. Nothing is
//! linked, so one program serves both.
//!
//! A plug-in implements [`Plugin`] and hands it to [`run`]; its calls get a [`Host`]. Images and items are GIMP's numbers for them and are looked up at
//! every use: one that was closed meanwhile is an error, never a stale pointer. A panic in the plug-in becomes an error of the call.

mod arguments;
mod error;
mod gimp;
mod glib;
mod guard;
mod host;
mod methods;
mod pixels;
mod procedure;
mod start;
mod symbols;
pub mod ui;
mod v2;
mod v3;

pub use error::{Error, Result};
pub use host::{
    Channels, Colours, Curve, Depth, Format, Host, Image, Item, ItemKind, Precision, Rect, SampleType, Samples, UndoStep, Version,
};
pub use procedure::{About, Call, Parameter, ParameterKind, Plugin, Procedure, Returned, RunMode, Stop, Value};
pub use start::run;
