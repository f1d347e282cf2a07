//! Parts of toys, and what they are made of.

/// The material of a part of a toy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The toy's own colour.
    Main,
    Dark,
    Pale,
    Brown,
    Beak,
    Glass,
    Leaf,
}

/// A signed distance and the material of the nearest part.
pub(crate) type Sample = (f32, Part);

/// The union of several parts.
pub(crate) fn nearest<const N: usize>(parts: [Sample; N]) -> Sample {
    parts.into_iter().fold((f32::INFINITY, Part::Main), |best, part| if part.0 < best.0 { part } else { best })
}
