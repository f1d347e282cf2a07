//! The verbs: what each takes, and the edit it means.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use dedit_edit::{Edit, ItemRef, Size, Transform, Vacated};

use crate::error::Result;
use crate::items;

/// What is done to the items. `C` is what all verbs of a command take besides.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Verb<C: Args> {
    /// An item becomes what the words say
    Replace(With<Words, C>),
    /// An item stays itself, with words round it: `a golden [v]`
    Augment(With<Words, C>),
    /// An item becomes an item of the reference picture, reference:NAME, or another of this one
    SwapIn(With<SwapIn, C>),
    /// An item is moved, scaled and turned about its own centre
    Move(With<Move, C>),
    /// Two items take each other's place and outline
    Swap(With<Swap, C>),
    /// An item takes the outline of a mask
    Reshape(With<Reshape, C>),
    /// Items go away
    Remove(With<Remove, C>),
    /// An item becomes something between itself and another
    Blend(With<Blend, C>),
    /// A region is made again as it is
    Refine(With<Refine, C>),
    /// The whole picture is made again from its items' prompts
    Reconstruct(With<Nothing, C>),
    /// One item alone in a new scene: `[v] on a beach`
    Personalize(With<Words, C>),
}

/// A verb's own options and those it shares.
#[derive(Debug, Clone, Args)]
pub(crate) struct With<A: Args, C: Args> {
    #[command(flatten)]
    own: A,
    #[command(flatten)]
    common: C,
}

/// No options.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Nothing {}

/// An item and words.
#[derive(Debug, Clone, Args)]
pub(crate) struct Words {
    /// The item
    #[arg(long, value_name = "NAME")]
    item: String,
    /// The words; `[v]` stands for the item itself
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    prompt: String,
}

/// An item and what takes its place.
#[derive(Debug, Clone, Args)]
pub(crate) struct SwapIn {
    /// The item
    #[arg(long, value_name = "NAME")]
    item: String,
    /// What takes its place: reference:NAME, or NAME for an item of this picture
    #[arg(long, value_name = "ITEM")]
    from: String,
}

/// An item and a way.
#[derive(Debug, Clone, Args)]
pub(crate) struct Move {
    /// The item
    #[arg(long, value_name = "NAME")]
    item: String,
    /// Pixels to the right
    #[arg(long, value_name = "PX", default_value_t = 0.0, allow_negative_numbers = true)]
    dx: f64,
    /// Pixels down
    #[arg(long, value_name = "PX", default_value_t = 0.0, allow_negative_numbers = true)]
    dy: f64,
    /// How many times as large
    #[arg(long, value_name = "S", default_value_t = 1.0, allow_negative_numbers = true)]
    scale: f64,
    /// Degrees clockwise
    #[arg(long, value_name = "DEG", default_value_t = 0.0, allow_negative_numbers = true)]
    rotate: f64,
    /// Who gets the pixels it leaves [default: the nearest items]
    #[arg(long, value_name = "NAME")]
    into: Option<String>,
}

/// Two items.
#[derive(Debug, Clone, Args)]
pub(crate) struct Swap {
    /// One item
    #[arg(long, value_name = "NAME")]
    item: String,
    /// The other
    #[arg(long, value_name = "NAME")]
    with: String,
}

/// An item and a mask.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reshape {
    /// The item
    #[arg(long, value_name = "NAME")]
    item: String,
    /// Its new mask
    #[arg(long, value_name = "FILE")]
    mask: PathBuf,
    /// Who gets the pixels it leaves [default: the nearest items]
    #[arg(long, value_name = "NAME")]
    into: Option<String>,
}

/// Items.
#[derive(Debug, Clone, Args)]
pub(crate) struct Remove {
    /// The item; give it again for more of them
    #[arg(long, value_name = "NAME", required = true)]
    item: Vec<String>,
    /// Who gets the pixels they leave [default: the nearest items]
    #[arg(long, value_name = "NAME")]
    into: Option<String>,
}

/// Two items and how much of each.
#[derive(Debug, Clone, Args)]
pub(crate) struct Blend {
    /// The item
    #[arg(long, value_name = "NAME")]
    item: String,
    /// The other: NAME, or reference:NAME
    #[arg(long, value_name = "ITEM")]
    with: String,
    /// 0 for the item itself to 1 for the other
    #[arg(long, value_name = "0..1", default_value_t = 0.5, allow_negative_numbers = true)]
    amount: f32,
}

/// A region.
#[derive(Debug, Clone, Args)]
pub(crate) struct Refine {
    /// The region; soft values change less
    #[arg(long, value_name = "FILE")]
    mask: PathBuf,
}

fn vacated(into: Option<&String>) -> Vacated {
    into.map_or(Vacated::Nearest, |name| Vacated::To(name.clone()))
}

impl<C: Args> Verb<C> {
    /// The edit, on a picture of this size: masks are read.
    pub(crate) fn edit(&self, size: Size) -> Result<Edit> {
        Ok(match self {
            Self::Replace(With { own: Words { item, prompt }, .. }) => Edit::Replace { item: item.clone(), prompt: prompt.clone() },
            Self::Augment(With { own: Words { item, prompt }, .. }) => Edit::Augment { item: item.clone(), prompt: prompt.clone() },
            Self::SwapIn(With { own: SwapIn { item, from }, .. }) => Edit::SwapIn { item: item.clone(), from: ItemRef::parse(from) },
            Self::Move(With { own, .. }) => {
                let transform = Transform { scale: own.scale, degrees: own.rotate, ..Transform::shift(own.dx, own.dy) };
                Edit::Move { item: own.item.clone(), transform, vacated: vacated(own.into.as_ref()) }
            }
            Self::Swap(With { own: Swap { item, with }, .. }) => Edit::Swap { item: item.clone(), with: with.clone() },
            Self::Reshape(With { own: Reshape { item, mask, into }, .. }) => {
                Edit::Reshape { item: item.clone(), mask: items::mask(mask, size)?, vacated: vacated(into.as_ref()) }
            }
            Self::Remove(With { own: Remove { item, into }, .. }) => Edit::Remove { items: item.clone(), vacated: vacated(into.as_ref()) },
            Self::Blend(With { own: Blend { item, with, amount }, .. }) => {
                Edit::Blend { item: item.clone(), with: ItemRef::parse(with), amount: *amount }
            }
            Self::Refine(With { own: Refine { mask }, .. }) => Edit::Refine { mask: items::mask(mask, size)? },
            Self::Reconstruct(_) => Edit::Reconstruct,
            Self::Personalize(With { own: Words { item, prompt }, .. }) => Edit::Personalize { item: item.clone(), prompt: prompt.clone() },
        })
    }

    /// The item it is about, the first of several.
    pub(crate) fn item(&self) -> Option<&str> {
        match self {
            Self::Replace(With { own, .. }) | Self::Augment(With { own, .. }) | Self::Personalize(With { own, .. }) => Some(&own.item),
            Self::SwapIn(With { own, .. }) => Some(&own.item),
            Self::Move(With { own, .. }) => Some(&own.item),
            Self::Swap(With { own, .. }) => Some(&own.item),
            Self::Reshape(With { own, .. }) => Some(&own.item),
            Self::Remove(With { own, .. }) => own.item.first().map(String::as_str),
            Self::Blend(With { own, .. }) => Some(&own.item),
            Self::Refine(_) | Self::Reconstruct(_) => None,
        }
    }

    /// What it shares with the other verbs.
    pub(crate) fn common(&self) -> &C {
        match self {
            Self::Replace(With { common, .. })
            | Self::Augment(With { common, .. })
            | Self::Personalize(With { common, .. })
            | Self::SwapIn(With { common, .. })
            | Self::Move(With { common, .. })
            | Self::Swap(With { common, .. })
            | Self::Reshape(With { common, .. })
            | Self::Remove(With { common, .. })
            | Self::Blend(With { common, .. })
            | Self::Refine(With { common, .. })
            | Self::Reconstruct(With { common, .. }) => common,
        }
    }
}
