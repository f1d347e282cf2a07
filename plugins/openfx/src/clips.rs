//! The clips of the effect.

use ofx_host::names::value::{OUTPUT, SOURCE};
use ofx_host::{ClipDeclaration, Components, Context};

use crate::names::{MASK, REFERENCE};

const ALL: &[Components] = &[Components::Rgba, Components::Rgb, Components::Alpha];
const COLOUR: &[Components] = &[Components::Rgba, Components::Rgb];

const SOURCE_CLIP: ClipDeclaration = ClipDeclaration { name: SOURCE, components: ALL, optional: false, temporal_access: true };
// Not declared a mask of OpenFX: hosts reduce those to alpha, which loses the colours that tell items apart.
const MASK_CLIP: ClipDeclaration = ClipDeclaration { name: MASK, components: ALL, optional: true, temporal_access: true };
const REFERENCE_CLIP: ClipDeclaration = ClipDeclaration { name: REFERENCE, components: COLOUR, optional: true, temporal_access: true };
const OUTPUT_CLIP: ClipDeclaration = ClipDeclaration { name: OUTPUT, components: ALL, optional: false, temporal_access: false };

/// The clips of a context. By the specification a filter has one input.
pub(crate) const fn of(context: Context) -> &'static [ClipDeclaration] {
    match context {
        Context::Filter => &[SOURCE_CLIP, OUTPUT_CLIP],
        Context::General => &[SOURCE_CLIP, MASK_CLIP, REFERENCE_CLIP, OUTPUT_CLIP],
    }
}
