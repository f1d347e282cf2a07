//! A picture sent by a client, to be opened as a session.

use std::sync::Arc;

use dedit_edit::{Image, Samples};
use sha2::{Digest as _, Sha256};

use crate::colour::ColourSpace;
use crate::raster::{digest, hex};

/// What is known of a picture besides its pixels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its colour profile (ICC); without one it is sRGB.
    pub profile: Option<Vec<u8>>,
    /// What the client wants back with the picture: bytes that mean something to it alone.
    pub metadata: Option<Vec<u8>>,
}

/// A picture sent by a client, to be opened as a session.
#[derive(Debug, Clone)]
pub struct Opening {
    pub(crate) image: Arc<Image>,
    pub(crate) digest: String,
    pub(crate) about: Arc<About>,
    pub(crate) name: String,
    pub(crate) variant: String,
}

impl Opening {
    /// A picture, what is known of it, and its name for people.
    pub fn new(image: Image, about: About, name: String) -> Self {
        Self { digest: digest(&image), image: Arc::new(image), about: Arc::new(about), name, variant: String::new() }
    }

    /// The same picture under another name.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// The same pixels, of which something else is known.
    #[must_use]
    pub fn about(self, about: About) -> Self {
        Self { about: Arc::new(about), ..self }
    }

    /// The same picture in a session of its own: different variants share nothing. An empty variant means none.
    #[must_use]
    pub fn of_variant(self, variant: String) -> Self {
        Self { variant, ..self }
    }

    /// The names that its session may have in the store, 16 hexadecimal digits each. The second one takes the colour profile in: it is used where a session
    /// of the same pixels with another profile has the first.
    pub(crate) fn session_names(&self) -> [String; 2] {
        let whole = match self.variant.as_str() {
            "" => self.digest.clone(),
            variant => hex(&Sha256::digest(format!("{} {variant}", self.digest))),
        };
        let profile =
            self.colours(self.about.profile.as_deref()).map_or_else(|| "none".to_owned(), |profile| hex(&Sha256::digest(profile)));
        let with_profile = hex(&Sha256::digest(format!("{whole} profile {profile}")));
        [whole, with_profile].map(|name| name.chars().take(16).collect())
    }

    /// Whether these pixels have the same colours with this colour profile.
    pub(crate) fn has_colours_of(&self, profile: Option<&[u8]>) -> bool {
        let own = self.about.profile.as_deref();
        own == profile || self.colours(own) == self.colours(profile)
    }

    /// The profile, where it means something else for these pixels than none; without its date and its hash, which say nothing of colours.
    fn colours(&self, profile: Option<&[u8]>) -> Option<Vec<u8>> {
        let mut profile = profile.filter(|profile| ColourSpace::of(Some(profile), &self.image).is_some())?.to_vec();
        for part in [24..36, 84..100] {
            if let Some(part) = profile.get_mut(part) {
                part.fill(0);
            }
        }
        Some(profile)
    }

    /// [`digest`](crate::digest) of the picture.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Bytes of its pixels.
    pub(crate) fn bytes(&self) -> u64 {
        let each = match self.image.samples() {
            Samples::U8(_) => 1,
            Samples::U16(_) => 2,
            Samples::F32(_) => 4,
        };
        self.image.samples().len() as u64 * each
    }
}
