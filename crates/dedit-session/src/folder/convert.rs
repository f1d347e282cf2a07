//! Converts between the records on disk and the types in memory.

use std::collections::BTreeMap;

use dedit_edit::{Edit, ItemPrompt, ItemRef, ItemWords, Picture, PromptPiece, Segmentation, Sides, Transform, Vacated};
use sha2::{Digest as _, Sha256};

use super::record::{EditRecord, ItemsRecord, ModelRecord, PieceRecord, PromptRecord, WordsRecord};
use crate::models::{Embedding, Lora, ModelChoice};
use crate::raster::hex;

/// What [`ItemRef::parse`] reads.
fn reference(item: &ItemRef) -> String {
    match item.picture {
        // A name that looks like a reference needs its prefix.
        Picture::Target if ItemRef::parse(&item.item) != *item => format!("target:{}", item.item),
        Picture::Target => item.item.clone(),
        Picture::Reference => format!("reference:{}", item.item),
    }
}

fn receiver(vacated: &Vacated) -> Option<String> {
    match vacated {
        Vacated::Nearest => None,
        Vacated::To(item) => Some(item.clone()),
    }
}

/// An edit without its mask.
pub(crate) fn edit_record(edit: &Edit) -> EditRecord {
    match edit.clone() {
        Edit::Reconstruct => EditRecord::Reconstruct,
        Edit::Replace { item, prompt } => EditRecord::Replace { item, prompt },
        Edit::Augment { item, prompt } => EditRecord::Augment { item, prompt },
        Edit::SwapIn { item, from } => EditRecord::SwapIn { item, from: reference(&from) },
        Edit::Move { item, transform: Transform { dx, dy, scale, degrees }, vacated } => {
            EditRecord::Move { item, dx, dy, scale, degrees, vacated: receiver(&vacated) }
        }
        Edit::Reshape { item, vacated, .. } => EditRecord::Reshape { item, vacated: receiver(&vacated) },
        Edit::Swap { item, with } => EditRecord::Swap { item, with },
        Edit::Remove { items, vacated } => EditRecord::Remove { items, vacated: receiver(&vacated) },
        Edit::Blend { item, with, amount } => EditRecord::Blend { item, with: reference(&with), amount },
        Edit::Refine { .. } => EditRecord::Refine,
        Edit::Expand { sides: Sides { left, right, top, bottom }, vacated } => {
            EditRecord::Expand { left, right, top, bottom, vacated: receiver(&vacated) }
        }
        Edit::Personalize { item, prompt } => EditRecord::Personalize { item, prompt },
    }
}

pub(crate) fn prompt_record(prompt: &ItemPrompt) -> PromptRecord {
    let piece = |piece: &PromptPiece| match piece {
        PromptPiece::Words(words) => PieceRecord::Words(words.clone()),
        PromptPiece::Tokens(item) => PieceRecord::Tokens(reference(item)),
    };
    match prompt {
        ItemPrompt::Pieces(pieces) => PromptRecord::Pieces(pieces.iter().map(piece).collect()),
        ItemPrompt::Blend { from, to, amount } => PromptRecord::Blend { from: reference(from), to: reference(to), amount: *amount },
    }
}

pub(crate) fn prompt(record: &PromptRecord) -> ItemPrompt {
    let piece = |piece: &PieceRecord| match piece {
        PieceRecord::Words(words) => PromptPiece::Words(words.clone()),
        PieceRecord::Tokens(item) => PromptPiece::Tokens(ItemRef::parse(item)),
    };
    match record {
        PromptRecord::Pieces(pieces) => ItemPrompt::Pieces(pieces.iter().map(piece).collect()),
        PromptRecord::Blend { from, to, amount } => {
            ItemPrompt::Blend { from: ItemRef::parse(from), to: ItemRef::parse(to), amount: *amount }
        }
    }
}

pub(crate) fn items_record(items: &Segmentation, words: &BTreeMap<String, ItemWords>) -> ItemsRecord {
    let words: BTreeMap<String, WordsRecord> = words
        .iter()
        .map(|(name, words)| (name.clone(), WordsRecord { start: words.start.clone(), template: words.template.clone() }))
        .collect();
    let mut hash = Sha256::new();
    hash.update(format!("{} {:?} {words:?}", items.size(), items.names()));
    items.labels().iter().for_each(|label| hash.update(label.to_le_bytes()));
    ItemsRecord { names: items.names().to_vec(), words, key: hex(&hash.finalize()[..8]) }
}

pub(crate) fn words(record: &ItemsRecord) -> BTreeMap<String, ItemWords> {
    let words = |words: &WordsRecord| ItemWords { start: words.start.clone(), template: words.template.clone() };
    record.words.iter().map(|(name, said)| (name.clone(), words(said))).collect()
}

pub(crate) fn model_record(choice: &ModelChoice, fingerprint: &str) -> ModelRecord {
    let ModelChoice { model, device, variant, config_dir, vae, loras, embeddings, clip_skip } = choice.clone();
    let loras = loras.into_iter().map(|lora| (lora.file, lora.scale)).collect();
    let embeddings = embeddings.into_iter().map(|embedding| (embedding.file, embedding.name)).collect();
    ModelRecord { model, device, variant, config_dir, vae, loras, embeddings, clip_skip, fingerprint: fingerprint.to_owned() }
}

pub(crate) fn model_choice(record: &ModelRecord) -> ModelChoice {
    let ModelRecord { model, device, variant, config_dir, vae, loras, embeddings, clip_skip, .. } = record.clone();
    let loras = loras.into_iter().map(|(file, scale)| Lora { file, scale }).collect();
    let embeddings = embeddings.into_iter().map(|(file, name)| Embedding { file, name }).collect();
    ModelChoice { model, device, variant, config_dir, vae, loras, embeddings, clip_skip }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_come_back_as_they_were() {
        let item = ItemRef::target;
        for whole in [
            ItemPrompt::tokens(item("bag")),
            ItemPrompt::tokens(item("reference:bag")),
            ItemPrompt::tokens(ItemRef::reference("bag")),
            ItemPrompt::words("a white handbag").unwrap(),
            ItemPrompt::around("a golden [v] here", &item("bag")).unwrap(),
            ItemPrompt::Blend { from: item("bag"), to: ItemRef::reference("x"), amount: 0.25 },
        ] {
            let text = serde_json::to_string(&prompt_record(&whole)).unwrap();
            assert_eq!(prompt(&serde_json::from_str(&text).unwrap()), whole, "{text}");
        }
    }
}
