//! The detector finds the circles in given sources, and no others.

use std::path::Path;

use super::{imports, python};

struct Case {
    about: &'static str,
    /// Paths and texts; the first one is the root of the crate.
    files: &'static [(&'static str, &'static str)],
    circles: &'static [&'static str],
}

const RUST: &[Case] = &[
    Case {
        about: "two siblings",
        files: &[
            ("lib.rs", "mod a;\nmod b;\n"),
            ("a.rs", "use std::fmt;\nuse crate::b::B;\npub struct A(B);\n"),
            ("b.rs", "pub struct B;\nimpl B {\n    fn f() -> super::a::A { todo!() }\n}\n"),
        ],
        circles: &["a.rs:2 → b.rs:3 → a.rs"],
    },
    Case {
        about: "three, one of them a folder, one named inside a macro",
        files: &[
            ("lib.rs", "mod a;\nmod b;\nmod c;\n"),
            ("a.rs", "use crate::b::deep::B;\npub struct A;\n"),
            ("b/mod.rs", "pub mod deep;\n"),
            ("b/deep.rs", "pub struct B;\nfn f() { assert!(crate::c::f()); }\n"),
            ("c.rs", "use super::{\n    a::A,\n};\npub fn f() -> bool { true }\n"),
        ],
        circles: &["a.rs:1 → b/deep.rs:2 → c.rs:2 → a.rs"],
    },
    Case {
        about: "through re-exports of the root, a module brought in by name, and an alias",
        files: &[
            ("lib.rs", "mod a;\nmod b;\npub use a::A;\npub use b::f as g;\n"),
            ("a.rs", "use crate::b as other;\npub struct A;\nfn h() { other::f(); }\n"),
            ("b.rs", "use crate::A as Renamed;\npub fn f() {}\n"),
        ],
        circles: &["a.rs:3 → b.rs:1 → a.rs"],
    },
    Case {
        about: "through a glob, in code and in a re-export",
        files: &[
            ("lib.rs", "mod a;\nmod b;\nmod all;\n"),
            ("all.rs", "pub use super::a::*;\n"),
            ("a.rs", "use crate::b::B;\npub struct A(B);\n"),
            ("b.rs", "use super::all::*;\npub struct B;\nfn f(a: A) {}\n"),
        ],
        circles: &["a.rs:1 → b.rs:1 → all.rs:1 → a.rs", "a.rs:1 → b.rs:3 → a.rs"],
    },
    Case {
        about: "a module with its own children, which import from it and it from them",
        files: &[
            ("lib.rs", "mod a;\npub use a::f;\npub struct Top;\nfn g() { a::f(); }\n"),
            ("a/mod.rs", "mod b;\nmod c;\nuse b::B;\npub use c::C;\npub struct A(B);\npub fn f() { crate::Top; }\n"),
            ("a/b.rs", "use super::A;\nuse super::c::C;\npub struct B;\n"),
            ("a/c.rs", "use super::A;\npub struct C;\n"),
        ],
        circles: &[],
    },
    Case {
        about: "children of one module, through it",
        files: &[
            ("lib.rs", "mod a;\n"),
            ("a/mod.rs", "mod b;\nmod c;\nuse b::B;\nuse c::C;\n"),
            ("a/b.rs", "use super::C;\npub struct B;\n"),
            ("a/c.rs", "use super::B;\npub struct C;\n"),
        ],
        circles: &["a/b.rs:1 → a/c.rs:1 → a/b.rs"],
    },
    Case {
        about: "a module, its child, and another module",
        files: &[
            ("lib.rs", "mod a;\nmod q;\n"),
            ("a/mod.rs", "mod b;\nfn f() { b::g() }\npub struct A;\n"),
            ("a/b.rs", "use crate::q::Q;\npub fn g() {}\n"),
            ("q.rs", "use crate::a::A;\npub struct Q;\n"),
        ],
        circles: &["a/mod.rs:2 → a/b.rs:1 → q.rs:1 → a/mod.rs"],
    },
    Case {
        about: "tests, comments, strings, visibility and other crates are no imports",
        files: &[
            ("lib.rs", "mod a;\nmod b;\n"),
            ("a.rs", "use crate::b::B;\npub(crate) struct A(B);\n"),
            (
                "b.rs",
                "//! [`crate::a::A`]\nuse ::a::A;\npub(in crate::b) struct B;\nconst S: &str = \"crate::a::A\";\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n\
                 #[cfg(test)]\nuse crate::a::A;\n",
            ),
        ],
        circles: &[],
    },
    Case {
        about: "files that `path` names, and modules inside a file",
        files: &[
            ("src/lib.rs", "#[path = \"../other/a.rs\"]\nmod a;\nmod b { pub mod c; pub fn f() { super::a::g() } }\n"),
            ("other/a.rs", "use crate::b::c::C;\npub fn g() {}\n"),
            ("src/b/c.rs", "pub struct C;\nfn f() { crate::a::g() }\n"),
        ],
        circles: &["other/a.rs:1 → src/b/c.rs:2 → other/a.rs"],
    },
];

const PYTHON: &[Case] = &[
    Case {
        about: "two modules of a package, in each way to import",
        files: &[
            ("package/__init__.py", "from .a import A\n"),
            ("package/a.py", "\"\"\"Text.\n\nfrom .c import C\n\"\"\"\nfrom . import (\n    b,\n    # c,\n)\n"),
            ("package/b.py", "import os\ndef f():\n    import package.a as a, sys\n"),
            ("package/c.py", "from package.a import A; from ..package import b\n"),
        ],
        circles: &["package/a.py:5 → package/b.py:3 → package/a.py"],
    },
    Case {
        about: "for types alone, and through a folder",
        files: &[
            ("a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ui.b import B\n"),
            ("ui/__init__.py", ""),
            ("ui/b.py", "from .c import C\n"),
            ("ui/c.py", "import a\n"),
        ],
        circles: &["a.py:3 → ui/b.py:1 → ui/c.py:1 → a.py"],
    },
    Case {
        about: "for types alone, in a file where these do not count",
        files: &[
            ("types.py", "if TYPE_CHECKING:\n    from a import A\n\n    X = 1\nimport b\n"),
            ("a.py", "import types\n"),
            ("b.py", "import types\n"),
        ],
        circles: &["types.py:5 → b.py:1 → types.py"],
    },
    Case {
        about: "a package with its own modules",
        files: &[("package/__init__.py", "from .a import A\nX = 1\n"), ("package/a.py", "from . import X\n")],
        circles: &[],
    },
];

fn check(case: &Case, found: &[String]) {
    assert_eq!(found, case.circles, "{}", case.about);
}

#[test]
fn circles_in_rust_are_found() {
    for case in RUST {
        let read = |file: &Path| case.files.iter().find(|(name, _)| Path::new(name) == file).map(|(_, text)| (*text).to_owned());
        check(case, &imports::imports(Path::new(case.files[0].0), &read).circles());
    }
}

#[test]
fn circles_in_python_are_found() {
    for case in PYTHON {
        let files: Vec<(String, String)> = case.files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        check(case, &python::imports(&files, &["types.py"]).circles());
    }
}
