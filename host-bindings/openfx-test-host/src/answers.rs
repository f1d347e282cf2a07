//! Actions that query an instance.

use std::collections::BTreeMap;

use ofx_host::abi::{RangeD, RectD};

use crate::call::Call;
use crate::definitions::{Definition, Form, single};
use crate::error::{Error, Result};
use crate::image::Premult;
use crate::instance::Instance;
use crate::log::complain;
use crate::prop::{Properties, Slot};
use crate::property_set::PropertySet;
use crate::render::RenderRequest;
use crate::run::{Outcome, arguments, results, run};

/// The answer whether a frame passes through unchanged.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// The result of the action; only "OK" means yes.
    pub outcome: Outcome,
    /// The clip that is passed through.
    pub clip: String,
    /// The time of that image.
    pub time: f64,
}

/// The region of definition, in canonical coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionOfDefinition {
    /// The result of the action.
    pub outcome: Outcome,
    /// The region that the effect returned, or else the default.
    pub region: RectD,
}

/// The needed regions of the inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionsOfInterest {
    /// The result of the action.
    pub outcome: Outcome,
    /// By clip, in canonical coordinates.
    pub regions: BTreeMap<String, RectD>,
}

/// The needed frames of the inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Frames {
    /// The result of the action.
    pub outcome: Outcome,
    /// By clip.
    pub ranges: BTreeMap<String, Vec<RangeD>>,
}

/// The clip preferences.
#[derive(Debug, Clone, PartialEq)]
pub struct Preferences {
    /// The result of the action.
    pub outcome: Outcome,
    /// All results, defaults included.
    pub properties: Properties,
}

fn same(values: &[f64]) -> Vec<Slot> {
    values.iter().copied().map(Slot::from).collect()
}

impl Instance {
    /// Names of the clips other than the output.
    fn inputs(&self) -> Vec<String> {
        self.state.clips().iter().map(|clip| clip.name.clone()).filter(|name| name != "Output").collect()
    }

    fn ask(&self, call: Call, values: Vec<(&'static str, Vec<Slot>)>, results: &PropertySet, then: impl FnOnce(i32)) -> Outcome {
        let arguments = arguments(&self.state.host.log, values);
        run(self.effect.plugin, call, Some(&arguments), Some(results), then)
    }

    fn call(&self, action: &'static str, time: f64, scale: [f64; 2]) -> Call {
        Call::new(action, &self.state.host, Some(&self.state)).at(time, scale)
    }

    /// Runs the is-identity action.
    pub fn is_identity(&self, request: &RenderRequest) -> Identity {
        let definitions = [single("OfxPropName".to_owned(), Form::Text, 1, true), single("OfxPropTime".to_owned(), Form::Double, 1, true)];
        let start = [("OfxPropTime".to_owned(), vec![request.time.into()])];
        let results = results(&self.state.host.log, &definitions, start);
        let call = self.call("OfxImageEffectActionIsIdentity", request.time, request.scale);
        let outcome = self.ask(call, request.common(), &results, |status| {
            let name = results.text("OfxPropName");
            if status == 0 && (name == "Output" || self.state.clip(&name).is_none()) {
                complain(Some(&self.state.host.log), format!("identity with {name:?}, which is no input"));
            }
        });
        let time = results.doubles("OfxPropTime").first().copied().unwrap_or(request.time);
        Identity { outcome, clip: results.text("OfxPropName"), time }
    }

    /// Runs the get-region-of-definition action.
    pub fn region_of_definition(&self, time: f64, scale: [f64; 2]) -> RegionOfDefinition {
        let ([width, height], [x, y]) = (self.settings.project_size, self.settings.project_offset);
        let (name, start) = ("OfxImageEffectPropRegionOfDefinition", same(&[x, y, x + width, y + height]));
        let results = results(&self.state.host.log, &[single(name.to_owned(), Form::Double, 4, true)], [(name.to_owned(), start)]);
        let values = vec![("OfxPropTime", vec![time.into()]), ("OfxImageEffectPropRenderScale", same(&scale))];
        let outcome = self.ask(self.call("OfxImageEffectActionGetRegionOfDefinition", time, scale), values, &results, |_| {});
        RegionOfDefinition { outcome, region: rect_of(&results, name) }
    }

    /// Runs the get-regions-of-interest action for a region in canonical coordinates.
    pub fn regions_of_interest(&self, time: f64, scale: [f64; 2], region: RectD) -> RegionsOfInterest {
        let name = |clip: &String| format!("OfxImageClipPropRoI_{clip}");
        let start = same(&[region.x1, region.y1, region.x2, region.y2]);
        let definitions: Vec<Definition> = self.inputs().iter().map(|clip| single(name(clip), Form::Double, 4, true)).collect();
        let starts = self.inputs().iter().map(|clip| (name(clip), start.clone())).collect::<Vec<_>>();
        let results = results(&self.state.host.log, &definitions, starts);
        let values = vec![
            ("OfxPropTime", vec![time.into()]),
            ("OfxImageEffectPropRenderScale", same(&scale)),
            ("OfxImageEffectPropRegionOfInterest", start),
        ];
        let outcome = self.ask(self.call("OfxImageEffectActionGetRegionsOfInterest", time, scale), values, &results, |_| {});
        let regions = self.inputs().iter().map(|clip| (clip.clone(), rect_of(&results, &name(clip)))).collect();
        RegionsOfInterest { outcome, regions }
    }

    /// Runs the get-frames-needed action.
    pub fn frames_needed(&self, time: f64) -> Frames {
        let name = |clip: &String| format!("OfxImageClipPropFrameRange_{clip}");
        let definitions: Vec<Definition> = self.inputs().iter().map(|clip| single(name(clip), Form::Double, 0, true)).collect();
        let starts = self.inputs().iter().map(|clip| (name(clip), same(&[time, time]))).collect::<Vec<_>>();
        let results = results(&self.state.host.log, &definitions, starts);
        let values = vec![("OfxPropTime", vec![time.into()])];
        let outcome = self.ask(self.call("OfxImageEffectActionGetFramesNeeded", time, [1.0, 1.0]), values, &results, |_| {
            for clip in self.inputs().iter().filter(|clip| results.doubles(&name(clip)).len() % 2 != 0) {
                complain(Some(&self.state.host.log), format!("half a range of frames of {clip}"));
            }
        });
        let ranges =
            |clip: &String| results.doubles(&name(clip)).chunks_exact(2).map(|pair| RangeD { min: pair[0], max: pair[1] }).collect();
        Frames { outcome, ranges: self.inputs().iter().map(|clip| (clip.clone(), ranges(clip))).collect() }
    }

    /// Runs the get-clip-preferences action; the defaults are the formats of the clips.
    pub fn clip_preferences(&self) -> Preferences {
        let (host, clips) = (&self.state.host, self.state.clips());
        let mut definitions = vec![
            single("OfxImageEffectPropFrameRate".to_owned(), Form::Double, 1, true),
            single("OfxImageClipPropFieldOrder".to_owned(), Form::Text, 1, true),
            single("OfxImageEffectPropPreMultiplication".to_owned(), Form::Text, 1, true),
            single("OfxImageClipPropContinuousSamples".to_owned(), Form::Bool, 1, true),
            single("OfxImageEffectFrameVarying".to_owned(), Form::Bool, 1, true),
        ];
        let premult = self
            .state
            .clip("Source")
            .map_or(Premult::Opaque.word().to_owned(), |clip| clip.properties.text("OfxImageEffectPropPreMultiplication"));
        let mut starts = vec![
            ("OfxImageEffectPropFrameRate".to_owned(), vec![self.settings.frame_rate.into()]),
            ("OfxImageClipPropFieldOrder".to_owned(), vec!["OfxFieldNone".into()]),
            ("OfxImageEffectPropPreMultiplication".to_owned(), vec![premult.as_str().into()]),
        ];
        for clip in &clips {
            let text = |name: &str| vec![Slot::from(clip.properties.text(name).as_str())];
            let named = |name: &str| format!("{name}_{}", clip.name);
            let (components, depth, aspect) =
                (named("OfxImageClipPropComponents"), named("OfxImageClipPropDepth"), named("OfxImageClipPropPAR"));
            definitions.push(single(components.clone(), Form::Text, 1, true));
            definitions.push(single(depth.clone(), Form::Text, 1, true));
            definitions.push(single(aspect.clone(), Form::Double, 1, true));
            starts.push((components, text("OfxImageEffectPropComponents")));
            starts.push((depth, text("OfxImageEffectPropPixelDepth")));
            starts.push((aspect, same(&clip.properties.doubles("OfxImagePropPixelAspectRatio"))));
            if host.settings.colour_management.is_some() {
                definitions.push(single(named("OfxImageClipPropPreferredColourspaces"), Form::Text, 0, true));
            }
        }
        let results = results(&host.log, &definitions, starts);
        let call = Call::new("OfxImageEffectActionGetClipPreferences", host, Some(&self.state));
        // This action has no arguments.
        let outcome = run(self.effect.plugin, call, None, Some(&results), |_| {});
        Preferences { outcome, properties: results.snapshot() }
    }

    /// Runs an action without arguments.
    pub fn act(&self, action: &'static str) -> Result<Outcome> {
        if action == "OfxActionDestroyInstance" {
            return Err(Error::new("use destroy to destroy an instance"));
        }
        Ok(run(self.effect.plugin, Call::new(action, &self.state.host, Some(&self.state)), None, None, |_| {}))
    }
}

fn rect_of(results: &PropertySet, name: &str) -> RectD {
    match results.doubles(name).as_slice() {
        [x1, y1, x2, y2] => RectD { x1: *x1, y1: *y1, x2: *x2, y2: *y2 },
        _ => RectD::default(),
    }
}
