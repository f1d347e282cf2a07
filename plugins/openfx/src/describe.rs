//! The description of the effect: capabilities and parameters.
//!
//! Names, kinds and the order of choices are kept in projects and never change; new ones come behind. `parameters.txt` lists them, and a test compares.

use dedit_schema::{Field, Id, Kind, Range, fields};
use ofx_host::names::{prop, value};
use ofx_host::{Definition, HostFacts, Parameter, Properties, Result};

use crate::choices::{MASK_SOURCES, PIXEL_VALUES, edits};
use crate::names;
use crate::parameters::HOST;

const ABOUT: &str = "Edits items of a picture: replaces, removes, moves, resizes and swaps them. The items of a reference frame are learned once; every \
                     frame is then edited with what was learned. Needs the program `dedit`, which computes beside the host.";

/// Describes the effect.
pub(crate) fn effect(host: &HostFacts, effect: &Properties<'_>) {
    effect.set_text(prop::GROUPING, 0, "D-Edit");
    effect.set_text(prop::DESCRIPTION, 0, ABOUT);
    effect.set_text(prop::VERSION_LABEL, 0, env!("CARGO_PKG_VERSION"));
    for (index, context) in [value::FILTER, value::GENERAL].into_iter().enumerate() {
        effect.set_word(prop::CONTEXTS, index, context);
    }
    for (index, depth) in [value::BYTE, value::SHORT, value::HALF, value::FLOAT].into_iter().enumerate() {
        effect.set_word(prop::DEPTHS, index, depth);
    }
    for (property, flag) in [
        (prop::SINGLE_INSTANCE, false),
        // Each strip of a frame would cost as much as the whole frame.
        (prop::HOST_FRAME_THREADING, false),
        (prop::MULTI_RESOLUTION, true),
        (prop::TILES, false),
        (prop::TEMPORAL_ACCESS, host.temporal_access),
        (prop::FIELD_RENDER_TWICE, false),
        (prop::MULTIPLE_DEPTHS, false),
        (prop::MULTIPLE_PARS, false),
    ] {
        effect.set_flag(property, flag);
    }
    effect.set_word(prop::THREAD_SAFETY, 0, value::FULLY_SAFE);
    if host.manages_colour {
        effect.set_word(prop::COLOUR_STYLE, 0, value::COLOUR_CORE);
        effect.set_word(prop::COLOUR_CONFIGS, 0, value::COLOUR_CONFIG);
    }
    // With a mask file per frame, frames vary although no parameter does; an item alone has alpha.
    for (index, parameter) in [names::MASK_SOURCE, names::MASK_FILE, names::OUTPUT].into_iter().enumerate() {
        effect.set_text(prop::PREFERENCES_PARAMETER, index, parameter);
    }
}

/// Defines all parameters.
pub(crate) fn parameters(definition: &Definition<'_>) -> Result<()> {
    let (shared, own): (Vec<_>, Vec<_>) = fields(HOST).into_iter().partition(Field::is_shared);
    definition.group("what", "Edit", true)?;
    let labels: Vec<_> = edits().into_iter().map(|entry| entry.label).collect();
    let _ = definition.choice(names::EDIT, "Edit", "What becomes of the item.", &labels)?.within("what");
    for field in &own {
        define(definition, "what", field)?;
    }
    items(definition)?;
    definition.group("how", "Options", false)?;
    for field in &shared {
        define(definition, "how", field)?;
    }
    let values = "The encoding of pixel values. Automatic: as the host tells; otherwise floats are linear light and all else is sRGB.";
    let _ = definition.choice(names::VALUES, "Values", values, &PIXEL_VALUES.map(|(label, _)| label))?.within("how");
    learning(definition)
}

/// Defines a parameter of the table.
fn define(definition: &Definition<'_>, group: &str, field: &Field) -> Result<()> {
    let (name, label, help) = (field.name, field.label(), format!("{}.", field.help()));
    let defined = match field.kind() {
        Kind::Text | Kind::Texts | Kind::Image => definition.text(name, &label, &help, "")?,
        Kind::File => definition.text(name, &label, &help, "")?.file(),
        Kind::Number(range) if field.id() == Id::Dx => {
            let default = range.default.unwrap_or_default();
            shown(definition.vector(name, &label, &help, [default; 2], [range.low, range.high])?, field.id())
        }
        Kind::Number(range) => {
            let Range { low, high, default, automatic } = range;
            let bounds = [automatic.map_or(low, |automatic| automatic.min(low)), high];
            let number = definition.number(name, &label, &help, default.or(automatic).unwrap_or(low), bounds)?;
            let number = match field.id() {
                Id::Scale => number.meaning(value::SCALE),
                Id::Rotate => number.meaning(value::ANGLE),
                _ => number,
            };
            shown(number, field.id())
        }
        Kind::Whole(range) => {
            let Range { low, high, default, automatic } = range;
            let fitting = |whole: i128| whole.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
            let bounds = [fitting(automatic.map_or(low, |automatic| automatic.min(low))), fitting(high)];
            let most = if field.id() == Id::Steps { 100 } else { 1000 };
            definition
                .integer(name, &label, &help, fitting(default.or(automatic).unwrap_or(low)), bounds)?
                .shown_integer(0, most.min(bounds[1]))
        }
        Kind::Switch => definition.switch(name, &label, &help, field.starts_on())?,
        Kind::Choice { .. } => {
            let labels = field.choice_labels();
            definition.choice(name, &label, &help, &labels.iter().map(String::as_str).collect::<Vec<_>>())?
        }
        // The table offers none to OpenFX.
        Kind::NumberPair(_) | Kind::WholePair(_) => return Ok(()),
    };
    let _ = defined.within(group);
    Ok(())
}

/// Narrows the slider of a parameter whose range is wider than what is usual.
fn shown(number: Parameter<'_>, id: Id) -> Parameter<'_> {
    match id {
        Id::Dx => number.shown(-2000.0, 2000.0),
        Id::Scale => number.shown(0.1, 4.0),
        Id::Rotate => number.shown(-180.0, 180.0),
        Id::Guidance => number.shown(0.0, 15.0),
        Id::Feather | Id::Margin => number.shown(-1.0, 100.0),
        _ => number,
    }
}

fn items(definition: &Definition<'_>) -> Result<()> {
    let group = "items";
    definition.group(group, "Items", true)?;
    let source = "Where items come from. In a mask each colour is an item and black is none; a mask of greys or alpha is one item. Where no Mask is \
                  connected, the session's items are used.";
    let _ = definition.choice(names::MASK_SOURCE, "Items from", source, &MASK_SOURCES.map(|(label, _)| label))?.within(group);
    let file = "A picture of the frame's size. #### or %04d stands for the number of the frame.";
    let _ = definition.text(names::MASK_FILE, "Mask file", file, "")?.within(group).file();
    Ok(())
}

fn learning(definition: &Definition<'_>) -> Result<()> {
    let group = "learning";
    definition.group(group, "Learning", true)?;
    let name = "The name or folder of a session made elsewhere, as `dedit learn` or another program shows it. Empty for that of the reference frame.";
    let _ = definition.text(names::SESSION, "Session", name, "")?.within(group);
    let frame = "The frame that is learned. Hosts that give no other frame than the rendered one learn that one.";
    let frame = definition.integer(names::REFERENCE_FRAME, "Reference frame", frame, 0, [-1_000_000, 1_000_000])?;
    let _ = frame.within(group).shown_integer(0, 1000);
    let learn = "Learns the items of the reference frame, which takes seconds to minutes. Before that, edits are drafts.";
    let _ = definition.button(names::LEARN, "Learn items", learn)?.within(group);
    let unasked = "Learns when a frame is rendered and nothing is learned yet: for hosts without buttons.";
    let _ = definition.switch(names::LEARN_IN_RENDER, "Learn when rendering", unasked, false)?.within(group);
    let again = "Edits frames again instead of using cached results, for example after learning again.";
    let _ = definition.button(names::RENDER_AGAIN, "Render again", again)?.within(group);
    let learned = "The learned session and its frame. Kept in the project, so that renders at every scale use it.";
    let _ = definition.text(names::LEARNED, "Learned", learned, "")?.within(group).hidden();
    let take = "The number of times that frames were rendered again. Results are cached per take.";
    let _ = definition.integer(names::TAKE, "Take", take, 0, [0, i32::MAX])?.within(group).shown_integer(0, 100);
    let _ = definition.text(names::STATUS, "Status", "The result of learning, or an error.", "")?.within(group).read_only();
    Ok(())
}
