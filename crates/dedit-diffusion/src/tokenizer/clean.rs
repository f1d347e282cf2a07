//! Normalisation of text before it is split into words.
//!
//! Stable Diffusion was trained, and the published D-Edit was run, with `ftfy` before the tokenizer: ligatures are spelled out, full-width forms become
//! plain ones, curly quotes straight ones, control characters are removed. Newer versions of transformers leave that out, so their ids differ for such
//! prompts. ftfy's repair of wrongly decoded text and of HTML entities is not implemented.

use tokenizers::{NormalizedString, Normalizer};

/// Cleaning, Unicode normalisation to NFC, lower case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clean;

impl Normalizer for Clean {
    fn normalize(&self, text: &mut NormalizedString) -> tokenizers::Result<()> {
        text.filter(|c| !is_control(c));
        let spelled: Vec<(char, isize)> = text.get().chars().flat_map(|c| counted(&spell_out(c))).collect();
        text.transform(spelled, 0);
        text.nfc();
        lower(text);
        Ok(())
    }
}

/// The characters of a replacement with the change in length that `tokenizers` expects: 0 for the first, 1 for the others.
fn counted(replacement: &str) -> Vec<(char, isize)> {
    replacement.chars().enumerate().map(|(index, c)| (c, isize::from(index > 0))).collect()
}

/// Control characters that are not white space.
fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}

/// The replacement of a character: itself, unless it is a ligature, a full-width or half-width form, or a curly quote.
fn spell_out(c: char) -> String {
    let fixed = match c {
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => "'",
        '\u{201c}'..='\u{201f}' => "\"",
        // The letter n after an apostrophe, with a straight apostrophe.
        '\u{149}' => "'n",
        '\u{132}' => "IJ",
        '\u{133}' => "ij",
        '\u{1c4}' => "DŽ",
        '\u{1c5}' => "Dž",
        '\u{1c6}' => "dž",
        '\u{1c7}' => "LJ",
        '\u{1c8}' => "Lj",
        '\u{1c9}' => "lj",
        '\u{1ca}' => "NJ",
        '\u{1cb}' => "Nj",
        '\u{1cc}' => "nj",
        '\u{1f1}' => "DZ",
        '\u{1f2}' => "Dz",
        '\u{1f3}' => "dz",
        '\u{fb00}' => "ff",
        '\u{fb01}' => "fi",
        '\u{fb02}' => "fl",
        '\u{fb03}' => "ffi",
        '\u{fb04}' => "ffl",
        '\u{fb05}' => "ſt",
        '\u{fb06}' => "st",
        '\u{3000}' => " ",
        '\u{ff01}'..='\u{ffef}' => return NormalizedString::from(c.to_string()).nfkc().get().to_owned(),
        _ => return c.to_string(),
    };
    fixed.to_owned()
}

/// Lower case of the whole text at once: a Σ at the end of a word becomes ς, which depends on its neighbours.
fn lower(text: &mut NormalizedString) {
    let lowered = text.get().to_lowercase();
    let mut rest = lowered.chars();
    let mut changes = Vec::with_capacity(lowered.len());
    for c in text.get().chars() {
        let part: String = rest.by_ref().take(c.to_lowercase().count()).collect();
        changes.extend(counted(&part));
    }
    text.transform(changes, 0);
}
