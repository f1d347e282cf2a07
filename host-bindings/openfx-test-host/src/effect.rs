//! An effect and its descriptions.

use std::sync::Arc;

use ofx_host::abi::{OfxPlugin, Status};

use crate::call::Call;
use crate::definitions;
use crate::effect_state::{EffectState, Param, Stage};
use crate::error::{Error, Result};
use crate::host_state::HostState;
use crate::link::Link;
use crate::log::complain;
use crate::prop::{Prop, Properties};
use crate::property_set::PropertySet;
use crate::run::{Outcome, arguments, run, went_well};

/// The context of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// One input.
    Filter,
    /// Any inputs.
    General,
    /// No input.
    Generator,
}

impl Context {
    /// The word of OpenFX.
    pub fn word(self) -> &'static str {
        match self {
            Self::Filter => "OfxImageEffectContextFilter",
            Self::General => "OfxImageEffectContextGeneral",
            Self::Generator => "OfxImageEffectContextGenerator",
        }
    }
}

/// A loaded effect.
#[derive(Clone)]
pub struct Effect {
    pub(crate) plugin: &'static OfxPlugin,
    pub(crate) link: Arc<Link>,
}

/// The description of an effect.
pub struct Described {
    /// The result of the action.
    pub outcome: Outcome,
    /// All properties, defaults included.
    pub properties: Properties,
    effect: Effect,
    state: Arc<EffectState>,
}

/// The description of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipDescribed {
    /// Its name.
    pub name: String,
    /// All its properties.
    pub properties: Properties,
}

/// The description of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamDescribed {
    /// Its name.
    pub id: String,
    /// Its type, e.g. `OfxParamTypeDouble`.
    pub kind: String,
    /// All its properties.
    pub properties: Properties,
}

/// The description of an effect in a context.
pub struct ContextDescribed {
    /// The result of the action.
    pub outcome: Outcome,
    /// The context.
    pub context: Context,
    /// Its clips, in order.
    pub clips: Vec<ClipDescribed>,
    /// Its parameters, in order.
    pub params: Vec<ParamDescribed>,
    /// All properties of the effect.
    pub properties: Properties,
    pub(crate) effect: Effect,
    pub(crate) state: Arc<EffectState>,
}

impl ContextDescribed {
    /// A clip by name.
    pub fn clip(&self, name: &str) -> Option<&ClipDescribed> {
        self.clips.iter().find(|clip| clip.name == name)
    }

    /// A parameter by name.
    pub fn param(&self, id: &str) -> Option<&ParamDescribed> {
        self.params.iter().find(|param| param.id == id)
    }
}

fn descriptor(host: &Arc<HostState>, what: &str) -> Arc<PropertySet> {
    let mut all = definitions::effect_descriptor();
    if host.settings.colour_management.is_some() {
        all.extend(definitions::effect_colours());
    }
    PropertySet::new(&host.log, what, &all)
}

impl Effect {
    /// Runs the describe action.
    pub fn describe(&self) -> Result<Described> {
        self.link.ensure_loaded()?;
        let host = &self.link.host;
        let properties = descriptor(host, "the effect");
        properties.put("OfxPluginPropFilePath", [self.link.loaded.bundle.to_string_lossy().as_ref()]);
        let state = EffectState::new(host, Stage::Descriptor, properties);
        let call = Call::new("OfxActionDescribe", host, Some(&state));
        let outcome = run(self.plugin, call, None, None, |status| check_effect(&state, status));
        state.properties.close();
        Ok(Described { properties: state.properties.snapshot(), outcome, effect: self.clone(), state })
    }

    /// Runs any action without handle and arguments.
    pub fn act(&self, action: &'static str) -> Result<Outcome> {
        self.link.ensure_loaded()?;
        Ok(run(self.plugin, Call::new(action, &self.link.host, None), None, None, |_| {}))
    }
}

impl Described {
    /// Runs the describe-in-context action.
    pub fn describe_in_context(&self, context: Context) -> Result<ContextDescribed> {
        if !self.outcome.went_well() {
            return Err(Error::new(format!("the effect is not described: status {}", self.outcome.status)));
        }
        if !self.state.properties.texts("OfxImageEffectPropSupportedContexts").iter().any(|word| word == context.word()) {
            return Err(Error::new(format!("the effect does not work in {context:?}")));
        }
        self.effect.link.ensure_loaded()?;
        let host = &self.effect.link.host;
        let properties = descriptor(host, "the effect in a context");
        properties.take_values(&self.state.properties);
        let state = EffectState::new(host, Stage::ContextDescriptor, properties);
        let arguments = arguments(&host.log, [("OfxImageEffectPropContext", vec![context.word().into()])]);
        let call = Call::new("OfxImageEffectActionDescribeInContext", host, Some(&state));
        let outcome = run(self.effect.plugin, call, Some(&arguments), None, |status| check_context(&state, context, status));
        let (clips, params) = (state.clips(), state.params());
        state.properties.close();
        clips.iter().map(|clip| &clip.properties).chain(params.iter().map(|param| &param.properties)).for_each(|set| set.close());
        let clips = clips.iter().map(|clip| ClipDescribed { name: clip.name.clone(), properties: clip.properties.snapshot() });
        let params = params.iter().map(|param| ParamDescribed {
            id: param.name.clone(),
            kind: param.kind.clone(),
            properties: param.properties.snapshot(),
        });
        Ok(ContextDescribed {
            outcome,
            context,
            clips: clips.collect(),
            params: params.collect(),
            properties: state.properties.snapshot(),
            effect: self.effect.clone(),
            state,
        })
    }
}

/// Complains of missing required properties.
fn check_effect(state: &EffectState, status: Status) {
    if !went_well(status) {
        return;
    }
    for name in ["OfxImageEffectPropSupportedContexts", "OfxImageEffectPropSupportedPixelDepths", "OfxPropLabel"] {
        if state.properties.texts(name).iter().all(String::is_empty) {
            complain(Some(&state.host.log), format!("the effect does not set {name}"));
        }
    }
}

fn check_context(state: &EffectState, context: Context, status: Status) {
    if !went_well(status) {
        return;
    }
    let needed: &[&str] = if context == Context::Filter { &["Source", "Output"] } else { &["Output"] };
    for name in needed.iter().filter(|name| state.clip(name).is_none()) {
        complain(Some(&state.host.log), format!("there is no clip {name}"));
    }
    let (clips, params) = (state.clips(), state.params());
    for clip in &clips {
        if clip.properties.texts("OfxImageEffectPropSupportedComponents").is_empty() {
            complain(Some(&state.host.log), format!("the clip {} supports no components", clip.name));
        }
        let optional = clip.properties.int("OfxImageClipPropOptional") != 0;
        if context == Context::Filter && !optional && !needed.contains(&clip.name.as_str()) {
            complain(Some(&state.host.log), format!("the clip {} has to be optional in a filter", clip.name));
        }
    }
    for param in &params {
        check_param(state, param);
    }
    let most = state.host.settings.max_parameters;
    if usize::try_from(most).is_ok_and(|most| params.len() > most) {
        complain(Some(&state.host.log), format!("{} parameters, but the host takes {most}", params.len()));
    }
}

fn check_param(state: &EffectState, param: &Param) {
    let (set, settings) = (&param.properties, &state.host.settings);
    let wrong = |words: String| complain(Some(&state.host.log), format!("the parameter {}: {words}", param.name));
    let parent = set.text("OfxParamPropParent");
    if !parent.is_empty() && state.param(&parent).is_none_or(|parent| parent.kind != "OfxParamTypeGroup") {
        wrong(format!("its parent {parent} is no group"));
    }
    let cannot = match param.kind.as_str() {
        "OfxParamTypeString" => !settings.string_animation,
        "OfxParamTypeChoice" => !settings.choice_animation,
        "OfxParamTypeBoolean" => !settings.boolean_animation,
        _ => false,
    };
    if cannot && set.int("OfxParamPropAnimates") != 0 {
        wrong("it animates, which this host cannot do".to_owned());
    }
    let default = set.values("OfxParamPropDefault");
    if param.kind == "OfxParamTypeChoice" {
        let entries = set.texts("OfxParamPropChoiceOption").len() as i32;
        if !(0..entries).contains(&set.int("OfxParamPropDefault")) {
            wrong(format!("its default {default:?} is none of its {entries} entries"));
        }
    }
    if param.shape.is_some() {
        let number = |prop: &Prop| match prop {
            Prop::Int(value) => Some(f64::from(*value)),
            Prop::Double(value) => Some(*value),
            _ => None,
        };
        let limit = |name: &str, index: usize| set.values(name).get(index).and_then(number);
        for (index, value) in default.iter().enumerate().filter_map(|(index, prop)| Some((index, number(prop)?))) {
            let (low, high) = (limit("OfxParamPropMin", index), limit("OfxParamPropMax", index));
            if low.is_some_and(|low| value < low) || high.is_some_and(|high| value > high) {
                wrong(format!("its default {value} is outside of its limits"));
            }
        }
    }
}
