//! What one Rust module declares and imports, read from its tokens. Items under `#[cfg(test)]` are left out.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, Spacing, TokenTree};

/// The declarations and imports of one module.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) children: Vec<Child>,
    /// Names of types, functions, constants, traits and macros.
    pub(crate) items: BTreeSet<String>,
    pub(crate) uses: Vec<Use>,
    pub(crate) paths: Vec<Path>,
    /// The values of string literals outside of documentation, each with its line.
    pub(crate) strings: Vec<(String, usize)>,
}

/// `mod name;` or `mod name { … }`.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) name: String,
    /// The value of `#[path = "…"]`.
    pub(crate) path: Option<String>,
    /// What stands between the braces, if any.
    pub(crate) body: Option<Vec<TokenTree>>,
}

/// One name that a `use` brings in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) path: Vec<String>,
    /// The name that it has here, or `*`.
    pub(crate) name: String,
    /// Whether it is a re-export.
    pub(crate) public: bool,
    pub(crate) line: usize,
}

/// A path in code, outside of `use`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// Reads the tokens of a file, or those between the braces of an inline module.
pub(crate) fn contents(tokens: &[TokenTree]) -> Contents {
    let mut contents = Contents::default();
    let mut rest = tokens;
    while !rest.is_empty() {
        let (attributes, after) = rest.split_at(attributes(rest));
        let (item, after) = after.split_at(item_length(after));
        rest = after;
        if !attributes.iter().any(is_test_only) {
            contents.item(attributes, item);
        }
    }
    contents
}

impl Contents {
    fn item(&mut self, attributes: &[TokenTree], item: &[TokenTree]) {
        match declared(item) {
            Some((kind, name)) if kind == "mod" => {
                let body = item.iter().find_map(|token| group(token, Delimiter::Brace));
                let path = attributes.iter().find_map(path_attribute);
                self.children.push(Child { name, path, body: body.map(|body| body.stream().into_iter().collect()) });
            }
            declared => {
                self.items.extend(declared.map(|(_, name)| name));
                self.scan(attributes);
                self.scan(item);
            }
        }
    }

    /// Collects the paths in `tokens`, and the names that `use` brings in.
    fn scan(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            at += match &tokens[at] {
                _ if is_attribute(&tokens[at..]) => self.scan_attributes(&tokens[at..]),
                TokenTree::Group(group) => {
                    self.scan(&group.stream().into_iter().collect::<Vec<_>>());
                    1
                }
                TokenTree::Ident(word) if word == "use" && !tokens.get(at + 1).is_some_and(|next| is_punct(next, '<')) => {
                    let length = item_length(&tokens[at..]);
                    let base = Use { path: Vec::new(), name: String::new(), public: is_public(&tokens[..at]), line: 0 };
                    self.use_tree(&tokens[at + 1..at + length], &base);
                    length
                }
                TokenTree::Ident(word) => {
                    let (segments, length) = path(&tokens[at..]);
                    if !follows_double_colon(&tokens[..at]) {
                        self.paths.push(Path { segments, line: word.span().start().line });
                    }
                    length
                }
                TokenTree::Literal(literal) => {
                    self.strings.push((literal.to_string(), literal.span().start().line));
                    1
                }
                TokenTree::Punct(_) => 1,
            };
        }
    }

    /// Scans the attributes that `tokens` begin with, apart from documentation, and returns how many tokens to go on by: with an item that is there for
    /// tests alone, beyond that.
    fn scan_attributes(&mut self, tokens: &[TokenTree]) -> usize {
        let length = attributes(tokens);
        if tokens[..length].iter().any(is_test_only) {
            return length + item_length(&tokens[length..]);
        }
        for attribute in tokens[..length].iter().filter_map(|token| group(token, Delimiter::Bracket)) {
            if words(attribute).first().is_none_or(|word| word != "doc") {
                self.scan(&attribute.stream().into_iter().collect::<Vec<_>>());
            }
        }
        length
    }

    /// Adds the names of a use tree, `a::b`, `a::{b, c as d}` or `a::*`, below the path of `base`.
    fn use_tree(&mut self, tokens: &[TokenTree], base: &Use) {
        if tokens.is_empty() {
            return;
        }
        let mut used = Use { name: String::new(), path: base.path.clone(), ..*base };
        let mut tokens = tokens.iter();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => used.name = tokens.next().map(ToString::to_string).unwrap_or_default(),
                TokenTree::Ident(word) => {
                    used.line = word.span().start().line;
                    used.path.push(plain(word));
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => "*".clone_into(&mut used.name),
                // A leading `::` means another crate: the empty name is never found.
                TokenTree::Punct(punct) if used.path.is_empty() && punct.as_char() == ':' => used.path.push(String::new()),
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    inner.split(|token| is_punct(token, ',')).for_each(|part| self.use_tree(part, &used));
                    return;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if used.path.len() > 1 && used.path.last().is_some_and(|last| last == "self") {
            used.path.pop();
        }
        if used.name.is_empty() {
            used.name = used.path.last().cloned().unwrap_or_default();
        }
        self.uses.push(used);
    }
}

/// The kind and the name of what an item declares.
fn declared(item: &[TokenTree]) -> Option<(String, String)> {
    const BEFORE_FN: [&str; 4] = ["fn", "unsafe", "async", "extern"];
    const KINDS: [&str; 11] = ["mod", "fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules", "macro"];
    let words: Vec<String> = item
        .iter()
        .take_while(|token| group(token, Delimiter::Brace).is_none())
        .filter_map(|token| if let TokenTree::Ident(word) = token { Some(plain(word)) } else { None })
        .collect();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1)?;
        match word.as_str() {
            "pub" | "unsafe" | "async" | "extern" | "default" => {}
            "const" if BEFORE_FN.contains(&next.as_str()) => {}
            "static" if next == "mut" => return Some((word.clone(), words.get(at + 2)?.clone())),
            kind if KINDS.contains(&kind) => return Some((word.clone(), next.clone())),
            _ => return None,
        }
        at += 1;
    }
    None
}

/// Whether the tokens before a `use` end in `pub` or `pub(…)`.
fn is_public(before: &[TokenTree]) -> bool {
    let is_pub = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "pub");
    match before {
        [.., token] if is_pub(token) => true,
        [.., token, scope] => is_pub(token) && group(scope, Delimiter::Parenthesis).is_some(),
        _ => false,
    }
}

/// How many of the first tokens are attributes.
fn attributes(tokens: &[TokenTree]) -> usize {
    let mut length = 0;
    while is_attribute(&tokens[length..]) {
        length += if is_punct(&tokens[length + 1], '!') { 3 } else { 2 };
    }
    length
}

fn is_attribute(tokens: &[TokenTree]) -> bool {
    let bracket = |at: usize| tokens.get(at).is_some_and(|token| group(token, Delimiter::Bracket).is_some());
    let exclamation = tokens.get(1).is_some_and(|token| is_punct(token, '!'));
    tokens.first().is_some_and(|token| is_punct(token, '#')) && (bracket(1) || exclamation && bracket(2))
}

/// How many tokens the first item has: up to a semicolon, or to braces that are no part of a `use`.
fn item_length(tokens: &[TokenTree]) -> usize {
    let is_use = tokens.iter().take(3).any(|token| matches!(token, TokenTree::Ident(word) if word == "use"));
    let is_end = |token: &TokenTree| is_punct(token, ';') || !is_use && group(token, Delimiter::Brace).is_some();
    tokens.iter().position(is_end).map_or(tokens.len(), |end| end + 1)
}

/// The path that begins with the first token, and how many tokens it has.
fn path(tokens: &[TokenTree]) -> (Vec<String>, usize) {
    let mut segments = Vec::new();
    let mut at = 0;
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        segments.push(plain(word));
        at += 1;
        if !matches!(tokens.get(at..at + 3), Some([a, b, TokenTree::Ident(_)]) if is_punct(a, ':') && is_punct(b, ':')) {
            break;
        }
        at += 2;
    }
    (segments, at)
}

fn follows_double_colon(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Punct(first), last] if first.as_char() == ':' && first.spacing() == Spacing::Joint && is_punct(last, ':'))
}

/// `#[cfg(test)]` and `#[cfg(all(test, …))]`, given what follows the `#`.
fn is_test_only(token: &TokenTree) -> bool {
    let Some(attribute) = group(token, Delimiter::Bracket) else { return false };
    let words = words(attribute);
    words.first().is_some_and(|word| word == "cfg") && words.iter().any(|word| word == "test") && !words.iter().any(|word| word == "not")
}

/// The value of `path = "…"`, given what follows the `#`.
fn path_attribute(token: &TokenTree) -> Option<String> {
    let text = group(token, Delimiter::Bracket)?.stream().to_string();
    let value = text.strip_prefix("path")?.trim_start().strip_prefix('=')?.trim();
    Some(value.trim_matches('"').to_owned())
}

fn words(group: &Group) -> Vec<String> {
    let mut found = Vec::new();
    for token in group.stream() {
        match token {
            TokenTree::Ident(word) => found.push(word.to_string()),
            TokenTree::Group(inner) => found.extend(words(&inner)),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

fn group(token: &TokenTree, delimiter: Delimiter) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// A word without the `r#` of a raw identifier.
fn plain(word: &proc_macro2::Ident) -> String {
    word.to_string().trim_start_matches("r#").to_owned()
}
