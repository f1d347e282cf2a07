//! What hosts see: clips and parameters.
//!
//! Names, kinds and the order of choices are in the projects that people saved, and never change: new ones come behind. `tests/parameters.txt` says what
//! they are, and a test holds them to it.

use std::ffi::CStr;

use ofx_host::names::{prop, value};
use ofx_host::{ClipDeclaration, Components, Definition, HostFacts, Properties, Result};

use crate::parameters::{Fit, Kind, MaskSource, Values};

/// The permanent names of parameters.
pub(crate) mod id {
    pub(crate) const EDIT: &str = "edit";
    pub(crate) const ITEM: &str = "item";
    pub(crate) const PROMPT: &str = "prompt";
    pub(crate) const OTHER: &str = "other";
    pub(crate) const INTO: &str = "into";
    pub(crate) const SHIFT: &str = "shift";
    pub(crate) const SCALE: &str = "scale";
    pub(crate) const ROTATION: &str = "rotation";
    pub(crate) const AMOUNT: &str = "amount";
    pub(crate) const MASK_SOURCE: &str = "maskSource";
    pub(crate) const MASK_FILE: &str = "maskFile";
    pub(crate) const FIT: &str = "fit";
    pub(crate) const STRENGTH: &str = "strength";
    pub(crate) const GUIDANCE: &str = "guidance";
    pub(crate) const STEPS: &str = "steps";
    pub(crate) const SEED: &str = "seed";
    pub(crate) const STEADY: &str = "steady";
    pub(crate) const MODEL: &str = "model";
    pub(crate) const VALUES: &str = "values";
    pub(crate) const SESSION: &str = "session";
    pub(crate) const LEARNED: &str = "learned";
    pub(crate) const REFERENCE_FRAME: &str = "referenceFrame";
    pub(crate) const LEARN: &str = "learn";
    pub(crate) const LEARN_IN_RENDER: &str = "learnInRender";
    pub(crate) const RENDER_AGAIN: &str = "renderAgain";
    pub(crate) const TAKE: &str = "take";
    pub(crate) const STATUS: &str = "status";
}

/// The clip with items as colours or as alpha.
pub(crate) const MASK: &CStr = c"Mask";
/// The clip with a picture to take an item from.
pub(crate) const REFERENCE: &CStr = c"Reference";

const ABOUT: &str = "Edits things in a picture: replaces, removes, moves, resizes and swaps them. Each thing of a reference frame is learned once; every \
                     frame is then edited with what was learned. Needs D-Edit's program, which computes beside the host.";

/// What the effect is.
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
        // Strips of a frame would each be the whole work.
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
    // Frames differ by themselves where each has a mask file of its own.
    for (index, parameter) in [id::MASK_SOURCE, id::MASK_FILE].into_iter().enumerate() {
        effect.set_text(prop::PREFERENCES_PARAMETER, index, parameter);
    }
}

/// The clips of a filter, which by the specification has one input.
pub(crate) const FILTER_CLIPS: &[ClipDeclaration] = &[SOURCE_CLIP, OUTPUT_CLIP];
/// The clips of the general context.
pub(crate) const GENERAL_CLIPS: &[ClipDeclaration] = &[SOURCE_CLIP, MASK_CLIP, REFERENCE_CLIP, OUTPUT_CLIP];

const ALL: &[Components] = &[Components::Rgba, Components::Rgb, Components::Alpha];
const SOURCE_CLIP: ClipDeclaration = ClipDeclaration { name: value::SOURCE, components: ALL, optional: false, temporal_access: true };
// Not declared a mask of OpenFX: hosts reduce those to alpha, and the colours, which name items, are lost.
const MASK_CLIP: ClipDeclaration = ClipDeclaration { name: MASK, components: ALL, optional: true, temporal_access: true };
const REFERENCE_CLIP: ClipDeclaration =
    ClipDeclaration { name: REFERENCE, components: &[Components::Rgba, Components::Rgb], optional: true, temporal_access: true };
const OUTPUT_CLIP: ClipDeclaration = ClipDeclaration { name: value::OUTPUT, components: ALL, optional: false, temporal_access: false };

/// Defines all parameters.
pub(crate) fn parameters(definition: &Definition<'_>) -> Result<()> {
    what(definition)?;
    masks(definition)?;
    how(definition)?;
    session(definition)
}

fn what(definition: &Definition<'_>) -> Result<()> {
    let group = "what";
    definition.group(group, "Edit", true)?;
    let _ = definition.choice(id::EDIT, "Edit", "What becomes of the item.", &Kind::ALL.map(|(_, label)| label))?.within(group);
    let item = "Which item, by its name or its number, from 1. Where there is only one, nothing need be said.";
    let _ = definition.text(id::ITEM, "Item", item, "")?.within(group);
    let prompt = "What it becomes, in words, such as: a white handbag. With Augment it stays itself, and [v] stands for it in the words.";
    let _ = definition.text(id::PROMPT, "Prompt", prompt, "")?.within(group);
    let other = "The item to swap or blend with; of a session that is named, the reference's.";
    let _ = definition.text(id::OTHER, "Other item", other, "")?.within(group);
    let into = "Who gets the pixels that an item leaves. Without it: what lies nearest.";
    let _ = definition.text(id::INTO, "Filled by", into, "")?.within(group);
    let shift = "How far it goes, in pixels of the whole size, to the right and up.";
    let _ = definition.vector(id::SHIFT, "Shift", shift, [0.0; 2], [-65_000.0, 65_000.0])?.within(group).animated().shown(-2000.0, 2000.0);
    let scale = definition.number(id::SCALE, "Scale", "How many times as large it becomes.", 1.0, [0.01, 100.0])?;
    let _ = scale.within(group).animated().meaning(value::SCALE).shown(0.1, 4.0);
    let rotation =
        definition.number(id::ROTATION, "Rotation", "How far it is turned, in degrees against the clock.", 0.0, [-36_000.0, 36_000.0])?;
    let _ = rotation.within(group).animated().meaning(value::ANGLE).shown(-180.0, 180.0);
    let amount = "How much of the other item, when two are blended.";
    let _ = definition.number(id::AMOUNT, "Amount", amount, 0.5, [0.0, 1.0])?.within(group).animated();
    Ok(())
}

fn masks(definition: &Definition<'_>) -> Result<()> {
    let group = "items";
    definition.group(group, "Items", true)?;
    let source = "Where it is said which pixels are an item. In a mask each colour is an item, and black is none; a mask of greys or alpha is one item. \
                  Where no Mask is connected, the session's items count.";
    let _ = definition.choice(id::MASK_SOURCE, "Items from", source, &MaskSource::ALL.map(|(_, label)| label))?.within(group);
    let file = "A picture of the frame's size. #### or %04d stand for the number of the frame.";
    let _ = definition.text(id::MASK_FILE, "Mask file", file, "")?.within(group).file();
    Ok(())
}

fn how(definition: &Definition<'_>) -> Result<()> {
    let group = "how";
    definition.group(group, "How", false)?;
    let fit = "What of the surroundings the edit may take: the item's own outline, a loose one, or the whole box round it.";
    let _ = definition.choice(id::FIT, "Fit", fit, &Fit::ALL.map(|(_, label)| label))?.within(group);
    let strength = "How long the soft edge of the edit stays as it was, from 0 to 1; -1 as it suits the edit.";
    let _ = definition.number(id::STRENGTH, "Strength", strength, -1.0, [-1.0, 1.0])?.within(group);
    let guidance = "How strongly the words lead; 0 as it suits the edit.";
    let _ = definition.number(id::GUIDANCE, "Guidance", guidance, 0.0, [0.0, 50.0])?.within(group).shown(0.0, 15.0);
    let _ = definition.integer(id::STEPS, "Steps", "Steps of each frame; 0 as usual.", 0, [0, 1000])?.within(group).shown_integer(0, 100);
    let _ = definition.integer(id::SEED, "Seed", "Another number is another try.", 0, [0, i32::MAX])?.within(group).shown_integer(0, 1000);
    let steady = "The same noise at the same place in all frames, going along with what moves: less flicker.";
    let _ = definition.switch(id::STEADY, "Steady", steady, true)?.within(group);
    let _ = definition
        .text(id::MODEL, "Model", "A model by its name or its path on the daemon's machine; the usual one without.", "")?
        .within(group);
    let values = "What pixel values are. Automatic: as the host says; where it does not, floats are linear light and all else is sRGB.";
    let _ = definition.choice(id::VALUES, "Values", values, &Values::ALL.map(|(_, label)| label))?.within(group);
    Ok(())
}

fn session(definition: &Definition<'_>) -> Result<()> {
    let group = "learning";
    definition.group(group, "Learning", true)?;
    let name = "The name or folder of a session that was begun elsewhere, as `dedit learn` or another host tells it. Without it: that of the \
                reference frame.";
    let _ = definition.text(id::SESSION, "Session", name, "")?.within(group);
    let frame = "The frame that is learned. Where a host gives no other frames than the one it renders, that one.";
    let _ =
        definition.integer(id::REFERENCE_FRAME, "Reference frame", frame, 0, [-1_000_000, 1_000_000])?.within(group).shown_integer(0, 1000);
    let learn = "Learns the items of the reference frame. Takes from seconds to minutes; edits are drafts until then.";
    let _ = definition.button(id::LEARN, "Learn items", learn)?.within(group);
    let unasked = "Learns when a frame is rendered, where nothing is learned yet: for hosts without buttons.";
    let _ = definition.switch(id::LEARN_IN_RENDER, "Learn when rendering", unasked, false)?.within(group);
    let again = "Makes frames again that are kept, such as after learning anew.";
    let _ = definition.button(id::RENDER_AGAIN, "Render again", again)?.within(group);
    let learned = "The session that was learned, and its frame: kept in the project, so that frames find it at every scale.";
    let _ = definition.text(id::LEARNED, "Learned", learned, "")?.within(group).hidden();
    let take = "Counts how often frames were made again: results are kept for each number.";
    let _ = definition.integer(id::TAKE, "Take", take, 0, [0, i32::MAX])?.within(group).shown_integer(0, 100);
    let _ = definition.text(id::STATUS, "Status", "How it is.", "")?.within(group).read_only();
    Ok(())
}
