//! Renders.

use std::sync::PoisonError;

use ofx_host::abi::RectI;

use crate::error::{Error, Result};
use crate::frame::{Frame, Target};
use crate::image::{ClipImage, Components, Depth, Field};
use crate::instance::{Instance, describe_clip};
use crate::live_image::Pixels;
use crate::property_set::Slot;
use crate::run::{Outcome, arguments, run};

/// What is to be rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderRequest {
    /// The frame.
    pub time: f64,
    /// Which pixels.
    pub window: RectI,
    /// Pixels for one of the whole size.
    pub scale: [f64; 2],
    /// Which field.
    pub field: Field,
    /// Whether this is for somebody who waits.
    pub interactive: bool,
    /// Whether frames come in order.
    pub sequential: bool,
    /// Whether it may be rough.
    pub draft: bool,
    /// An image to render into; without, one of the window's size, or the project's where there are no tiles, in the format of the source.
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
    /// A frame and its window.
    pub fn new(time: f64, window: RectI) -> Self {
        Self { time, window, ..Self::default() }
    }

    /// The arguments of a render and of the question whether one is needed.
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

/// What came of a render.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// How the action went.
    pub outcome: Outcome,
    /// The image, whatever the effect answered. [`ClipImage::written`] says what of it the effect has written.
    pub output: ClipImage,
}

/// Frames that are rendered one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// First and last frame.
    pub range: [f64; 2],
    /// From one to the next.
    pub step: f64,
    /// Pixels for one of the whole size.
    pub scale: [f64; 2],
    /// Whether somebody waits.
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
    /// Says that frames will be rendered one after the other.
    pub fn begin_sequence(&self, sequence: &Sequence) -> Outcome {
        self.sequence("OfxImageEffectActionBeginSequenceRender", sequence)
    }

    /// Says that they are.
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
        let arguments = arguments(&self.state.host, values);
        let frame = Frame { scale: sequence.scale, ..Frame::new(action, &self.state.host, Some(&self.state)) };
        run(self.effect.plugin, frame, Some(&arguments), None, |_| {})
    }

    /// Renders. An error is the test's; what the effect answers and does wrong is in the outcome.
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
        let arguments = arguments(&self.state.host, values);
        let pixels = Pixels::new(output);
        let target = Target { pixels: std::sync::Arc::clone(&pixels), window, field: request.field };
        let frame = Frame {
            time: request.time,
            scale: request.scale,
            target: Some(target),
            ..Frame::new("OfxImageEffectActionRender", &self.state.host, Some(&self.state))
        };
        let alone = match self.safety.as_str() {
            "OfxImageEffectRenderFullySafe" => None,
            "OfxImageEffectRenderInstanceSafe" => Some(&self.one_render),
            _ => Some(&self.effect.link.loaded.one_render),
        };
        let alone = alone.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        let outcome = run(self.effect.plugin, frame, Some(&arguments), None, |_| {});
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

    /// The pixels of the project.
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
