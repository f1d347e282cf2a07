//! CLIP's tokenizer: byte pair encoding over cleaned, lower-case words, like transformers' `CLIPTokenizer` with `ftfy` installed.

mod clean;
mod special;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::path::Path;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence as Steps;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{DecoderWrapper, PostProcessorWrapper, PreTokenizerWrapper, SplitDelimiterBehavior, TokenizerImpl};

use self::clean::Clean;
pub(crate) use self::special::{END, EXCLAMATION};
use self::special::{START, Special};
use self::vocabulary::{END_OF_WORD, Vocabulary};
use crate::prompt::{Chunk, Token};
use crate::{Error, ErrorKind, Result};

/// CLIP's words: contractions, runs of letters, single digits, runs of other characters (`simple_tokenizer.py` of CLIP).
const WORDS: &str = r"(?i)'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// Turns prompts into token ids.
///
/// ```
/// use dedit_diffusion::Tokenizer;
/// let tokenizer = Tokenizer::bundled("<|endoftext|>")?;
/// assert_eq!(tokenizer.encode("a red bag", 6)?.ids, [49406, 320, 736, 3365, 49407, 49407]);
/// # Ok::<(), dedit_diffusion::Error>(())
/// ```
pub struct Tokenizer {
    bpe: TokenizerImpl<BPE, Clean, Steps, PostProcessorWrapper, DecoderWrapper>,
    start: u32,
    end: u32,
    pad: u32,
    max_length: usize,
}

/// A prompt as token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Start, prompt, end and padding, of the requested length.
    pub ids: Vec<u32>,
    /// The text beyond the length, which was left out.
    pub dropped: Option<String>,
}

impl Tokenizer {
    /// Reads a tokenizer from a folder: `vocab.json` and `merges.txt`, or `tokenizer.json`; with `tokenizer_config.json` and `special_tokens_map.json` if
    /// they exist. A folder with settings but without vocabulary gets CLIP's.
    pub fn from_dir(dir: &Path) -> Result<Self> {
        Self::build(Vocabulary::from_dir(dir)?, &Special::from_dir(dir)?)
    }

    /// CLIP's vocabulary of 49,408 tokens, for checkpoints without one. `pad` is `<|endoftext|>` for Stable Diffusion 1 and the first encoder of SDXL, `!` for
    /// Stable Diffusion 2 and the second.
    pub fn bundled(pad: &str) -> Result<Self> {
        Self::build(Vocabulary::bundled()?, &Special::with_pad(pad))
    }

    fn build(vocabulary: Vocabulary, special: &Special) -> Result<Self> {
        let place = vocabulary.place;
        let wrong = |error: tokenizers::Error| Error::model(format!("this tokenizer cannot be used ({error})")).at(&place);
        let ids: Vocab = vocabulary.ids.into_iter().collect();
        let model = BPE::builder()
            .vocab_and_merges(ids, vocabulary.merges)
            .unk_token(END.to_owned())
            .end_of_word_suffix(END_OF_WORD.to_owned())
            .build()
            .map_err(wrong)?;
        let mut bpe = TokenizerImpl::new(model);
        bpe.with_normalizer(Some(Clean)).map_err(wrong)?;
        let words = Split::new(SplitPattern::Regex(WORDS.to_owned()), SplitDelimiterBehavior::Removed, true).map_err(wrong)?;
        let steps: Vec<PreTokenizerWrapper> = vec![words.into(), ByteLevel::new(false, false, false).into()];
        bpe.with_pre_tokenizer(Some(Steps::new(steps)));
        for (id, token) in special.added_tokens(|text| bpe.token_to_id(text)) {
            let text = token.content.clone();
            bpe.add_tokens([token]).map_err(wrong)?;
            if bpe.token_to_id(&text) != Some(id) {
                return Err(Error::model(format!("the added token {text:?} claims the id {id}, which is not the next free one")).at(&place));
            }
        }
        let find = |text: &str| {
            bpe.token_to_id(text).ok_or_else(|| Error::model(format!("the vocabulary has no token {text:?}, which CLIP needs")).at(&place))
        };
        Ok(Self { start: find(START)?, end: find(END)?, pad: find(&special.pad)?, max_length: special.max_length, bpe })
    }

    /// Encodes a prompt to exactly `length` ids (at least 2): start, prompt, end, padding. A longer prompt is cut before the end token, as CLIP does.
    pub fn encode(&self, text: &str, length: usize) -> Result<Encoded> {
        let Some(room) = length.checked_sub(2) else {
            return Err(Error::usage(format!("a prompt of {length} tokens has no room for start and end; give at least 2")));
        };
        let tokens = self.tokens(text)?;
        let (fitting, rest) = tokens.split_at(tokens.len().min(room));
        let dropped: String = rest.iter().map(|token| token.text.as_str()).collect();
        Ok(Encoded { ids: self.chunk(fitting, length).ids, dropped: (!rest.is_empty()).then_some(dropped) })
    }

    /// The tokens of words, without start, end and padding, each with a weight of 1. The text of a token goes on to the next one, so that together they are
    /// the words from the first token on.
    pub(crate) fn tokens(&self, text: &str) -> Result<Vec<Token>> {
        let words = self
            .bpe
            .encode(text, false)
            .map_err(|error| Error::new(ErrorKind::Input, format!("the prompt {text:?} cannot be split into tokens ({error})")))?;
        let starts = words.get_offsets().iter().map(|(start, _)| *start);
        let ends = starts.clone().skip(1).chain([text.len()]);
        let token = |(&id, (start, end)): (&u32, (usize, usize))| Token {
            id,
            weight: 1.0,
            ends_word: self.bpe.id_to_token(id).is_some_and(|token| token.ends_with(END_OF_WORD)),
            text: text.get(start..end).unwrap_or_default().to_owned(),
        };
        Ok(words.get_ids().iter().zip(starts.zip(ends)).map(token).collect())
    }

    /// Start, tokens, end and padding, of the given length; the tokens must fit.
    pub(crate) fn chunk(&self, tokens: &[Token], length: usize) -> Chunk {
        let mut ids = vec![self.start];
        ids.extend(tokens.iter().map(|token| token.id));
        ids.push(self.end);
        ids.resize(length, self.pad);
        let is_usual = |weight: f32| (weight - 1.0).abs() < f32::EPSILON;
        if tokens.iter().all(|token| is_usual(token.weight)) {
            return Chunk { ids, weights: Vec::new() };
        }
        let mut weights = vec![1.0];
        weights.extend(tokens.iter().map(|token| token.weight));
        weights.resize(length, 1.0);
        Chunk { ids, weights }
    }

    /// Maximal number of tokens of a prompt, start and end included (77).
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Number of ids; added tokens get ids from here on.
    pub fn vocabulary_size(&self) -> usize {
        self.bpe.get_vocab_size(true)
    }

    /// The id of the token that ends a prompt.
    pub fn end_id(&self) -> u32 {
        self.end
    }

    /// The id of the padding token.
    pub fn pad_id(&self) -> u32 {
        self.pad
    }
}
