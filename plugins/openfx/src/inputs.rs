//! The images of an instance, and what the host tells about them.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};

use dedit_schema::Verb;
use ofx_host::names::value;
use ofx_host::{Depth, HostFacts, Image, Instance};

use crate::choices::{MaskSource, PixelValues};
use crate::colour;
use crate::failure::{Failure, from_host, input, stopped};
use crate::masks::Mask;
use crate::names::{MASK, REFERENCE};
use crate::parameters::Parameters;
use crate::pixels::{Encoding, InputFrame};

/// Whether the host gives frames of other times. Set by the describe action.
static GIVES_OTHER_TIMES: AtomicBool = AtomicBool::new(false);
/// Whether floats of this host are sRGB where it does not tell the colour space.
static FLOATS_ARE_SRGB: AtomicBool = AtomicBool::new(false);

/// Keeps what matters of the host.
pub(crate) fn remember_host(host: &HostFacts) {
    GIVES_OTHER_TIMES.store(host.temporal_access, Ordering::Relaxed);
    FLOATS_ARE_SRGB.store(colour::floats_are_srgb(&host.name), Ordering::Relaxed);
}

/// Whether the host gives frames of other times than the rendered one.
pub(crate) fn gives_other_times() -> bool {
    GIVES_OTHER_TIMES.load(Ordering::Relaxed)
}

/// The frame that is learned; in hosts that give no other, the rendered one.
pub(crate) fn reference_time(parameters: &Parameters, time: f64) -> f64 {
    if gives_other_times() { parameters.reference_time } else { time }
}

/// A frame and its mask, if it has one.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) frame: InputFrame,
    pub(crate) mask: Option<Mask>,
}

/// What a new session starts from.
#[derive(Debug, Clone)]
pub(crate) struct SessionStart {
    /// The reference frame.
    pub(crate) scene: Scene,
    /// The picture of the Reference clip.
    pub(crate) reference: Option<Scene>,
}

/// The inputs of an action.
pub(crate) struct Inputs<'i> {
    pub(crate) instance: &'i Instance<'i>,
    pub(crate) parameters: Parameters,
}

impl<'i> Inputs<'i> {
    /// The image of a clip; `None` also where the context has no such clip.
    pub(crate) fn image(&self, clip: &CStr, time: f64) -> ofx_host::Result<Option<Image<'i>>> {
        self.instance.clip(clip).map_or(Ok(None), |clip| clip.image(time))
    }

    /// The encoding of a clip's images of a depth.
    pub(crate) fn encoding(&self, clip: &CStr, depth: Depth) -> Encoding {
        let linear = match self.parameters.pixel_values {
            PixelValues::Srgb => false,
            PixelValues::Linear => true,
            PixelValues::Automatic => {
                let space = self.instance.clip(clip).and_then(|clip| clip.colour_space());
                let usual = matches!(depth, Depth::Half | Depth::Float) && !FLOATS_ARE_SRGB.load(Ordering::Relaxed);
                space.as_deref().and_then(colour::is_linear).unwrap_or(usual)
            }
        };
        Encoding { linear, alpha_is_mask: self.parameters.mask_source == MaskSource::Alpha }
    }

    /// A required image. Hosts that abort a render give none.
    fn required(&self, clip: &CStr, time: f64, missing: impl FnOnce() -> Failure) -> Result<Image<'i>, Failure> {
        let image = self.image(clip, time).map_err(|error| from_host(&error))?;
        image.ok_or_else(|| if self.instance.is_aborted() { stopped() } else { missing() })
    }

    fn scene(&self, time: f64) -> Result<Scene, Failure> {
        let missing = || input(format!("there is no frame {time}"), "choose another reference frame");
        let source = self.required(value::SOURCE, time, missing)?;
        self.scene_of(&source, time, self.encoding(value::SOURCE, source.depth()))
    }

    /// The frame of an image of the Source, with its mask.
    pub(crate) fn scene_of(&self, source: &Image<'_>, time: f64, encoding: Encoding) -> Result<Scene, Failure> {
        let frame = InputFrame::read(source, encoding)?;
        let mask = match self.parameters.mask_source {
            MaskSource::Session => None,
            MaskSource::Alpha => Some(Mask::of_alpha(source, &frame)?),
            MaskSource::File => Some(Mask::of_file(&self.parameters.mask_file, time, &frame)?),
            MaskSource::Clip => {
                let is_connected = self.instance.clip(MASK).is_some_and(|clip| clip.is_connected());
                let image = self.image(MASK, time).map_err(|error| from_host(&error))?;
                // A connected mask without an image at this time means that no item is visible.
                is_connected.then(|| image.map_or_else(|| Mask::empty(&frame), |image| Mask::of_image(&image, &frame)))
            }
        };
        Ok(Scene { frame, mask })
    }

    /// The picture of the Reference clip, if the edit needs it.
    fn reference(&self, time: f64) -> Result<Option<Scene>, Failure> {
        if !self.parameters.is(Verb::SwapIn) {
            return Ok(None);
        }
        let missing = || input("there is no picture to take an item from", "connect one to Reference");
        let image = self.required(REFERENCE, time, missing)?;
        // Its alpha is the item's mask, and its colours may be premultiplied by it.
        let encoding = Encoding { alpha_is_mask: false, ..self.encoding(REFERENCE, image.depth()) };
        let frame = InputFrame::read(&image, encoding)?;
        let mask = Mask::of_alpha(&image, &frame).ok();
        Ok(Some(Scene { frame: frame.opaque(), mask }))
    }

    /// What the session of the reference frame starts from, at the rendered scale. `known` is the scene of `time`, if it was read already.
    pub(crate) fn session_start(&self, time: f64, known: Option<&Scene>) -> Result<SessionStart, Failure> {
        let reference = reference_time(&self.parameters, time);
        let scene = match known.filter(|_| (reference - time).abs() < 1e-9) {
            Some(known) => {
                // The digest is computed before the clone, so that both have it.
                known.frame.digest();
                known.clone()
            }
            None => self.scene(reference)?,
        };
        Ok(SessionStart { scene, reference: self.reference(reference)? })
    }
}
