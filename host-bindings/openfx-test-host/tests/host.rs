//! The host with an effect of this process that behaves well, and badly in every way that the host must notice.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod tiny;

use ofx_test_host::{
    ClipImage, Components, Context, Depth, Host, HostSettings, Instance, InstanceSettings, Library, Message, Progress, Prop, Reason,
    RenderRequest, Rendered, Value, rect, status,
};
use std::sync::atomic::Ordering;

/// The effect keeps its host in one static: tests with different hosts run one after the other.
static ONE_HOST: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn with_host(settings: HostSettings, test: impl FnOnce(&Host, &Instance)) {
    let _guard = ONE_HOST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    tiny::AT_ONCE.store(0, Ordering::SeqCst);
    let host = Host::new(settings);
    let connection = Library::in_process(&tiny::PLUGIN).connect(&host).unwrap();
    assert_eq!(connection.loaded(), [status::OK]);
    let described = connection.effect(tiny::NAME).unwrap().describe().unwrap();
    assert_eq!(described.outcome.complaints, [""; 0]);
    let described = described.describe_in_context(Context::Filter).unwrap();
    let settings = InstanceSettings { project_size: [8.0, 6.0], ..InstanceSettings::default() };
    let instance = Instance::create(&described, &settings).unwrap();
    test(&host, &instance);
    assert_eq!(instance.destroy().complaints, [""; 0]);
    assert_eq!(connection.unload().unwrap(), [status::OK]);
}

fn picture(bounds: ofx_test_host::RectI) -> ClipImage {
    ClipImage::from_fn(bounds, Depth::Float, Components::Rgba, |x, y| [x as f32, y as f32, 0.5, 1.0])
}

fn render(instance: &Instance, what: &str, output: Option<ClipImage>) -> Rendered {
    instance.set("do", what).unwrap();
    instance.connect("Source", |_| picture(rect(-3, -2, 9, 8))).unwrap();
    instance.render(&RenderRequest { output, ..RenderRequest::new(4.0, rect(1, -1, 5, 4)) }).unwrap()
}

/// An output larger than the window.
fn large() -> ClipImage {
    ClipImage::blank(rect(-3, -2, 9, 8), Depth::Float, Components::Rgba)
}

#[test]
fn descriptions_are_recorded() {
    let library = Library::in_process(&tiny::PLUGIN);
    let plugins = library.plugins();
    assert_eq!((plugins[0].identifier.as_str(), plugins[0].version), (tiny::NAME, (1, 2)));
    let _guard = ONE_HOST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let host = Host::new(HostSettings::default());
    let (first, second) = (library.connect(&host).unwrap(), library.connect(&host).unwrap());
    let described = first.effect(tiny::NAME).unwrap().describe().unwrap();
    assert_eq!(described.properties["OfxPropLabel"], [Prop::Text("Tiny".to_owned())]);
    let described = described.describe_in_context(Context::General).unwrap();
    assert_eq!(described.clips.iter().map(|clip| clip.name.as_str()).collect::<Vec<_>>(), ["Source", "Output"]);
    assert_eq!(described.params.len(), tiny::PARAMS.len());
    assert_eq!(described.param("do").unwrap().properties["OfxParamPropDefault"], [Prop::Text("copy".to_owned())]);
    // The undefined parameter type, which the effect tries on purpose.
    assert_eq!(described.outcome.complaints.len(), 1, "{:?}", described.outcome.complaints);
    let instance = Instance::create(&described, &InstanceSettings::default()).unwrap();
    assert!(first.clone().unload().is_err());
    drop(instance);
    assert_eq!(first.unload().unwrap(), [status::OK]);
    assert_eq!(second.unload().unwrap(), [status::OK]);
    assert!(host.suites_asked().contains(&("OfxPropertySuite".to_owned(), 1, true)));
}

#[test]
fn parameters_of_every_type_go_through_variable_arguments() {
    with_host(HostSettings::default(), |_, instance| {
        instance.set("integer", -7).unwrap();
        instance.set("integer3", [1, -2, 3]).unwrap();
        instance.set("double", 0.25).unwrap();
        instance.set("rgba", [0.1, 0.2, 0.3, 0.4]).unwrap();
        instance.set("boolean", true).unwrap();
        instance.set("choice", 2).unwrap();
        instance.set("custom", "née").unwrap();
        assert!(instance.set("double", 1).is_err());
        let outcome = instance.changed("button", Reason::User).unwrap();
        assert_eq!((outcome.status, outcome.complaints), (status::OK, Vec::new()));
        let Value::Text(report) = instance.get("report").unwrap() else { panic!("no text") };
        for line in [
            "integer: [-7, 0, 0, 0]",
            "integer3: [1, -2, 3, 0]",
            "double: [0, 0, 0, 0] [0.25, 0.0, 0.0, 0.0]",
            "rgba: [0, 0, 0, 0] [0.1, 0.2, 0.3, 0.4]",
            "boolean: [1,",
            "choice: [2,",
            "née",
        ] {
            assert!(report.contains(line), "{line} is not in {report}");
        }
        for (id, value) in [
            ("integer", Value::from(1)),
            ("integer2", [5, 6].into()),
            ("integer3", [5, 6, 7].into()),
            ("double", 0.5.into()),
            ("double2", [0.5, 1.5].into()),
            ("double3", [0.5, 1.5, 2.5].into()),
            ("rgb", [0.5, 1.5, 2.5].into()),
            ("rgba", [0.5, 1.5, 2.5, 3.5].into()),
            ("custom", "set".into()),
        ] {
            assert_eq!(instance.get(id).unwrap(), value, "{id}");
        }
        assert!(outcome.set.contains(&"rgb".to_owned()));
    });
}

#[test]
fn every_memory_layout_is_written_inside_the_window() {
    with_host(HostSettings::default(), |host, instance| {
        let layouts = [
            large(),
            large().upside_down().unwrap(),
            large().with_padding(4).unwrap(),
            large().with_padding(4).unwrap().upside_down().unwrap(),
        ];
        for output in layouts {
            let row = output.row_bytes();
            let Rendered { outcome, output } = render(instance, "copy", Some(output));
            assert_eq!((outcome.status, outcome.released, outcome.complaints), (status::OK, 2, Vec::new()), "{row}");
            for (x, y) in (-3..9).flat_map(|x| (-2..8).map(move |y| (x, y))) {
                let inside = (1..5).contains(&x) && (-1..4).contains(&y);
                assert_eq!(output.written(x, y), inside, "({x}, {y}) with {row}");
                if inside {
                    assert_eq!(output.at(x, y).unwrap(), [x as f32, y as f32, 0.5, 1.0]);
                }
            }
        }
        assert_eq!(host.complaints().len(), 1);
    });
}

#[test]
fn writes_outside_the_window_are_noticed() {
    with_host(HostSettings::default(), |_, instance| {
        for (what, words) in [
            ("right of the window", "Output: 16 bytes were written that must not be, the first at (5, -1)"),
            ("above the window", "Output: 16 bytes were written that must not be, the first at (1, 4)"),
            ("before the memory", "the first before the image's memory"),
            ("padding", "the first in the padding of row -1"),
            ("the source", "Source: "),
        ] {
            for output in [large().with_padding(4).unwrap(), large().with_padding(4).unwrap().upside_down().unwrap()] {
                let complaints = render(instance, what, Some(output)).outcome.complaints;
                assert!(complaints.len() == 1 && complaints[0].contains(words), "{what}: {complaints:?}");
            }
        }
    });
}

#[test]
fn images_not_released_or_released_twice_are_noticed() {
    with_host(HostSettings::default(), |_, instance| {
        for (what, words) in [("leak", "an image of Source was not released"), ("twice", "clipReleaseImage: an invalid handle")] {
            let complaints = render(instance, what, None).outcome.complaints;
            assert!(complaints.len() == 1 && complaints[0].contains(words), "{what}: {complaints:?}");
        }
    });
}

#[test]
fn forbidden_calls_are_noticed() {
    with_host(HostSettings::default(), |host, instance| {
        for (what, words, answer) in [
            ("set", "paramSetValue is not allowed in OfxImageEffectActionRender", status::FAILED),
            ("no time", "paramGetValueAtTime is for that", status::OK),
            ("wrong handle", "propSet: an invalid handle", status::BAD_HANDLE),
            ("wrong type", "OfxPropTime is Double and was read as another type", status::VALUE),
            ("wrong name", "has no OfxPropNone", status::UNKNOWN),
        ] {
            let outcome = render(instance, what, None).outcome;
            assert!(outcome.complaints.len() == 1 && outcome.complaints[0].contains(words), "{what}: {:?}", outcome.complaints);
            assert_eq!(outcome.status, answer);
        }
        assert_eq!(host.complaints().len(), 6);
    });
}

#[test]
fn messages_are_formatted() {
    with_host(HostSettings::default(), |host, instance| {
        let outcome = render(instance, "message", None).outcome;
        let message = |persistent, kind: &str, id: &str, text: &str| Message {
            persistent,
            kind: kind.to_owned(),
            id: id.to_owned(),
            text: text.to_owned(),
        };
        let all = [
            message(false, "OfxMessageMessage", "id", "text: 3 of 4.5"),
            message(true, "OfxMessageError", "", "100% gone"),
            message(true, "cleared", "", "100% gone"),
            message(true, "OfxMessageError", "", "stays"),
        ];
        assert_eq!(outcome.messages, all);
        assert_eq!(host.messages(), all);
        assert_eq!(instance.persistent_message().unwrap().text, "stays");
    });
    with_host(HostSettings { message_version: 1, ..HostSettings::default() }, |_, instance| {
        assert_eq!(render(instance, "message", None).outcome.status, status::MISSING_HOST_FEATURE);
    });
}

#[test]
fn an_effect_is_aborted() {
    with_host(HostSettings::default(), |_, instance| {
        let outcome = render(instance, "abort", None).outcome;
        assert_eq!((outcome.status, outcome.aborts), (status::OK, 100));
        instance.on_abort(|asked| asked == 6);
        let outcome = render(instance, "abort", None).outcome;
        assert_eq!((outcome.status, outcome.aborts), (status::FAILED, 7));
    });
}

#[test]
fn progress_is_recorded_and_cancelled() {
    let start = Progress::Start("Tiny".to_owned(), Some("tiny_id".to_owned()));
    with_host(HostSettings::default(), |_, instance| {
        let outcome = render(instance, "progress", None).outcome;
        assert_eq!((outcome.progress.first(), outcome.progress.len()), (Some(&start), 6));
        instance.on_progress(|far| far < 0.3);
        let outcome = render(instance, "progress", None).outcome;
        assert_eq!(outcome.progress[1..], [Progress::Update(0.0), Progress::Update(0.25), Progress::Update(0.5), Progress::End]);
        assert_eq!(outcome.status, status::FAILED);
    });
    with_host(HostSettings { progress_version: 1, ..HostSettings::default() }, |_, instance| {
        let outcome = render(instance, "progress", None).outcome;
        assert_eq!(outcome.progress, [Progress::Start("Tiny".to_owned(), None)]);
        assert!(outcome.complaints[0].contains("progress was not ended"), "{:?}", outcome.complaints);
    });
}

#[test]
fn keys_are_interpolated() {
    with_host(HostSettings::default(), |_, instance| {
        instance.set_key("double", 0.0, 0.0).unwrap();
        instance.set_key("double", 10.0, 1.0).unwrap();
        assert!(instance.set_key("do", 0.0, "copy").is_err());
        let output = render(instance, "double", None).output;
        assert_eq!(output.at(2, 2).unwrap(), [0.4; 4]);
    });
}

#[test]
fn two_threads_render_one_instance_at_once() {
    with_host(HostSettings::default(), |host, instance| {
        instance.set("do", "meet").unwrap();
        instance.connect("Source", |_| picture(rect(0, 0, 8, 6))).unwrap();
        std::thread::scope(|scope| {
            let strips = [rect(0, 0, 8, 3), rect(0, 3, 8, 6)];
            let renders = strips.map(|strip| scope.spawn(move || instance.render(&RenderRequest::new(0.0, strip)).unwrap()));
            for render in renders {
                let Rendered { outcome, output } = render.join().unwrap();
                assert_eq!((outcome.status, outcome.complaints), (status::OK, Vec::new()));
                assert_eq!(output.values(), picture(output.bounds).values());
            }
        });
        assert_eq!(tiny::AT_ONCE.load(Ordering::SeqCst), 2);
        assert_eq!(host.complaints().len(), 1);
    });
}

#[test]
fn actions_left_to_the_host_have_its_defaults() {
    with_host(HostSettings::default(), |_, instance| {
        instance.connect("Source", |_| picture(rect(0, 0, 8, 6))).unwrap();
        let region = ofx_test_host::RectD { x1: 1.0, y1: 2.0, x2: 3.0, y2: 4.0 };
        assert_eq!(instance.is_identity(&RenderRequest::default()).outcome.status, status::DEFAULT);
        assert_eq!(instance.regions_of_interest(0.0, [1.0, 1.0], region).regions["Source"], region);
        assert_eq!(instance.region_of_definition(0.0, [1.0, 1.0]).region.x2.to_bits(), 8.0_f64.to_bits());
        assert_eq!(instance.frames_needed(5.0).ranges["Source"][0].max.to_bits(), 5.0_f64.to_bits());
        let preferences = instance.clip_preferences();
        assert_eq!(preferences.properties["OfxImageClipPropDepth_Source"], [Prop::Text("OfxBitDepthFloat".to_owned())]);
    });
}
