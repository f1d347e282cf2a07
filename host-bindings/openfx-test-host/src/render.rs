//! Renders.

use std::sync::{Arc, PoisonError};

use ofx_host::abi::RectI;

use crate::call::{Call, Target};
use crate::error::{Error, Result};
use crate::image::{ClipImage, Components, Depth, Field};
use crate::instance::{Instance, describe_clip};
use crate::live_image::Pixels;
use crate::prop::Slot;
use crate::run::{Outcome, arguments, run};

/// A frame to render.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderRequest {
    /// Its time, in frames.
    pub time: f64,
    /// The pixels to fill, at `scale`.
    pub window: RectI,
    /// Rendered pixels per pixel of the full size.
    pub scale: [f64; 2],
    /// The field to render.
    pub field: Field,
    /// Whether a user waits for it.
    pub interactive: bool,
    /// Whether frames come in order.
    pub sequential: bool,
    /// Whether a draft is enough.
    pub draft: bool,
    /// The image to render into. `None` for one in the format of the source, of the window's size or, without tiles, the project's.
    pub output: Option<ClipImage>,
}

impl Default for RenderRequest {
    fn default() -> Self {
        Self {
            time: 0.0,
            window: RectI { x1: 0, y1: 0, x2: 64, y2: 48 },
            scale: [1.0, 1.0],
            field: Field::None,
            interactive: false,
            sequential: false,
            draft: false,
            output: None,
        }
    }
}

impl RenderRequest {
    /// A frame with a window, otherwise by default.
    pub fn new(time: f64, window: RectI) -> Self {
        Self { time, window, ..Self::default() }
    }

    /// The common arguments of the render and is-identity actions.
    pub(crate) fn common(&self) -> Vec<(&'static str, Vec<Slot>)> {
        let RectI { x1, y1, x2, y2 } = self.window;
        vec![
            ("OfxPropTime", vec![self.time.into()]),
            ("OfxImageEffectPropFieldToRender", vec![self.field.word().into()]),
            ("OfxImageEffectPropRenderWindow", [x1, y1, x2, y2].map(Slot::from).into()),
            ("OfxImageEffectPropRenderScale", self.scale.map(Slot::from).into()),
        ]
    }
}

/// The result of a render.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The result of the action.
    pub outcome: Outcome,
    /// The image, whatever status the effect returned. [`ClipImage::written`] tells which pixels it wrote.
    pub output: ClipImage,
}

/// A sequence of frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// First and last frame.
    pub range: [f64; 2],
    /// The distance between frames.
    pub step: f64,
    /// Rendered pixels per pixel of the full size.
    pub scale: [f64; 2],
    /// Whether a user waits.
    pub interactive: bool,
    /// Whether frames come in order.
    pub sequential: bool,
}

impl Default for Sequence {
    fn default() -> Self {
        Self { range: [0.0, 0.0], step: 1.0, scale: [1.0, 1.0], interactive: false, sequential: true }
    }
}

impl Instance {
    /// Runs the begin-sequence action.
    pub fn begin_sequence(&self, sequence: &Sequence) -> Outcome {
        self.sequence("OfxImageEffectActionBeginSequenceRender", sequence)
    }

    /// Runs the end-sequence action.
    pub fn end_sequence(&self, sequence: &Sequence) -> Outcome {
        self.sequence("OfxImageEffectActionEndSequenceRender", sequence)
    }

    fn sequence(&self, action: &'static str, sequence: &Sequence) -> Outcome {
        let values = vec![
            ("OfxImageEffectPropFrameRange", sequence.range.map(Slot::from).into()),
            ("OfxImageEffectPropFrameStep", vec![sequence.step.into()]),
            ("OfxPropIsInteractive", vec![sequence.interactive.into()]),
            ("OfxImageEffectPropRenderScale", sequence.scale.map(Slot::from).into()),
            ("OfxImageEffectPropSequentialRenderStatus", vec![sequence.sequential.into()]),
            ("OfxImageEffectPropInteractiveRenderStatus", vec![sequence.interactive.into()]),
        ];
        let arguments = arguments(&self.state.host.log, values);
        let call = Call::new(action, &self.state.host, Some(&self.state));
        let time = call.time;
        run(self.effect.plugin, call.at(time, sequence.scale), Some(&arguments), None, |_| {})
    }

    /// Renders a frame. An error means a mistake of the test; status and errors of the effect are in the outcome.
    pub fn render(&self, request: &RenderRequest) -> Result<Rendered> {
        let output = self.output(request);
        let (window, bounds) = (request.window, output.bounds);
        if window.x1 < bounds.x1 || window.y1 < bounds.y1 || window.x2 > bounds.x2 || window.y2 > bounds.y2 {
            return Err(Error::new(format!("the window {window:?} is not within the output's {bounds:?}")));
        }
        describe_clip(&*self.clip("Output")?, &output);
        let mut values = request.common();
        values.extend([
            ("OfxImageEffectPropSequentialRenderStatus", vec![request.sequential.into()]),
            ("OfxImageEffectPropInteractiveRenderStatus", vec![request.interactive.into()]),
            ("OfxImageEffectPropRenderQualityDraft", vec![request.draft.into()]),
        ]);
        let arguments = arguments(&self.state.host.log, values);
        let pixels = Pixels::new(output);
        let target = Target { pixels: Arc::clone(&pixels), window, field: request.field };
        let call = Call::new("OfxImageEffectActionRender", &self.state.host, Some(&self.state));
        let call = call.at(request.time, request.scale).into_target(target);
        let alone = match self.safety.as_str() {
            "OfxImageEffectRenderFullySafe" => None,
            "OfxImageEffectRenderInstanceSafe" => Some(&self.one_render),
            _ => Some(&self.effect.link.loaded.one_render),
        };
        let alone = alone.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        let outcome = run(self.effect.plugin, call, Some(&arguments), None, |_| {});
        drop(alone);
        Ok(Rendered { outcome, output: pixels.result() })
    }

    /// The image to render into.
    fn output(&self, request: &RenderRequest) -> ClipImage {
        if let Some(output) = &request.output {
            return output.clone();
        }
        let tiles = self.state.host.settings.supports_tiles && self.state.properties.int("OfxImageEffectPropSupportsTiles") != 0;
        let bounds = if tiles { request.window } else { self.whole(request.scale) };
        let sources = self.state.clips();
        let source = sources.iter().filter(|clip| clip.name != "Output").find_map(|clip| clip.source()?(request.time));
        let Some(source) = source else { return ClipImage::blank(bounds, Depth::Float, Components::Rgba) };
        let mut output = ClipImage::blank(bounds, source.depth, source.components);
        output.premult = source.premult;
        output.pixel_aspect = source.pixel_aspect;
        output.field = request.field;
        output.colourspace = source.colourspace;
        output
    }

    /// The rectangle of the project in pixels.
    fn whole(&self, scale: [f64; 2]) -> RectI {
        let ([width, height], [x, y]) = (self.settings.project_size, self.settings.project_offset);
        let (across, up) = (scale[0] / self.settings.pixel_aspect, scale[1]);
        RectI {
            x1: (x * across).floor() as i32,
            y1: (y * up).floor() as i32,
            x2: ((x + width) * across).ceil() as i32,
            y2: ((y + height) * up).ceil() as i32,
        }
    }
}
