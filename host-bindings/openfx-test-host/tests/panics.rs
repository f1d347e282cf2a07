//! An effect that panics in every action of the host binding.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the effect panics on purpose")]

use std::ffi::CStr;

use ofx_host::names::{prop, value};
use ofx_host::{
    Change, ClipDeclaration, Components, Context, Definition, Effect, Frame, FramesNeeded, HostFacts, Identity, Properties, Result,
};
use ofx_test_host::{Host, HostSettings, Instance, InstanceSettings, Library, Reason, RenderRequest, rect, status};

struct Panicking;

impl Effect for Panicking {
    fn label(&self) -> &'static CStr {
        c"Panicking"
    }

    fn clips(&self, _: Context) -> &'static [ClipDeclaration] {
        const CLIPS: &[ClipDeclaration] = &[
            ClipDeclaration { name: value::SOURCE, components: &[Components::Rgba], optional: false, temporal_access: false },
            ClipDeclaration { name: value::OUTPUT, components: &[Components::Rgba], optional: false, temporal_access: false },
        ];
        CLIPS
    }

    fn describe(&self, _: &HostFacts, effect: &Properties<'_>) -> Result<()> {
        effect.set_word(prop::CONTEXTS, 0, value::FILTER);
        effect.set_word(prop::DEPTHS, 0, value::FLOAT);
        Ok(())
    }

    fn describe_in_context(&self, _: &HostFacts, _: Context, definition: &Definition<'_>) -> Result<()> {
        let _ = definition.button("press", "Press", "")?;
        Ok(())
    }

    fn identity(&self, _: &ofx_host::Instance<'_>, _: &Frame) -> Result<Option<Identity>> {
        panic!("in identity");
    }

    fn frames_needed(&self, _: &ofx_host::Instance<'_>, _: f64) -> Result<Vec<FramesNeeded>> {
        panic!("in frames");
    }

    fn render(&self, _: &ofx_host::Instance<'_>, frame: &Frame) -> Result<()> {
        assert!(frame.time > 5.0, "at {}", frame.time);
        Ok(())
    }

    fn changed(&self, _: &ofx_host::Instance<'_>, _: &Change) -> Result<()> {
        "no number".parse::<u32>().unwrap();
        Ok(())
    }

    fn varies(&self, _: &ofx_host::Instance<'_>) -> Result<bool> {
        panic!("in preferences");
    }

    fn purge(&self) {
        panic!("in purge");
    }
}

ofx_host::export!(Panicking, c"org.example.Panicking", 1, 0);

#[test]
fn a_panic_is_a_failed_action_and_a_message_and_the_next_one_works() {
    let host = Host::new(HostSettings::default());
    let connection = Library::in_process(&ofx_plugin::PLUGIN).connect(&host).unwrap();
    let effect = connection.effect("org.example.Panicking").unwrap();
    let described = effect.describe().unwrap().describe_in_context(ofx_test_host::Context::Filter).unwrap();
    let instance = Instance::create(&described, &InstanceSettings::default()).unwrap();
    let window = rect(0, 0, 8, 8);
    let picture = ofx_test_host::ClipImage::blank(window, ofx_test_host::Depth::Float, ofx_test_host::Components::Rgba);
    instance.connect("Source", move |_| picture.clone()).unwrap();
    for round in 0..3 {
        let failed = instance.render(&RenderRequest::new(0.0, window)).unwrap().outcome;
        assert_eq!((failed.status, &failed.complaints[..]), (status::FAILED, &[][..]), "{round}");
        let message = instance.persistent_message().unwrap();
        assert_eq!(message.text, "internal error in the effect: at 0");
        assert_eq!(instance.is_identity(&RenderRequest::new(0.0, window)).outcome.status, status::FAILED);
        assert_eq!(instance.frames_needed(0.0).outcome.status, status::FAILED);
        assert_eq!(instance.clip_preferences().outcome.status, status::FAILED);
        assert_eq!(instance.changed("press", Reason::User).unwrap().status, status::FAILED);
        assert_eq!(effect.act("OfxActionPurgeCaches").unwrap().status, status::FAILED);
        let fine = instance.render(&RenderRequest::new(9.0, window)).unwrap().outcome;
        assert_eq!((fine.status, instance.persistent_message()), (status::OK, None), "{round}");
    }
}
