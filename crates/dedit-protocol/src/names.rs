//! Words of the wire that hosts tell apart, as enums. A newer peer may use words that are not known here: these are kept, as `Other`.

use std::fmt;

use dedit_schema::Verb;
use serde::{Deserialize, Serialize};

macro_rules! names {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word that is not known here.
            Other(String),
        }

        impl $name {
            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word),
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                word.to_owned().into()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                match name {
                    $name::Other(word) => word,
                    known => known.as_str().to_owned(),
                }
            }
        }

        /// The empty word, which is what a missing field is read as.
        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    )+};
}

names! {
    /// The part of a job that is under way.
    Stage {
        /// The weights are read.
        LoadingModel = "loading the model",
        /// First stage of learning: the items' tokens.
        LearningTokens = "learning tokens",
        /// Second stage of learning: the attention.
        LearningAttention = "learning attention",
        /// The noise is looked for that leads back to the picture.
        Inverting = "inverting",
        /// Sampling.
        Denoising = "denoising",
        /// Filling from the picture itself.
        Filling = "filling",
        /// The picture is encoded by a segment-anything model.
        Encoding = "encoding",
        /// All items are looked for, at one place after the other.
        Searching = "looking for items",
        /// A model comes over the network; steps are megabytes.
        Fetching = "fetching",
        /// Files of a model are compared with their checksums.
        Verifying = "verifying",
    }

    /// The kind of a job.
    JobKind {
        /// Loads a model.
        Load = "load",
        /// Learns a picture.
        Learn = "learn",
        /// Edits a picture.
        Edit = "edit",
        /// Fetches a model.
        Fetch = "fetch",
        /// Finds an item by a segment-anything model.
        Segment = "segment",
        /// Compares the files of a model with their checksums.
        Verify = "verify",
    }

    /// How far a session is.
    SessionState {
        /// It has a picture.
        Opened = "opened",
        /// It has items.
        Items = "items",
        /// Learning was begun.
        Learning = "learning",
        /// Its items are learned.
        Learned = "learned",
    }

    /// What an edit does to an item.
    ItemChange {
        /// Its prompt changes.
        Prompt = "prompt",
        /// It goes elsewhere.
        Moved = "moved",
        /// It gets another outline.
        Reshaped = "reshaped",
        /// It goes away.
        Removed = "removed",
        /// It is made again.
        Regenerated = "regenerated",
        /// It gets pixels that another item leaves, or loses some.
        Adjusted = "adjusted",
    }
}

/// The verb that an answer names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum VerbName {
    /// One of the table.
    Known(Verb),
    /// A word that is not known here.
    Other(String),
}

impl VerbName {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(verb) => verb.id(),
            Self::Other(word) => word,
        }
    }
}

impl From<String> for VerbName {
    fn from(word: String) -> Self {
        Verb::from_id(&word).map_or(Self::Other(word), Self::Known)
    }
}

impl From<Verb> for VerbName {
    fn from(verb: Verb) -> Self {
        Self::Known(verb)
    }
}

impl From<VerbName> for String {
    fn from(name: VerbName) -> Self {
        name.as_str().to_owned()
    }
}

/// The empty word, which is what a missing field is read as.
impl Default for VerbName {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_not_known_come_back_as_they_were() {
        for word in ["learn", "learns", ""] {
            let kind: JobKind = serde_json::from_value(word.into()).unwrap();
            assert_eq!(matches!(kind, JobKind::Other(_)), word != "learn", "{word}");
            assert_eq!((kind.to_string().as_str(), serde_json::to_value(&kind).unwrap()), (word, word.into()));
        }
    }
}
