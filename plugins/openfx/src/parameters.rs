//! What the parameters say at a time.

use ofx_host::{Frame, Instance, Result};

use crate::describe::id;

/// What becomes of an item. Projects keep its place, or its label: neither ever changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nothing,
    Replace,
    Augment,
    Remove,
    Move,
    Swap,
    SwapIn,
    Blend,
    Refine,
}

impl Kind {
    /// All, in the order of the choice, with what people read.
    pub(crate) const ALL: [(Self, &'static str); 9] = [
        (Self::Nothing, "Nothing"),
        (Self::Replace, "Replace"),
        (Self::Augment, "Augment"),
        (Self::Remove, "Remove"),
        (Self::Move, "Move"),
        (Self::Swap, "Swap"),
        (Self::SwapIn, "Swap in"),
        (Self::Blend, "Blend"),
        (Self::Refine, "Refine"),
    ];
}

/// Where items come from. As for [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MaskSource {
    /// The Mask clip; the session where nothing is connected.
    Clip,
    Alpha,
    File,
    Session,
}

impl MaskSource {
    pub(crate) const ALL: [(Self, &'static str); 4] =
        [(Self::Clip, "Mask clip"), (Self::Alpha, "Source alpha"), (Self::File, "File"), (Self::Session, "Session")];
}

/// What pixel values are. As for [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// As the host says; where it does not, floats are light and all else is sRGB.
    Automatic,
    Srgb,
    Linear,
}

impl Values {
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Automatic, "Automatic"), (Self::Srgb, "sRGB"), (Self::Linear, "Linear light")];
}

/// What of the surroundings an edit may take. As for [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// As it suits the edit.
    Automatic,
    Exact,
    Loose,
    Box,
}

impl Fit {
    pub(crate) const ALL: [(Self, &'static str); 4] =
        [(Self::Automatic, "Automatic"), (Self::Exact, "Exact"), (Self::Loose, "Loose"), (Self::Box, "Box")];

    /// As the daemon calls it.
    pub(crate) fn word(self) -> Option<&'static str> {
        match self {
            Self::Automatic => None,
            Self::Exact => Some("exact"),
            Self::Loose => Some("loose"),
            Self::Box => Some("box"),
        }
    }
}

/// Everything at a time. Lengths are in pixels of the frame as it is rendered, to the right and down; degrees go clockwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameters {
    pub(crate) kind: Kind,
    pub(crate) item: String,
    pub(crate) prompt: String,
    pub(crate) other: String,
    pub(crate) into: String,
    pub(crate) shift: [f64; 2],
    pub(crate) scale: f64,
    pub(crate) rotate: f64,
    pub(crate) amount: f64,
    pub(crate) mask_source: MaskSource,
    pub(crate) mask_file: String,
    pub(crate) fit: Fit,
    pub(crate) strength: Option<f64>,
    pub(crate) guidance: Option<f64>,
    pub(crate) steps: Option<usize>,
    pub(crate) seed: u64,
    pub(crate) steady: bool,
    pub(crate) model: String,
    pub(crate) values: Values,
    pub(crate) session: String,
    /// The session that was learned and the frame it was learned from, as [`learned`] writes it.
    pub(crate) learned: String,
    pub(crate) reference_time: f64,
    pub(crate) learns_in_render: bool,
    pub(crate) take: i32,
}

impl Parameters {
    /// Those of a frame.
    pub(crate) fn read(instance: &Instance<'_>, time: f64, render_scale: [f64; 2]) -> Result<Self> {
        let text = |name: &str| instance.text(name, time).map(|text| text.trim().to_owned());
        let number = |name: &str| instance.number(name, time);
        let whole = |name: &str| instance.integer(name, time);
        let [right, up] = instance.vector(id::SHIFT, time)?;
        Ok(Self {
            kind: chosen(&Kind::ALL, whole(id::EDIT)?),
            item: text(id::ITEM)?,
            prompt: text(id::PROMPT)?,
            other: text(id::OTHER)?,
            into: text(id::INTO)?,
            shift: [right * render_scale[0], -up * render_scale[1]],
            scale: number(id::SCALE)?,
            // OpenFX turns against the clock.
            rotate: -number(id::ROTATION)?,
            amount: number(id::AMOUNT)?,
            mask_source: chosen(&MaskSource::ALL, whole(id::MASK_SOURCE)?),
            mask_file: text(id::MASK_FILE)?,
            fit: chosen(&Fit::ALL, whole(id::FIT)?),
            strength: Some(number(id::STRENGTH)?).filter(|strength| *strength >= 0.0),
            guidance: Some(number(id::GUIDANCE)?).filter(|guidance| *guidance > 0.0),
            steps: usize::try_from(whole(id::STEPS)?).ok().filter(|steps| *steps > 0),
            seed: u64::try_from(whole(id::SEED)?).unwrap_or(0),
            steady: whole(id::STEADY)? != 0,
            model: text(id::MODEL)?,
            values: chosen(&Values::ALL, whole(id::VALUES)?),
            session: text(id::SESSION)?,
            learned: text(id::LEARNED)?,
            reference_time: f64::from(whole(id::REFERENCE_FRAME)?),
            learns_in_render: whole(id::LEARN_IN_RENDER)? != 0,
            take: whole(id::TAKE)?,
        })
    }

    /// Those of a frame that is asked for.
    pub(crate) fn of(instance: &Instance<'_>, frame: &Frame) -> Result<Self> {
        Self::read(instance, frame.time, frame.scale)
    }

    /// The session that is known by its name.
    pub(crate) fn named_session(&self) -> Option<Named<'_>> {
        if !self.session.is_empty() {
            return Some(Named::ByUser(&self.session));
        }
        let (name, frame) = self.learned.rsplit_once(' ')?;
        (frame.parse() == Ok(self.reference_time as i64)).then_some(Named::Learned(name))
    }

    /// Whether a frame comes out as it goes in: nothing is chosen, words are missing that are not there yet, or it stays where it is.
    pub(crate) fn changes_nothing(&self) -> bool {
        match self.kind {
            Kind::Nothing => true,
            Kind::Replace | Kind::Augment => self.prompt.is_empty(),
            Kind::Move => {
                let [dx, dy] = self.shift;
                [dx, dy, self.scale - 1.0, self.rotate].iter().all(|change| change.abs() < 1e-9)
            }
            Kind::Swap => self.other.is_empty(),
            Kind::Blend => self.other.is_empty() || self.amount <= 0.0,
            Kind::Remove | Kind::SwapIn | Kind::Refine => false,
        }
    }
}

/// A session that is known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named<'p> {
    ByUser(&'p str),
    /// Learned from the reference frame at its whole size: at another scale that is another picture.
    Learned(&'p str),
}

/// What is noted of a session that was learned.
pub(crate) fn learned(session: &str, frame: f64) -> String {
    format!("{session} {}", frame as i64)
}

/// The entry of a choice; the first where a project of a later version has one that is not known.
fn chosen<T: Copy>(all: &[(T, &str)], place: i32) -> T {
    usize::try_from(place).ok().and_then(|place| all.get(place)).unwrap_or(&all[0]).0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The defaults, for other tests too.
    pub(crate) fn defaults() -> Parameters {
        Parameters {
            kind: Kind::Nothing,
            item: String::new(),
            prompt: String::new(),
            other: String::new(),
            into: String::new(),
            shift: [0.0, 0.0],
            scale: 1.0,
            rotate: 0.0,
            amount: 0.5,
            mask_source: MaskSource::Clip,
            mask_file: String::new(),
            fit: Fit::Automatic,
            strength: None,
            guidance: None,
            steps: None,
            seed: 0,
            steady: true,
            model: String::new(),
            values: Values::Automatic,
            session: String::new(),
            learned: String::new(),
            reference_time: 0.0,
            learns_in_render: false,
            take: 0,
        }
    }

    #[test]
    fn an_edit_that_is_not_said_yet_changes_nothing() {
        let with = |kind, change: fn(&mut Parameters)| {
            let mut parameters = Parameters { kind, ..defaults() };
            change(&mut parameters);
            parameters.changes_nothing()
        };
        for (kind, change, nothing) in [
            (Kind::Nothing, (|parameters| parameters.prompt = "a bag".into()) as fn(&mut Parameters), true),
            (Kind::Replace, |_| {}, true),
            (Kind::Replace, |parameters| parameters.prompt = "a bag".into(), false),
            (Kind::Remove, |_| {}, false),
            (Kind::Move, |_| {}, true),
            (Kind::Move, |parameters| parameters.rotate = 2.0, false),
            (Kind::Move, |parameters| parameters.shift = [0.0, 1.0], false),
            (Kind::Swap, |_| {}, true),
            (Kind::Blend, |parameters| (parameters.other, parameters.amount) = ("bag".into(), 0.0), true),
            (Kind::Blend, |parameters| parameters.other = "bag".into(), false),
            (Kind::Refine, |_| {}, false),
        ] {
            assert_eq!(with(kind, change), nothing, "{kind:?}");
        }
    }

    #[test]
    fn what_was_learned_counts_for_its_own_frame() {
        let with = |session: &str, noted: &str, frame| {
            let parameters = Parameters { session: session.into(), learned: noted.into(), reference_time: frame, ..defaults() };
            parameters.named_session().map(|named| format!("{named:?}"))
        };
        for (session, noted, frame, expected) in [
            ("", "", 0.0, None),
            ("", &learned("a b", 12.0)[..], 12.0, Some(r#"Learned("a b")"#)),
            ("", &learned("a", 12.0), 13.0, None),
            ("", &learned("a", -1.0), -1.0, Some(r#"Learned("a")"#)),
            ("room", &learned("a", 12.0), 12.0, Some(r#"ByUser("room")"#)),
            ("", "a", 0.0, None),
        ] {
            assert_eq!(with(session, noted, frame).as_deref(), expected, "{session} {noted} {frame}");
        }
    }

    #[test]
    fn entries_of_later_versions_are_read_as_the_first() {
        assert_eq!(chosen(&Kind::ALL, 1), Kind::Replace);
        for place in [-1, 9, i32::MAX] {
            assert_eq!(chosen(&Kind::ALL, place), Kind::Nothing);
        }
    }
}
