//! Pixel formats: depth, components and the meaning of alpha, with their OpenFX words.

use std::ffi::CStr;

use crate::names::value;

/// How a sample is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Depth {
    /// `u8`, 0..=255.
    Byte,
    /// `u16`, 0..=65535.
    Short,
    /// IEEE binary16, nominally 0..=1.
    Half,
    /// IEEE binary32, nominally 0..=1.
    Float,
}

impl Depth {
    const ALL: [Self; 4] = [Self::Byte, Self::Short, Self::Half, Self::Float];

    /// Bytes of a sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Short | Self::Half => 2,
            Self::Float => 4,
        }
    }

    pub(crate) fn word(self) -> &'static CStr {
        match self {
            Self::Byte => value::BYTE,
            Self::Short => value::SHORT,
            Self::Half => value::HALF,
            Self::Float => value::FLOAT,
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|depth| depth.word().to_bytes() == word.as_bytes())
    }
}

/// The samples of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Components {
    /// Red, green, blue, alpha.
    Rgba,
    /// Red, green, blue.
    Rgb,
    /// Alpha.
    Alpha,
}

impl Components {
    const ALL: [Self; 3] = [Self::Rgba, Self::Rgb, Self::Alpha];

    /// Samples per pixel.
    pub fn count(self) -> usize {
        match self {
            Self::Rgba => 4,
            Self::Rgb => 3,
            Self::Alpha => 1,
        }
    }

    pub(crate) fn word(self) -> &'static CStr {
        match self {
            Self::Rgba => value::RGBA,
            Self::Rgb => value::RGB,
            Self::Alpha => value::ALPHA,
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|components| components.word().to_bytes() == word.as_bytes())
    }
}

/// How alpha relates to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alpha {
    /// Alpha counts as 1 everywhere, whatever is stored.
    Opaque,
    /// Colours are multiplied by alpha.
    Premultiplied,
    /// Colours are not multiplied by alpha.
    Straight,
}

impl Alpha {
    /// A missing or unknown word means premultiplied, the default of the specification.
    pub(crate) fn from_word(word: &str, components: Components) -> Self {
        let is = |known: &CStr| known.to_bytes() == word.as_bytes();
        match components {
            Components::Rgb => Self::Opaque,
            Components::Alpha => Self::Straight,
            Components::Rgba if is(value::OPAQUE) => Self::Opaque,
            Components::Rgba if is(value::UNPREMULTIPLIED) => Self::Straight,
            Components::Rgba => Self::Premultiplied,
        }
    }
}
