//! How text is cleaned before it is split into words.
//!
//! Stable Diffusion was trained, and the published method was run, with `ftfy` in front of the tokenizer: ligatures are spelled out, full-width forms
//! become plain ones, curly quotes straight, control characters vanish. Newer versions of transformers leave that out, so that for such prompts
//! alone their ids differ. ftfy's repair of wrongly decoded text and of HTML entities is not done here.

use tokenizers::{NormalizedString, Normalizer};

/// Cleaning, Unicode's composed form (NFC), lower case.
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

/// Characters with how many places each adds to the text: the first of a replacement stands for what it replaces.
fn counted(replacement: &str) -> Vec<(char, isize)> {
    replacement.chars().enumerate().map(|(index, c)| (c, isize::from(index > 0))).collect()
}

/// Characters that show nothing and separate nothing.
fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}

/// What stands for a character: itself, unless it is a ligature, a wide or narrow form, or a curly quote.
fn spell_out(c: char) -> String {
    let fixed = match c {
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => "'",
        '\u{201c}'..='\u{201f}' => "\"",
        // The letter n after an apostrophe, which is made straight at once.
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

/// Lower case, where a Σ that ends a word becomes ς: that depends on its neighbours, so the whole text is lowered at once.
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
