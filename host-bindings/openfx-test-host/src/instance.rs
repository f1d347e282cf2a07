//! An instance of an effect: its parameters, clips, and changes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use crate::call::Call;
use crate::definitions;
use crate::effect::{Context, ContextDescribed, Effect};
use crate::effect_state::{Clip, EffectState, Param, Stage};
use crate::error::{Error, Result};
use crate::host_state::HostState;
use crate::image::ClipImage;
use crate::log::{Message, complain};
use crate::prop::{Properties, Slot};
use crate::property_set::PropertySet;
use crate::run::{Outcome, arguments, run};
use crate::value::Value;

/// The project of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceSettings {
    /// Its size, in canonical coordinates.
    pub project_size: [f64; 2],
    /// Its origin, in canonical coordinates.
    pub project_offset: [f64; 2],
    /// Width of a pixel over its height.
    pub pixel_aspect: f64,
    /// Frames per second.
    pub frame_rate: f64,
    /// First and last frame.
    pub frame_range: [f64; 2],
    /// Whether the host is interactive.
    pub is_interactive: bool,
}

impl Default for InstanceSettings {
    fn default() -> Self {
        Self {
            project_size: [64.0, 48.0],
            project_offset: [0.0, 0.0],
            pixel_aspect: 1.0,
            frame_rate: 25.0,
            frame_range: [0.0, 100.0],
            is_interactive: true,
        }
    }
}

/// The reason of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The user.
    User,
    /// The effect.
    Plugin,
    /// The current time.
    Time,
}

impl Reason {
    fn word(self) -> &'static str {
        match self {
            Self::User => "OfxChangeUserEdited",
            Self::Plugin => "OfxChangePluginEdited",
            Self::Time => "OfxChangeTime",
        }
    }
}

/// An instance. Its methods may be called from several threads; renders run at once as far as the effect allows.
pub struct Instance {
    pub(crate) effect: Effect,
    pub(crate) state: Arc<EffectState>,
    pub(crate) settings: InstanceSettings,
    pub(crate) safety: String,
    pub(crate) one_render: Mutex<()>,
    /// The result of the create action.
    pub created: Outcome,
    ended: bool,
}

fn instance_properties(host: &Arc<HostState>, described: &ContextDescribed, settings: &InstanceSettings) -> Arc<PropertySet> {
    let set = PropertySet::new(&host.log, "the instance", &definitions::effect_instance());
    set.take_values(&described.state.properties);
    set.put("OfxImageEffectPropContext", [described.context.word()]);
    set.put("OfxImageEffectPropProjectSize", settings.project_size);
    set.put("OfxImageEffectPropProjectOffset", settings.project_offset);
    let ([width, height], [x, y]) = (settings.project_size, settings.project_offset);
    set.put("OfxImageEffectPropProjectExtent", [width + x, height + y]);
    set.put("OfxImageEffectPropPixelAspectRatio", [settings.pixel_aspect]);
    set.put("OfxImageEffectPropFrameRate", [settings.frame_rate]);
    set.put("OfxImageEffectInstancePropEffectDuration", [settings.frame_range[1] - settings.frame_range[0] + 1.0]);
    set.put("OfxPropIsInteractive", [settings.is_interactive]);
    let none: [Slot; 1] = [Slot::Pointer(described.state.registration.handle().addr())];
    set.put("OfxImageEffectPropPluginHandle", none);
    if let Some(style) = &host.settings.colour_management {
        set.put("OfxImageEffectPropColourManagementStyle", [style.as_str()]);
        set.put("OfxImageEffectPropColourManagementConfig", ["ofx-native-v1.5_aces-v1.3_ocio-v2.3"]);
    }
    set
}

fn clip_properties(host: &Arc<HostState>, described: &Clip, settings: &InstanceSettings) -> Arc<PropertySet> {
    let set = PropertySet::new(&host.log, format!("the clip {}", described.name), &definitions::clip_instance());
    set.take_values(&described.properties);
    set.put("OfxImageEffectPropFrameRate", [settings.frame_rate]);
    set.put("OfxImageEffectPropUnmappedFrameRate", [settings.frame_rate]);
    set.put("OfxImageEffectPropFrameRange", settings.frame_range);
    set.put("OfxImageEffectPropUnmappedFrameRange", settings.frame_range);
    set.put("OfxImageClipPropConnected", [described.name == "Output"]);
    if host.settings.colour_management.is_some() {
        set.put("OfxImageClipPropColourspace", [""]);
    }
    set
}

fn param_properties(host: &Arc<HostState>, described: &Param) -> Arc<PropertySet> {
    let shape = described.shape.map(|shape| (shape.form, shape.count));
    let all = definitions::param(&described.kind, shape);
    let set = PropertySet::new(&host.log, format!("the parameter {}", described.name), &all);
    set.take_values(&described.properties);
    set.only_writable(&definitions::PARAM_INSTANCE_WRITABLE);
    set
}

impl Instance {
    /// Creates an instance.
    pub fn create(described: &ContextDescribed, settings: &InstanceSettings) -> Result<Self> {
        if !described.outcome.went_well() {
            return Err(Error::new(format!("the effect is not described: status {}", described.outcome.status)));
        }
        described.effect.link.ensure_loaded()?;
        let host = &described.effect.link.host;
        let state = EffectState::new(host, Stage::Instance, instance_properties(host, described, settings));
        let (clips, params) = (described.state.clips(), described.state.params());
        let clips = clips.iter().map(|clip| Clip::new(&state, &clip.name, clip_properties(host, clip, settings))).collect();
        let params = params.iter().map(|param| Param::new(&state, &param.kind, &param.name, param_properties(host, param))).collect();
        {
            let mut life = state.life();
            life.clips = clips;
            life.params = params;
            life.time = settings.frame_range[0];
        }
        let call = Call::new("OfxActionCreateInstance", host, Some(&state));
        let created = run(described.effect.plugin, call, None, None, |_| {});
        if !created.went_well() {
            return Err(Error::new(format!("the instance was not created: {created:?}")));
        }
        described.effect.link.instances.fetch_add(1, Ordering::SeqCst);
        Ok(Self {
            effect: described.effect.clone(),
            state,
            settings: settings.clone(),
            safety: described.state.properties.text("OfxImageEffectPluginRenderThreadSafety"),
            one_render: Mutex::default(),
            created,
            ended: false,
        })
    }

    /// Its context.
    pub fn context(&self) -> Option<Context> {
        let word = self.state.properties.text("OfxImageEffectPropContext");
        [Context::Filter, Context::General, Context::Generator].into_iter().find(|context| context.word() == word)
    }

    /// Destroys it; returns the result.
    pub fn destroy(mut self) -> Outcome {
        self.end()
    }

    fn end(&mut self) -> Outcome {
        self.ended = true;
        self.effect.link.instances.fetch_sub(1, Ordering::SeqCst);
        let state = Arc::clone(&self.state);
        let call = Call::new("OfxActionDestroyInstance", &state.host, Some(&state));
        run(self.effect.plugin, call, None, None, |_| {
            let kept = state.life().memory.len();
            if kept > 0 {
                complain(Some(&state.host.log), format!("{kept} blocks of memory were not freed"));
            }
        })
    }

    pub(crate) fn param(&self, id: &str) -> Result<Arc<Param>> {
        self.state.param(id).ok_or_else(|| Error::new(format!("there is no parameter {id}")))
    }

    pub(crate) fn clip(&self, name: &str) -> Result<Arc<Clip>> {
        self.state.clip(name).ok_or_else(|| Error::new(format!("there is no clip {name}")))
    }

    fn fitting(&self, id: &str, value: Value) -> Result<(Arc<Param>, Value)> {
        let param = self.param(id)?;
        if param.shape.is_some_and(|shape| shape.holds(&value)) {
            return Ok((param, value));
        }
        Err(Error::new(format!("{id} is {}, not {value:?}", param.kind)))
    }

    /// Sets the value of a parameter without notifying the effect; sets a key at the current time where there are keys.
    pub fn set(&self, id: &str, value: impl Into<Value>) -> Result<()> {
        let (param, value) = self.fitting(id, value.into())?;
        param.curve().set(self.state.time(), value);
        Ok(())
    }

    /// Sets a key of a parameter. Numbers are interpolated linearly.
    pub fn set_key(&self, id: &str, time: f64, value: impl Into<Value>) -> Result<()> {
        let (param, value) = self.fitting(id, value.into())?;
        if param.properties.int("OfxParamPropAnimates") == 0 {
            return Err(Error::new(format!("{id} does not animate")));
        }
        param.curve().set_key(time, value);
        param.properties.put("OfxParamPropIsAnimating", [true]);
        Ok(())
    }

    /// The value of a parameter at the current time.
    pub fn get(&self, id: &str) -> Result<Value> {
        let time = self.state.time();
        self.get_at(id, time)
    }

    /// The value of a parameter at a time.
    pub fn get_at(&self, id: &str, time: f64) -> Result<Value> {
        Ok(self.param(id)?.curve().at(time))
    }

    /// The current properties of a parameter.
    pub fn param_properties(&self, id: &str) -> Result<Properties> {
        Ok(self.param(id)?.properties.snapshot())
    }

    /// The current properties of a clip.
    pub fn clip_properties(&self, name: &str) -> Result<Properties> {
        Ok(self.clip(name)?.properties.snapshot())
    }

    /// The properties of the instance.
    pub fn properties(&self) -> Properties {
        self.state.properties.snapshot()
    }

    /// Connects a clip. The image of the first frame determines the format of the clip; `None` means no image at that time.
    pub fn connect<I: Into<Option<ClipImage>>>(&self, name: &str, source: impl Fn(f64) -> I + Send + Sync + 'static) -> Result<()> {
        let clip = self.clip(name)?;
        let sample = source(self.settings.frame_range[0]).into();
        if let Some(sample) = &sample {
            let takes = clip.properties.texts("OfxImageEffectPropSupportedComponents");
            if !takes.iter().any(|word| word == sample.components.word()) {
                return Err(Error::new(format!("{name} takes {takes:?}, not {:?}", sample.components)));
            }
            describe_clip(&clip, sample);
        }
        clip.properties.put("OfxImageClipPropConnected", [true]);
        *clip.source.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(move |time| source(time).into()));
        Ok(())
    }

    /// Disconnects a clip.
    pub fn disconnect(&self, name: &str) -> Result<()> {
        let clip = self.clip(name)?;
        clip.properties.put("OfxImageClipPropConnected", [false]);
        *clip.source.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Changes the current time without notifying the effect.
    pub fn go_to(&self, time: f64) {
        self.state.life().time = time;
    }

    /// Sets the answer to the question whether to stop; `hook` gets how often the effect asked in this action before.
    pub fn on_abort(&self, hook: impl Fn(usize) -> bool + Send + Sync + 'static) {
        self.state.life().abort = Some(Arc::new(hook));
    }

    /// Sets the answer to a progress update: whether to go on.
    pub fn on_progress(&self, hook: impl Fn(f64) -> bool + Send + Sync + 'static) {
        self.state.life().progress = Some(Arc::new(hook));
    }

    /// The persistent message, if there is one.
    pub fn persistent_message(&self) -> Option<Message> {
        self.state.life().persistent.clone()
    }

    /// Notifies the effect that a parameter has changed, and then of the parameters that it changed itself, as hosts do.
    pub fn changed(&self, id: &str, reason: Reason) -> Result<Outcome> {
        self.param(id)?;
        self.notify("OfxTypeParameter", id, reason)
    }

    /// Notifies the effect that a clip has changed.
    pub fn clip_changed(&self, name: &str, reason: Reason) -> Result<Outcome> {
        self.clip(name)?;
        self.notify("OfxTypeClip", name, reason)
    }

    fn notify(&self, kind: &str, name: &str, reason: Reason) -> Result<Outcome> {
        let mut all = Outcome::default();
        let mut next = vec![(kind.to_owned(), name.to_owned(), reason)];
        for _ in 0..16 {
            let Some(first) = next.first() else { return Ok(all) };
            let reason = first.2;
            let set = self.notify_round(&next, &mut all);
            next = set.into_iter().map(|name| ("OfxTypeParameter".to_owned(), name, Reason::Plugin)).collect();
            if reason == Reason::Plugin && next.is_empty() {
                break;
            }
        }
        if next.is_empty() { Ok(all) } else { Err(Error::new(format!("the effect keeps changing {next:?}"))) }
    }

    /// One round: begin, changes, end. Returns the parameters that the effect set.
    fn notify_round(&self, changes: &[(String, String, Reason)], all: &mut Outcome) -> Vec<String> {
        let host = &self.state.host;
        let mut set: Vec<String> = Vec::new();
        let Some((_, _, reason)) = changes.first() else { return set };
        let reason = vec![Slot::from(reason.word())];
        let mut act = |action, values: Vec<(&'static str, Vec<Slot>)>, counts: bool| {
            let arguments = arguments(&host.log, values);
            let outcome = run(self.effect.plugin, Call::new(action, host, Some(&self.state)), Some(&arguments), None, |_| {});
            // The first failure counts; results of begin and end do not.
            if counts && all.went_well() {
                all.status = outcome.status;
            }
            for name in &outcome.set {
                if !set.contains(name) {
                    set.push(name.clone());
                }
            }
            all.complaints.extend(outcome.complaints);
            all.messages.extend(outcome.messages);
            all.progress.extend(outcome.progress);
            all.aborts += outcome.aborts;
            all.released += outcome.released;
            all.set.extend(outcome.set);
        };
        act("OfxActionBeginInstanceChanged", vec![("OfxPropChangeReason", reason.clone())], false);
        for (kind, name, _) in changes {
            let values = vec![
                ("OfxPropType", vec![kind.as_str().into()]),
                ("OfxPropName", vec![name.as_str().into()]),
                ("OfxPropChangeReason", reason.clone()),
                ("OfxPropTime", vec![self.state.time().into()]),
                ("OfxImageEffectPropRenderScale", vec![1.0.into(), 1.0.into()]),
            ];
            act("OfxActionInstanceChanged", values, true);
        }
        act("OfxActionEndInstanceChanged", vec![("OfxPropChangeReason", reason)], false);
        set
    }
}

/// Sets the format of a clip to that of an image.
pub(crate) fn describe_clip(clip: &Clip, image: &ClipImage) {
    let set = &clip.properties;
    for name in ["OfxImageEffectPropPixelDepth", "OfxImageClipPropUnmappedPixelDepth"] {
        set.put(name, [image.depth.word()]);
    }
    for name in ["OfxImageEffectPropComponents", "OfxImageClipPropUnmappedComponents"] {
        set.put(name, [image.components.word()]);
    }
    set.put("OfxImageEffectPropPreMultiplication", [image.premult.word()]);
    set.put("OfxImagePropPixelAspectRatio", [image.pixel_aspect]);
    if let Some(space) = &image.colourspace {
        set.put("OfxImageClipPropColourspace", [space.as_str()]);
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if !self.ended {
            self.end();
        }
    }
}
