//! Where `unsafe` stands.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use crate::map;
use crate::workspace::{files_below, relative};

fn holds_unsafe(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "unsafe",
        TokenTree::Group(group) => holds_unsafe(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[test]
fn unsafe_stands_only_where_the_map_says() {
    let listed = map::unsafe_files(&map::text());
    let files = files_below(&["crates", "plugins", "host-bindings", "tests"], "rs");
    let found = files.iter().filter(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        holds_unsafe(text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    });
    let found: BTreeSet<String> = found.map(|path| relative(path)).collect();
    assert_eq!(found, listed, "files with `unsafe` (left) and those listed in crates/README.md (right)");
}

#[test]
fn unsafe_is_code_and_not_a_word() {
    for (source, expected) in [
        ("fn f() { unsafe { g() } }", true),
        ("unsafe impl Send for X {}", true),
        ("#[unsafe(no_mangle)] fn f() {}", true),
        ("// unsafe\nfn f() -> &'static str { \"unsafe\" }", false),
        ("#![deny(unsafe_code)]", false),
    ] {
        assert_eq!(holds_unsafe(source.parse().unwrap()), expected, "{source}");
    }
}
