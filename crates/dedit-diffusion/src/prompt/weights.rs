//! Brackets and `BREAK` in the words of a prompt.

use std::ops::Range;

use super::Part;

/// The factor of a pair of round brackets without a number; square brackets have its inverse.
const EMPHASIS: f64 = 1.1;
/// The limit of weights, to both sides of 0.
const STRONGEST: f64 = 10.0;
/// The limit of products of weights: far enough that `((a:1000):0.001)` is 1, near enough that no product is infinite.
const FARTHEST: f64 = 1e9;
/// Brackets of a kind that may be open at once; further ones are words. It bounds the time that hostile prompts take.
const DEEPEST: usize = 256;
/// The word that begins another chunk.
const BREAK: &str = "BREAK";

/// A stretch of a prompt with one weight.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unit {
    Words(String, f64),
    Rows(Range<u32>, f64),
    Break,
}

/// A mark, or what is between marks.
enum Lexeme<'a> {
    /// `(` or `[`.
    Open(char),
    /// `)` or `]`.
    Close(char),
    /// `:1.3)`, as it is written.
    Weight(f64, &'a str),
    Words(String),
    Rows(Range<u32>),
    Break,
}

/// Whether a text has no brackets and no `BREAK`.
pub(super) fn is_plain(text: &str) -> bool {
    let breaks = |at: usize| begins_with_break(&text[at..], text[..at].chars().next_back());
    !text.contains(['(', ')', '[', ']']) && !text.match_indices(BREAK).any(|(at, _)| breaks(at))
}

/// A prompt as it is, with weights of 1.
pub(crate) fn unread(parts: &[Part]) -> Vec<Unit> {
    let plain = |part: &Part| match part {
        Part::Words(words) => Unit::Words(words.clone(), 1.0),
        Part::Rows(rows) => Unit::Rows(rows.clone(), 1.0),
    };
    parts.iter().map(plain).collect()
}

/// Reads the marks in a prompt. A prompt without marks is returned as it is, with weights of 1.
pub(crate) fn read(parts: &[Part]) -> Vec<Unit> {
    if parts.iter().all(|part| !matches!(part, Part::Words(words) if !is_plain(words))) {
        return unread(parts);
    }
    let mut reader = Reader::default();
    for part in parts {
        match part {
            Part::Words(words) => lex(words, &mut |lexeme| reader.take(lexeme)),
            Part::Rows(rows) => reader.take(Lexeme::Rows(rows.clone())),
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    units: Vec<Unit>,
    /// For each open bracket, the number of units before it.
    round: Vec<usize>,
    square: Vec<usize>,
}

impl Reader {
    fn take(&mut self, lexeme: Lexeme<'_>) {
        match lexeme {
            Lexeme::Open('(') if self.round.len() < DEEPEST => self.round.push(self.units.len()),
            Lexeme::Open('[') if self.square.len() < DEEPEST => self.square.push(self.units.len()),
            Lexeme::Open(bracket) => self.units.push(Unit::Words(bracket.to_string(), 1.0)),
            Lexeme::Weight(weight, text) => match self.round.pop() {
                Some(from) => self.multiply(from, weight),
                None => self.units.push(Unit::Words(text.to_owned(), 1.0)),
            },
            Lexeme::Close(bracket) => {
                let (open, factor) = if bracket == ')' { (&mut self.round, EMPHASIS) } else { (&mut self.square, 1.0 / EMPHASIS) };
                match open.pop() {
                    Some(from) => self.multiply(from, factor),
                    None => self.units.push(Unit::Words(bracket.to_string(), 1.0)),
                }
            }
            Lexeme::Words(words) => self.units.push(Unit::Words(words, 1.0)),
            Lexeme::Rows(rows) => self.units.push(Unit::Rows(rows, 1.0)),
            Lexeme::Break => self.units.push(Unit::Break),
        }
    }

    fn multiply(&mut self, from: usize, factor: f64) {
        for unit in self.units.iter_mut().skip(from) {
            if let Unit::Words(_, weight) | Unit::Rows(_, weight) = unit {
                *weight = (*weight * factor).clamp(-FARTHEST, FARTHEST);
            }
        }
    }

    fn finish(mut self) -> Vec<Unit> {
        for from in std::mem::take(&mut self.round) {
            self.multiply(from, EMPHASIS);
        }
        for from in std::mem::take(&mut self.square) {
            self.multiply(from, 1.0 / EMPHASIS);
        }
        let mut joined: Vec<Unit> = Vec::with_capacity(self.units.len());
        for mut unit in self.units {
            if let Unit::Words(_, weight) | Unit::Rows(_, weight) = &mut unit {
                *weight = weight.clamp(-STRONGEST, STRONGEST);
            }
            match (joined.last_mut(), &unit) {
                // Words of one weight are joined, so that characters that were escaped are not words of their own.
                (Some(Unit::Words(words, one)), Unit::Words(more, other)) if one.to_bits() == other.to_bits() => words.push_str(more),
                _ => joined.push(unit),
            }
        }
        joined
    }
}

/// Splits words at their marks.
fn lex<'a>(text: &'a str, take: &mut dyn FnMut(Lexeme<'a>)) {
    let (mut words, mut rest, mut before) = (String::new(), text, None);
    let flush = |words: &mut String, take: &mut dyn FnMut(Lexeme<'a>)| {
        if !words.is_empty() {
            take(Lexeme::Words(std::mem::take(words)));
        }
    };
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        let (lexeme, length) = match c {
            '\\' => {
                let escaped = after.chars().next().filter(|next| "()[]\\".contains(*next));
                words.push(escaped.unwrap_or(c));
                (None, 1 + escaped.map_or(0, char::len_utf8))
            }
            '(' | '[' => (Some(Lexeme::Open(c)), 1),
            ')' | ']' => (Some(Lexeme::Close(c)), 1),
            ':' if weight(after).is_some() => {
                let (weight, length) = weight(after).unwrap_or_default();
                (Some(Lexeme::Weight(weight, &rest[..=length])), 1 + length)
            }
            'B' if begins_with_break(rest, before) => (Some(Lexeme::Break), BREAK.len()),
            _ => {
                words.push(c);
                (None, c.len_utf8())
            }
        };
        if let Some(lexeme) = lexeme {
            flush(&mut words, take);
            take(lexeme);
        }
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    flush(&mut words, take);
}

/// A number and a closing bracket at the beginning of a text, with their length in bytes.
fn weight(text: &str) -> Option<(f64, usize)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-. \t".contains(c)))?;
    let number: f64 = text[..end].trim().parse().ok()?;
    text[end..].starts_with(')').then_some((number.clamp(-FARTHEST, FARTHEST), end + 1))
}

/// Whether a text begins with `BREAK` as a word of its own; `before` is the character before the text.
fn begins_with_break(text: &str, before: Option<char>) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.strip_prefix(BREAK).is_some_and(|after| !before.is_some_and(is_word) && !after.chars().next().is_some_and(is_word))
}
