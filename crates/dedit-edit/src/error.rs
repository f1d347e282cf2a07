//! The error type, from `dedit-error`.

pub use dedit_error::{Error, ErrorKind, Result};
