//! The values of all parameters at a time.

use dedit_schema::{Action, Host, Id, Kind, Parameter, Refusal, Value, Values, Verb};
use ofx_host::{Error, Frame, Instance, Result};

use crate::choices::{MASK_SOURCES, MaskSource, Output, PIXEL_VALUES, PixelValues, edits, entry};
use crate::failure::{Failure, refused};
use crate::names;

pub(crate) const HOST: Host = Host::OpenFx;

/// All values at a time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameters {
    /// The edit; `None` for none.
    pub(crate) edit: Option<Edit>,
    pub(crate) mask_source: MaskSource,
    pub(crate) mask_file: String,
    pub(crate) model: String,
    pub(crate) pixel_values: PixelValues,
    /// The session that the user named; empty for none.
    pub(crate) session: String,
    /// The learned session and its frame, as written by [`learned`].
    pub(crate) learned: String,
    pub(crate) reference_time: f64,
    pub(crate) learns_in_render: bool,
    pub(crate) take: i32,
}

/// An edit with the values of its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edit {
    pub(crate) verb: Verb,
    /// Checked values. Lengths are in pixels of the rendered frame, to the right and down; angles are clockwise. An error names a value out of range.
    values: std::result::Result<Values, Refusal>,
}

impl Parameters {
    /// The values at a time; `scale` is the number of rendered pixels per pixel of the full size.
    pub(crate) fn read(instance: &Instance<'_>, time: f64, scale: [f64; 2]) -> Result<Self> {
        let text = |name: &str| instance.text(name, time).map(|text| text.trim().to_owned());
        let integer = |name: &str| instance.integer(name, time);
        let edit = match entry(&edits(), integer(names::EDIT)?).and_then(|entry| entry.verb) {
            Some(verb) => Some(Edit { verb, values: read_values(verb, instance, time, scale)? }),
            None => None,
        };
        Ok(Self {
            edit,
            mask_source: entry(&MASK_SOURCES, integer(names::MASK_SOURCE)?).map_or(MaskSource::Clip, |(_, source)| source),
            mask_file: text(names::MASK_FILE)?,
            model: text(names::MODEL)?,
            pixel_values: entry(&PIXEL_VALUES, integer(names::VALUES)?).map_or(PixelValues::Automatic, |(_, values)| values),
            session: text(names::SESSION)?,
            learned: text(names::LEARNED)?,
            reference_time: f64::from(integer(names::REFERENCE_FRAME)?),
            learns_in_render: integer(names::LEARN_IN_RENDER)? != 0,
            take: integer(names::TAKE)?,
        })
    }

    /// The values for a frame.
    pub(crate) fn of(instance: &Instance<'_>, frame: &Frame) -> Result<Self> {
        Self::read(instance, frame.time, frame.scale)
    }

    /// What the output shows.
    pub(crate) fn output(&self) -> Output {
        self.edit.as_ref().map(Edit::output).unwrap_or_default()
    }

    /// Whether the edit is of this verb.
    pub(crate) fn is(&self, verb: Verb) -> bool {
        self.edit.as_ref().is_some_and(|edit| edit.verb == verb)
    }

    /// The session that frames are edited with, if it is known by name.
    pub(crate) fn named_session(&self) -> Option<NamedSession<'_>> {
        if !self.session.is_empty() {
            return Some(NamedSession::ByUser(&self.session));
        }
        let (name, frame) = self.learned.rsplit_once(' ')?;
        (frame.parse() == Ok(self.reference_time as i64)).then_some(NamedSession::Learned(name))
    }

    /// Whether frames pass through unchanged: no edit is chosen, a required text is still empty, or nothing moves.
    pub(crate) fn changes_nothing(&self) -> bool {
        match &self.edit {
            None => true,
            // A value out of range is reported by the render.
            Some(edit) => edit.values.as_ref().is_ok_and(|values| changes_nothing(edit.verb, values)) && !edit.shows_still_item(),
        }
    }
}

impl Edit {
    /// The checked values.
    pub(crate) fn values(&self) -> std::result::Result<&Values, Failure> {
        self.values.as_ref().map_err(refused)
    }

    /// What its output shows.
    pub(crate) fn output(&self) -> Output {
        self.values.as_ref().ok().and_then(|values| values.text(Id::Output)).map_or(Output::Result, Output::of)
    }

    /// Whether it moves nothing, and shows the item or the plate all the same. A removal has the same layers.
    pub(crate) fn shows_still_item(&self) -> bool {
        self.verb == Verb::Move
            && self.output() != Output::Result
            && self.values.as_ref().is_ok_and(|values| changes_nothing(self.verb, values))
    }
}

fn changes_nothing(verb: Verb, values: &Values) -> bool {
    match verb {
        Verb::Replace | Verb::Augment | Verb::Personalize => values.text(Id::Prompt).is_none(),
        Verb::Move => {
            let still = |id: Id, still: f64| values.number(id).is_none_or(|number| (number - still).abs() < 1e-9);
            still(Id::Dx, 0.0) && still(Id::Dy, 0.0) && still(Id::Scale, 1.0) && still(Id::Rotate, 0.0)
        }
        Verb::Swap => values.text(Id::With).is_none(),
        Verb::Blend => values.text(Id::With).is_none() || values.number(Id::Amount).is_some_and(|amount| amount <= 0.0),
        Verb::Remove | Verb::SwapIn | Verb::Refine | Verb::Expand | Verb::Reshape | Verb::Reconstruct => false,
    }
}

fn read_values(verb: Verb, instance: &Instance<'_>, time: f64, scale: [f64; 2]) -> Result<std::result::Result<Values, Refusal>> {
    let action = Action::Edit(verb);
    let mut values = Values::new(action);
    for row in action.parameters(HOST) {
        let value = read_value(row, instance, time)?;
        match row.check(action, HOST, value) {
            Ok(checked) => values.insert(row.id, checked.map(|value| converted(row.id, value, scale))),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Ok(values))
}

/// The value of a parameter in the host's units and directions.
fn read_value(row: &Parameter, instance: &Instance<'_>, time: f64) -> Result<Value> {
    let name = row.name(HOST);
    Ok(match row.kind {
        Kind::Text | Kind::Texts | Kind::File | Kind::Image => Value::Text(instance.text(name, time)?),
        Kind::Number(_) => {
            let number = match row.id {
                Id::Dx => instance.vector(name, time)?[0],
                Id::Dy => instance.vector(name, time)?[1],
                _ => instance.number(name, time)?,
            };
            // -0 becomes 0, which may stand for the usual value.
            Value::Number(number + 0.0)
        }
        Kind::Whole(_) => Value::Whole(instance.integer(name, time)?.into()),
        Kind::Switch => Value::Switch(instance.integer(name, time)? != 0),
        Kind::Choice { default, .. } => {
            let choices = row.choices(HOST);
            let index = usize::try_from(instance.integer(name, time)?).ok();
            // A project of a later version may have an entry that is not known here.
            let word = index.and_then(|index| choices.get(index)).map_or(default, |choice| choice.word);
            Value::Text(word.to_owned())
        }
        Kind::NumberPair(_) | Kind::WholePair(_) => return Err(Error::failed(format!("{name} has no type in OpenFX"))),
    })
}

/// From full-size pixels up and angles against the clock to rendered pixels down and clockwise angles.
fn converted(id: Id, value: Value, [across, up]: [f64; 2]) -> Value {
    match (id, value) {
        (Id::Dx, Value::Number(right)) => Value::Number(right * across),
        (Id::Dy, Value::Number(upwards)) => Value::Number(-upwards * up),
        (Id::Rotate, Value::Number(degrees)) => Value::Number(-degrees),
        (Id::Feather | Id::Margin, Value::Number(pixels)) => Value::Number(pixels * across),
        (_, value) => value,
    }
}

/// A session that is known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedSession<'p> {
    /// Named by the user.
    ByUser(&'p str),
    /// Learned from the reference frame at its full size; at another scale that frame is another picture.
    Learned(&'p str),
}

/// The value of the parameter `learned`.
pub(crate) fn learned(session: &str, frame: f64) -> String {
    format!("{session} {}", frame as i64)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The defaults, with an edit if one is given.
    pub(crate) fn parameters(edit: Option<(Verb, &[(Id, Value)])>) -> Parameters {
        let edit = edit.map(|(verb, given)| {
            let mut values = Values::new(Action::Edit(verb));
            for (id, value) in given {
                values.insert(*id, Some(value.clone()));
            }
            Edit { verb, values: Ok(values) }
        });
        Parameters {
            edit,
            mask_source: MaskSource::Clip,
            mask_file: String::new(),
            model: String::new(),
            pixel_values: PixelValues::Automatic,
            session: String::new(),
            learned: String::new(),
            reference_time: 0.0,
            learns_in_render: false,
            take: 0,
        }
    }

    pub(crate) fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn an_incomplete_edit_changes_nothing() {
        for (verb, given, nothing) in [
            (Verb::Replace, vec![], true),
            (Verb::Replace, vec![(Id::Prompt, text("a bag"))], false),
            (Verb::Remove, vec![], false),
            (Verb::Move, vec![], true),
            (Verb::Move, vec![(Id::Scale, Value::Number(1.0)), (Id::Dx, Value::Number(0.0))], true),
            (Verb::Move, vec![(Id::Output, text("plate"))], false),
            (Verb::Move, vec![(Id::Output, text("result"))], true),
            (Verb::Replace, vec![(Id::Output, text("item"))], true),
            (Verb::Move, vec![(Id::Rotate, Value::Number(2.0))], false),
            (Verb::Move, vec![(Id::Dy, Value::Number(1.0))], false),
            (Verb::Swap, vec![], true),
            (Verb::Blend, vec![(Id::With, text("bag")), (Id::Amount, Value::Number(0.0))], true),
            (Verb::Blend, vec![(Id::With, text("bag"))], false),
            (Verb::Refine, vec![], false),
        ] {
            assert_eq!(parameters(Some((verb, &given))).changes_nothing(), nothing, "{verb:?} {given:?}");
        }
        assert!(parameters(None).changes_nothing());
    }

    #[test]
    fn directions_are_those_of_the_daemon() {
        for (id, given, expected) in [(Id::Dx, 8.0, 4.0), (Id::Dy, 8.0, -2.0), (Id::Rotate, 8.0, -8.0), (Id::Scale, 8.0, 8.0)] {
            assert_eq!(converted(id, Value::Number(given), [0.5, 0.25]), Value::Number(expected), "{id:?}");
        }
    }

    #[test]
    fn a_learned_session_belongs_to_its_frame() {
        let with = |session: &str, noted: &str, frame| {
            let parameters = Parameters { session: session.into(), learned: noted.into(), reference_time: frame, ..parameters(None) };
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
}
