//! Names in the words of a prompt.

/// A stretch of words, or a name by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stretch<'a> {
    Words(&'a str),
    Name(usize),
}

/// What may stand before a name, as `ComfyUI` writes it.
const PREFIX: &str = "embedding:";

/// Finds names that stand as words of their own, in upper or lower case; of names that begin alike the longest counts.
pub(crate) fn find<'a>(text: &'a str, names: &[&str]) -> Vec<Stretch<'a>> {
    let mut stretches = Vec::new();
    let (mut from, mut at) = (0, 0);
    let mut before = None;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let starts = !before.is_some_and(is_word);
        if let Some((name, length)) = starts.then(|| name_at(&text[at..], names)).flatten() {
            if from < at {
                stretches.push(Stretch::Words(&text[from..at]));
            }
            stretches.push(Stretch::Name(name));
            at += length;
            from = at;
            before = text[..at].chars().next_back();
        } else {
            at += c.len_utf8();
            before = Some(c);
        }
    }
    if from < text.len() || stretches.is_empty() {
        stretches.push(Stretch::Words(&text[from..]));
    }
    stretches
}

/// The name that a text begins with, and its length in bytes with what stands before it.
fn name_at(text: &str, names: &[&str]) -> Option<(usize, usize)> {
    let begins = |text: &str, with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let prefix = if begins(text, PREFIX) { PREFIX.len() } else { 0 };
    let rest = &text[prefix..];
    let fits = |name: &&str| begins(rest, name) && !rest[name.len()..].chars().next().is_some_and(is_word);
    let (index, name) = names.iter().enumerate().filter(|(_, name)| fits(name)).max_by_key(|(_, name)| name.len())?;
    Some((index, prefix + name.len()))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}
