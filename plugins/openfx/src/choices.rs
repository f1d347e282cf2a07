//! Choices: their entries in the permanent order. Projects keep the index or the label of an entry, so that entries are only added at the end.

use dedit_schema::{Action, Host, Verb};

/// An entry of the choice `edit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EditEntry {
    pub(crate) label: &'static str,
    /// The edit; `None` for none.
    pub(crate) verb: Option<Verb>,
}

/// The index of a verb in the choice `edit`, or why it has none. A new verb does not compile until it says which.
const fn index_of(verb: Verb) -> Result<usize, &'static str> {
    match verb {
        Verb::Replace => Ok(1),
        Verb::Augment => Ok(2),
        Verb::Remove => Ok(3),
        Verb::Move => Ok(4),
        Verb::Swap => Ok(5),
        Verb::SwapIn => Ok(6),
        Verb::Blend => Ok(7),
        Verb::Refine => Ok(8),
        Verb::Reshape => Err("the new outline would need a second mask, which no context has"),
        Verb::Expand => Err("a host decides by its format how large the frames of an effect are"),
        Verb::Reconstruct => Err("it generates the whole frame again: a test of the method, no edit of a film"),
        Verb::Personalize => Err("its result is a new picture, in which nothing of the frame is left"),
    }
}

/// The entries of the choice `edit`.
pub(crate) fn edits() -> Vec<EditEntry> {
    let mut verbs: Vec<_> = Verb::ALL.into_iter().filter_map(|verb| index_of(verb).ok().map(|index| (index, verb))).collect();
    verbs.sort_unstable();
    let entry = |(_, verb)| EditEntry { label: Action::Edit(verb).title_in(Host::OpenFx), verb: Some(verb) };
    std::iter::once(EditEntry { label: "Nothing", verb: None }).chain(verbs.into_iter().map(entry)).collect()
}

/// What an edit's output shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Output {
    #[default]
    Result,
    /// The frame without the edited items.
    Plate,
    /// The edited items alone.
    Item,
}

impl Output {
    /// The output of a word of the table.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "plate" => Self::Plate,
            "item" => Self::Item,
            _ => Self::Result,
        }
    }
}

/// Where items come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MaskSource {
    /// The Mask clip; the session where it is not connected.
    Clip,
    Alpha,
    File,
    Session,
}

/// The entries of the choice `maskSource`.
pub(crate) const MASK_SOURCES: [(&str, MaskSource); 4] =
    [("Mask clip", MaskSource::Clip), ("Source alpha", MaskSource::Alpha), ("File", MaskSource::File), ("Session", MaskSource::Session)];

/// The encoding of pixel values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PixelValues {
    /// As the host tells; else linear light for floats and sRGB for all other depths.
    Automatic,
    Srgb,
    Linear,
}

/// The entries of the choice `values`.
pub(crate) const PIXEL_VALUES: [(&str, PixelValues); 3] =
    [("Automatic", PixelValues::Automatic), ("sRGB", PixelValues::Srgb), ("Linear light", PixelValues::Linear)];

/// The entry of an index; the first where a project of a later version has one that is not known.
pub(crate) fn entry<T: Copy>(entries: &[T], index: i32) -> Option<T> {
    let known = usize::try_from(index).ok().and_then(|index| entries.get(index));
    known.or_else(|| entries.first()).copied()
}

#[cfg(test)]
mod tests {
    use dedit_schema::Id;

    use super::*;

    #[test]
    fn every_verb_has_an_entry_or_a_reason() {
        for verb in Verb::ALL {
            match index_of(verb) {
                Ok(index) => assert_eq!(edits()[index].verb, Some(verb)),
                Err(reason) => assert!(!reason.is_empty(), "{verb:?}"),
            }
            assert_eq!(Action::Edit(verb).is_offered_by(Host::OpenFx), index_of(verb).is_ok(), "{verb:?} in the table");
        }
    }

    #[test]
    fn every_output_of_the_table_is_known() {
        let rows = Action::Edit(Verb::Remove).parameters(Host::OpenFx);
        let row = rows.into_iter().find(|row| row.id == Id::Output).unwrap();
        assert_eq!(row.name(Host::OpenFx), crate::names::OUTPUT);
        let outputs: Vec<_> = row.choices(Host::OpenFx).iter().map(|choice| Output::of(choice.word)).collect();
        assert_eq!(outputs, [Output::Result, Output::Plate, Output::Item]);
    }

    #[test]
    fn unknown_entries_are_read_as_the_first() {
        assert_eq!(entry(&edits(), 1).unwrap().verb, Some(Verb::Replace));
        for index in [-1, 9, i32::MAX] {
            assert_eq!(entry(&edits(), index).unwrap().verb, None);
        }
    }
}
