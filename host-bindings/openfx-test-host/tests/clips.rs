//! An effect with clips of its own: the host sees exactly those that it declares, and regions and frames are answered for each of them.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::ffi::CStr;

use ofx_host::abi::RangeD;
use ofx_host::names::{prop, value};
use ofx_host::{
    Change, ClipDeclaration, Components, Context, Definition, Effect, Frame, FramesNeeded, HostFacts, Identity, Properties, Result,
};
use ofx_test_host::{ClipImage, Depth, Host, HostSettings, Instance, InstanceSettings, Library, Prop, RectD, RenderRequest, rect, status};

const DEPTH_MAP: &CStr = c"DepthMap";

const SOURCE: ClipDeclaration =
    ClipDeclaration { name: value::SOURCE, components: &[Components::Rgba, Components::Rgb], optional: false, temporal_access: false };
const EXTRA: ClipDeclaration = ClipDeclaration { name: DEPTH_MAP, components: &[Components::Alpha], optional: true, temporal_access: true };
const OUTPUT: ClipDeclaration =
    ClipDeclaration { name: value::OUTPUT, components: &[Components::Rgba], optional: false, temporal_access: false };

struct Clips;

impl Effect for Clips {
    fn label(&self) -> &'static CStr {
        c"Clips"
    }

    fn clips(&self, context: Context) -> &'static [ClipDeclaration] {
        const FILTER: &[ClipDeclaration] = &[SOURCE, OUTPUT];
        const GENERAL: &[ClipDeclaration] = &[SOURCE, EXTRA, OUTPUT];
        match context {
            Context::Filter => FILTER,
            Context::General => GENERAL,
        }
    }

    fn describe(&self, _: &HostFacts, effect: &Properties<'_>) -> Result<()> {
        effect.set_word(prop::CONTEXTS, 0, value::FILTER);
        effect.set_word(prop::CONTEXTS, 1, value::GENERAL);
        effect.set_word(prop::DEPTHS, 0, value::FLOAT);
        Ok(())
    }

    fn describe_in_context(&self, _: &HostFacts, _: Context, _: &Definition<'_>) -> Result<()> {
        Ok(())
    }

    fn identity(&self, _: &ofx_host::Instance<'_>, _: &Frame) -> Result<Option<Identity>> {
        Ok(None)
    }

    fn frames_needed(&self, _: &ofx_host::Instance<'_>, time: f64) -> Result<Vec<FramesNeeded>> {
        let at = |clip, time| FramesNeeded { clip, range: RangeD { min: time, max: time } };
        Ok(vec![at(value::SOURCE, time), at(DEPTH_MAP, time - 1.0), at(DEPTH_MAP, time)])
    }

    fn render(&self, instance: &ofx_host::Instance<'_>, frame: &Frame) -> Result<()> {
        // A clip of another context is as good as not connected.
        let extra = instance.clip(DEPTH_MAP).map_or(Ok(None), |clip| clip.image(frame.time))?;
        assert_eq!(extra.is_some(), instance.clips().iter().any(|clip| clip.name == DEPTH_MAP));
        Ok(())
    }

    fn changed(&self, _: &ofx_host::Instance<'_>, _: &Change) -> Result<()> {
        Ok(())
    }

    fn varies(&self, _: &ofx_host::Instance<'_>) -> Result<bool> {
        Ok(false)
    }

    fn purge(&self) {}
}

ofx_host::export!(Clips, c"org.example.Clips", 1, 0);

struct Case {
    context: ofx_test_host::Context,
    host_has_other_times: bool,
    /// Name, components, optional, temporal access.
    clips: &'static [(&'static str, &'static [&'static str], i32, i32)],
    /// Needed frames of frame 8 by input.
    frames: &'static [(&'static str, &'static [f64])],
}

#[test]
fn hosts_see_the_clips_that_an_effect_declares() {
    const COLOUR: &[&str] = &["OfxImageComponentRGBA", "OfxImageComponentRGB"];
    const ALPHA: &[&str] = &["OfxImageComponentAlpha"];
    const RGBA: &[&str] = &["OfxImageComponentRGBA"];
    for case in [
        Case {
            context: ofx_test_host::Context::Filter,
            host_has_other_times: true,
            clips: &[("Source", COLOUR, 0, 0), ("Output", RGBA, 0, 0)],
            frames: &[("Source", &[8.0])],
        },
        Case {
            context: ofx_test_host::Context::General,
            host_has_other_times: true,
            clips: &[("Source", COLOUR, 0, 0), ("DepthMap", ALPHA, 1, 1), ("Output", RGBA, 0, 0)],
            frames: &[("Source", &[8.0]), ("DepthMap", &[7.0, 8.0])],
        },
        Case {
            context: ofx_test_host::Context::General,
            host_has_other_times: false,
            clips: &[("Source", COLOUR, 0, 0), ("DepthMap", ALPHA, 1, 0), ("Output", RGBA, 0, 0)],
            frames: &[("Source", &[8.0]), ("DepthMap", &[7.0, 8.0])],
        },
    ] {
        check(&case);
    }
}

fn check(case: &Case) {
    let host = Host::new(HostSettings { temporal_access: case.host_has_other_times, ..HostSettings::default() });
    let connection = Library::in_process(&ofx_plugin::PLUGIN).connect(&host).unwrap();
    let described = connection.effect("org.example.Clips").unwrap().describe().unwrap();
    assert_eq!(described.properties["OfxPropLabel"], [Prop::Text("Clips".to_owned())]);
    let described = described.describe_in_context(case.context).unwrap();
    let clips: Vec<_> = described
        .clips
        .iter()
        .map(|clip| {
            let flag = |name: &str| clip.properties[name].clone();
            let components = clip.properties["OfxImageEffectPropSupportedComponents"].clone();
            (clip.name.as_str(), components, flag("OfxImageClipPropOptional"), flag("OfxImageEffectPropTemporalClipAccess"))
        })
        .collect();
    let expected = case.clips.iter().map(|(name, components, optional, temporal)| {
        let components: Vec<_> = components.iter().map(|word| Prop::Text((*word).to_owned())).collect();
        (*name, components, vec![Prop::Int(*optional)], vec![Prop::Int(*temporal)])
    });
    assert_eq!(clips, expected.collect::<Vec<_>>());

    let instance = Instance::create(&described, &InstanceSettings::default()).unwrap();
    let connected = rect(2, 3, 10, 9);
    for (name, _) in case.frames {
        let components = if *name == "Source" { ofx_test_host::Components::Rgba } else { ofx_test_host::Components::Alpha };
        instance.connect(name, move |_| ClipImage::blank(connected, Depth::Float, components)).unwrap();
    }
    let needed = instance.frames_needed(8.0);
    for (name, times) in case.frames {
        assert_eq!(needed.ranges[*name].iter().map(|range| range.min).collect::<Vec<_>>(), *times, "{name}");
    }
    let asked = RectD { x1: 4.0, y1: 4.0, x2: 5.0, y2: 5.0 };
    let whole = RectD { x1: 2.0, y1: 3.0, x2: 10.0, y2: 9.0 };
    let regions = instance.regions_of_interest(0.0, [1.0, 1.0], asked);
    assert!(case.frames.iter().all(|(name, _)| regions.regions[*name] == whole), "{:?}", regions.regions);
    assert_eq!(instance.render(&RenderRequest::new(0.0, rect(0, 0, 8, 8))).unwrap().outcome.status, status::OK);
    // A clip that the context does not have is never asked for.
    assert_eq!(host.complaints(), [""; 0]);
}
