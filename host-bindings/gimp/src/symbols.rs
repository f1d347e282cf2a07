//! The libraries of the GIMP that runs the plug-in, and the functions in them. Nothing is linked: the plug-in has to start where only one of the two
//! versions is installed.
#![expect(unsafe_code, reason = "opening a library runs its initialisers")]

use std::error::Error as _;

use libloading::Library;

use crate::error::{Error, Result};

/// What the libraries of GIMP 2.10 are called, apart from what each system adds. In this order: a library comes before what it needs.
pub(crate) const GIMP_2: [&str; 7] = ["gimp-2.0", "gimpbase-2.0", "gimpcolor-2.0", "gegl-0.4", "babl-0.1", "gobject-2.0", "glib-2.0"];
/// And those of GIMP 3.
pub(crate) const GIMP_3: [&str; 8] =
    ["gimp-3.0", "gimpbase-3.0", "gimpcolor-3.0", "gegl-0.4", "babl-0.1", "gobject-2.0", "glib-2.0", "gio-2.0"];

/// The file of a library. Those for Windows and macOS are as their packages name them, and are not tried.
fn file_name(stem: &str) -> String {
    if cfg!(windows) {
        format!("lib{stem}-0.dll")
    } else if cfg!(target_os = "macos") {
        format!("lib{stem}.0.dylib")
    } else {
        format!("lib{stem}.so.0")
    }
}

/// Libraries that stay until the program ends: GIMP keeps pointers into them, and so do tables.
pub(crate) struct Libraries {
    program: &'static str,
    loaded: &'static [Library],
    missing: Vec<&'static str>,
}

impl Libraries {
    /// Loads the libraries of a program, which is named in errors.
    pub(crate) fn open(program: &'static str, stems: &[&str]) -> Result<Self> {
        let (mut loaded, mut failed) = (Vec::new(), Vec::new());
        for stem in stems {
            match open(&file_name(stem)) {
                Ok(library) => loaded.push(library),
                Err(error) => {
                    // The outer message does not name the file, the one behind it does.
                    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                    failed.push(reason);
                }
            }
        }
        if failed.is_empty() {
            return Ok(Self { program, loaded: Box::leak(loaded.into_boxed_slice()), missing: Vec::new() });
        }
        Err(Error::new(format!("libraries of {program} cannot be loaded: {}", failed.join("; "))))
    }

    /// Those that are loaded.
    pub(crate) fn loaded(&self) -> &'static [Library] {
        self.loaded
    }

    /// Takes note of a function that none of them has.
    pub(crate) fn lacks(&mut self, function: &'static str) {
        self.missing.push(function);
    }

    /// What all tables together lack.
    pub(crate) fn complaint(self) -> Error {
        Error::new(format!("this GIMP is not the {} that is known here: its libraries lack {}", self.program, self.missing.join(", ")))
    }
}

#[cfg(unix)]
fn open(file: &str) -> std::result::Result<Library, libloading::Error> {
    use libloading::os::unix;
    // Visible to all, as if linked: what GEGL loads later looks for symbols there.
    // SAFETY: these are the libraries of the GIMP that started this program; to run their initialisers is what a plug-in is for.
    unsafe { unix::Library::open(Some(file), unix::RTLD_NOW | unix::RTLD_GLOBAL) }.map(Library::from)
}

#[cfg(not(unix))]
fn open(file: &str) -> std::result::Result<Library, libloading::Error> {
    // SAFETY: as above.
    unsafe { Library::new(file) }
}

/// Declares a table of functions by their C names; `a | b` is a function that is called `b` in the other version. A table is loaded from [`Libraries`];
/// what is missing is noted there, all of it.
///
/// A `safe` function can be called with any values of its types: they are numbers, pointers that live as long as the call, and handles that only GIMP
/// gives out and checks itself. What an `unsafe` one asks for, its caller has to know.
macro_rules! functions {
    ($(#[$about:meta])* $visibility:vis struct $table:ident$(<$($handle:ident),+>)? {
        $($safety:tt fn $name:ident $(| $other:ident)? ($($argument:ty),* $(,)?) $(-> $result:ty)?;)*
    }) => {
        $(#[$about])*
        #[allow(clippy::struct_field_names, reason = "they are called as in C")]
        $visibility struct $table$(<$($handle),+>)? {
            $($visibility $name: $crate::symbols::function!($safety ($($argument),*) $(-> $result)?),)*
        }

        impl$(<$($handle),+>)? $table$(<$($handle),+>)? {
            /// Finds them all.
            $visibility fn load(libraries: &mut $crate::symbols::Libraries) -> Option<Self> {
                $(let $name = libraries.loaded().iter().find_map(|library| {
                    [stringify!($name) $(, stringify!($other))?].into_iter().find_map(|symbol| {
                        // SAFETY: the type is the one that GIMP's headers declare.
                        unsafe { library.get::<$crate::symbols::function!($safety ($($argument),*) $(-> $result)?)>(symbol) }.ok().map(|found| *found)
                    })
                });
                if $name.is_none() {
                    libraries.lacks(stringify!($name));
                })*
                Some(Self { $($name: $name?,)* })
            }
        }
    };
}

/// The type of a function in a table.
macro_rules! function {
    (safe ($($argument:ty),*) $(-> $result:ty)?) => { extern "C" fn($($argument),*) $(-> $result)? };
    (unsafe ($($argument:ty),*) $(-> $result:ty)?) => { unsafe extern "C" fn($($argument),*) $(-> $result)? };
}

pub(crate) use {function, functions};

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::c_int;

    functions! {
        /// Of the C library, which is there in every test.
        struct Absolute {
            safe fn abs(c_int) -> c_int;
            safe fn no_such_name | abs(c_int) -> c_int;
        }
    }

    functions! {
        /// Nowhere.
        #[expect(dead_code, reason = "it is never found")]
        struct Nowhere {
            safe fn abs(c_int) -> c_int;
            safe fn no_such_first();
            unsafe fn no_such_second | no_such_third(*const c_int) -> c_int;
        }
    }

    fn this_program() -> Libraries {
        let itself = Library::from(libloading::os::unix::Library::this());
        Libraries { program: "GIMP 1", loaded: Box::leak(Box::new([itself])), missing: Vec::new() }
    }

    #[test]
    fn a_function_is_found_by_either_name() {
        let table = Absolute::load(&mut this_program()).unwrap();
        assert_eq!(((table.abs)(-3), (table.no_such_name)(-4)), (3, 4));
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let mut libraries = this_program();
        assert!(Nowhere::load(&mut libraries).is_none());
        let complaint = libraries.complaint().to_string();
        assert_eq!(complaint, "this GIMP is not the GIMP 1 that is known here: its libraries lack no_such_first, no_such_second");
    }

    #[test]
    fn all_libraries_that_are_missing_are_named_at_once() {
        let error = Libraries::open("GIMP 1", &["no-such-a", "no-such-b"]).err().unwrap().to_string();
        assert!(
            error.starts_with("libraries of GIMP 1 cannot be loaded") && error.contains("no-such-a") && error.contains("no-such-b"),
            "{error}"
        );
    }
}
