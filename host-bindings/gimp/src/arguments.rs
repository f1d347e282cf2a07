//! The command line, for C's `main`.

use std::ffi::{CString, OsString, c_char, c_int};

use crate::error::{Error, Result};

/// The arguments as C's `main` gets them. They are never freed: GIMP keeps pointers to them.
pub(crate) struct Arguments {
    pub(crate) count: c_int,
    pub(crate) values: *mut *mut c_char,
}

impl Arguments {
    /// Copies them.
    ///
    /// # Errors
    /// Where one holds a NUL character.
    pub(crate) fn new(arguments: Vec<OsString>) -> Result<Self> {
        let texts = arguments.into_iter().map(|argument| CString::new(argument.into_encoded_bytes()));
        let texts = texts.collect::<std::result::Result<Vec<_>, _>>().map_err(|_| Error::new("an argument with a NUL character"))?;
        let count = texts.len() as c_int;
        let values = texts.into_iter().map(CString::into_raw).chain([std::ptr::null_mut()]).collect::<Vec<_>>();
        Ok(Self { count, values: values.leak().as_mut_ptr() })
    }
}
