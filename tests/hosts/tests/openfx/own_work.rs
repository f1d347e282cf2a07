//! Learning, masks, references, cancellation and errors, in the project's test host.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use image::{Rgba, RgbaImage};
use ofx_test_host::{
    ClipImage, Components, Context, Depth, HostSettings, Instance, Premult, Progress, Prop, Reason, RenderRequest, Value, status,
};

use crate::alone::{Behind, Loaded, Place, WHOLE, alone, differing, image, made, rendered};
use crate::scene::{DUCK, MUG};

fn set(instance: &Instance, values: &[(&str, Value)]) {
    for (name, value) in values {
        instance.set(name, value.clone()).unwrap();
    }
}

/// The table as a film: only one corner pixel changes, so that frames differ.
fn film(place: &Place) -> impl Fn(f64) -> ClipImage + Send + Sync + 'static {
    let table = image::open(place.file("table.png")).unwrap().into_rgba8();
    move |time| {
        ClipImage::from_fn(WHOLE, Depth::Byte, Components::Rgba, |x, y| {
            let pixel = if (x, y) == (127, 127) { [time as u8, 0, 0, 255] } else { table.get_pixel(x as u32, 127 - y as u32).0 };
            pixel.map(|value| f32::from(value) / 255.0)
        })
    }
}

/// Red for the mug, blue for the duck.
fn colours(x: i32, y: i32) -> [f32; 4] {
    let inside = |[left, top, width, height]: [u32; 4]| {
        (left..left + width).contains(&(x as u32)) && (top..top + height).contains(&(127 - y as u32))
    };
    if inside(MUG) {
        [1.0, 0.0, 0.0, 1.0]
    } else if inside(DUCK) {
        [0.0, 0.0, 1.0, 1.0]
    } else {
        [0.0, 0.0, 0.0, 1.0]
    }
}

fn text(instance: &Instance, name: &str) -> String {
    let Value::Text(text) = instance.get(name).unwrap() else { panic!("{name} is no text") };
    text
}

#[test]
fn own_the_reference_frame_is_learned_by_the_button() {
    let name = concat!(module_path!(), "::own_the_reference_frame_is_learned_by_the_button");
    alone(
        name,
        Behind::Empty,
        |_, _| {},
        |place| {
            let loaded = Loaded::new(HostSettings::default());
            let instance = loaded.instance(Context::General);
            instance.connect("Source", film(place)).unwrap();
            instance.connect("Mask", |_| ClipImage::from_fn(WHOLE, Depth::Byte, Components::Rgba, colours)).unwrap();
            set(&instance, &[("edit", 3.into()), ("item", "red".into()), ("steps", 3.into()), ("referenceFrame", 5.into())]);
            let needed = instance.frames_needed(8.0);
            assert_eq!(needed.outcome.complaints, [""; 0]);
            let times: Vec<_> = needed.ranges["Source"].iter().map(|range| range.min).collect();
            assert_eq!(times, [8.0, 5.0]);
            let draft = made(&instance, &RenderRequest::new(8.0, WHOLE));
            assert_eq!(place.jobs("learn"), 0, "rendering does not learn by itself");
            // Cancelled by the progress display.
            instance.on_progress(|share| share < 0.05);
            let stopped = instance.changed("learn", Reason::User).unwrap();
            assert_eq!((stopped.status, stopped.complaints), (status::FAILED, vec![]));
            assert_eq!(stopped.messages, [], "a cancellation is not an error");
            let started = stopped.progress.iter().filter(|told| matches!(told, Progress::Start(..))).count();
            assert_eq!(started, 1);
            assert!(matches!(stopped.progress[..], [Progress::Start(..), .., Progress::End]), "{:?}", stopped.progress);
            instance.on_progress(|_| true);
            let outcome = instance.changed("learn", Reason::User).unwrap();
            assert_eq!((outcome.status, outcome.complaints), (status::OK, vec![]));
            let shares: Vec<f64> =
                outcome.progress.iter().filter_map(|told| if let Progress::Update(share) = told { Some(*share) } else { None }).collect();
            assert!(shares.len() > 5 && shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
            assert!(text(&instance, "status").contains("red, blue"), "{}", text(&instance, "status"));
            assert_eq!(instance.get("take").unwrap(), Value::from(1), "the take tells the host that frames have changed");
            // Another frame, edited by what was learned from the fifth; also at another scale, where the fifth is another picture.
            let learned = made(&instance, &RenderRequest::new(8.0, WHOLE));
            assert!(differing(&draft, &learned).len() > 100);
            let session = text(&instance, "learned");
            assert!(session.ends_with(" 5"), "{session}");
            let half = ofx_test_host::rect(0, 0, 64, 64);
            let table = image::open(place.file("table.png")).unwrap().into_rgba8();
            let small = image::imageops::resize(&table, 64, 64, image::imageops::FilterType::Triangle);
            small.save(place.file("small.png")).unwrap();
            let small = image(&place.file("small.png"), Depth::Byte, Components::Rgba);
            let source = small.clone();
            instance.connect("Source", move |_| source.clone()).unwrap();
            instance
                .connect("Mask", move |_| ClipImage::from_fn(half, Depth::Byte, Components::Rgba, |x, y| colours(2 * x, 2 * y)))
                .unwrap();
            let request = RenderRequest { scale: [0.5, 0.5], ..RenderRequest::new(8.0, half) };
            assert!(differing(&made(&instance, &request), &small).len() > 100);
            let log = place.log();
            let session = session.split(' ').next().unwrap();
            assert_eq!(log.lines().rfind(|line| line.contains("\"edit ")).unwrap().matches(session).count(), 1, "{log}");
            // A removed session is created again.
            let learned = text(&instance, "learned");
            instance.set("learned", "0123456789abcdef 5").unwrap();
            assert!(differing(&made(&instance, &request), &small).len() > 100);
            instance.set("learned", learned.as_str()).unwrap();
            // A cached frame is edited again.
            let edits = place.jobs("edit");
            instance.changed("renderAgain", Reason::User).unwrap();
            made(&instance, &request);
            assert_eq!((instance.get("take").unwrap(), place.jobs("edit")), (Value::from(2), edits + 1));
        },
    );
}

/// A host without progress does not block for minutes, and one without messages gets errors on the terminal.
#[test]
fn own_hosts_that_lack_things() {
    alone(
        concat!(module_path!(), "::own_hosts_that_lack_things"),
        Behind::Empty,
        |_, _| {},
        |place| {
            let lacking = HostSettings {
                message_version: 0,
                progress_version: 0,
                api_version: None,
                temporal_access: false,
                ..HostSettings::default()
            };
            let loaded = Loaded::new(lacking);
            let instance = loaded.instance(Context::General);
            instance.connect("Source", film(place)).unwrap();
            instance.connect("Mask", |_| ClipImage::from_fn(WHOLE, Depth::Byte, Components::Alpha, |x, y| [colours(x, y)[0]; 4])).unwrap();
            set(&instance, &[("edit", 3.into()), ("steps", 3.into())]);
            let begun = Instant::now();
            let outcome = instance.changed("learn", Reason::User).unwrap();
            assert_eq!((outcome.status, outcome.complaints), (status::OK, vec![]));
            assert_eq!(instance.get("take").unwrap(), Value::from(0), "no frame has changed yet");
            assert!(begun.elapsed() < Duration::from_secs(10) && text(&instance, "status").contains("dedit daemon status"));
            assert!(differing(&made(&instance, &RenderRequest::new(0.0, WHOLE)), &film(place)(0.0)).len() > 100);
            set(&instance, &[("item", "hat".into())]);
            assert_eq!(rendered(&instance, &RenderRequest::new(0.0, WHOLE)).outcome.status, status::FAILED);
            set(&instance, &[("item", "".into()), ("learnInRender", true.into()), ("referenceFrame", 9.into())]);
            let refused = rendered(&instance, &RenderRequest::new(4.0, WHOLE));
            assert_eq!(refused.outcome.status, status::FAILED, "each frame would be learned for itself");
            drop(instance);
            for missing in ["OfxPropertySuite", "OfxImageEffectSuite", "OfxParameterSuite"] {
                let host = ofx_test_host::Host::new(HostSettings { missing_suites: vec![missing.to_owned()], ..HostSettings::default() });
                let loaded = crate::alone::library().connect(&host).map(|connection| connection.loaded());
                let refused = loaded.as_ref().is_ok_and(|loaded| *loaded == [status::MISSING_HOST_FEATURE]);
                assert!(refused, "{missing}: {loaded:?}");
            }
        },
    );
}

/// A mask in alpha, and an item of another picture.
#[test]
fn own_alpha_masks_and_references() {
    alone(
        concat!(module_path!(), "::own_alpha_masks_and_references"),
        Behind::Empty,
        |_, _| {},
        |place| {
            let loaded = Loaded::new(HostSettings::default());
            let instance = loaded.instance(Context::General);
            let table = film(place)(0.0);
            // The alpha of the Source is the mask.
            let matted = ClipImage::from_fn(WHOLE, Depth::Byte, Components::Rgba, |x, y| {
                let pixel = table.at(x, y).unwrap();
                [pixel[0], pixel[1], pixel[2], colours(x, y)[0]]
            });
            // The host calls it premultiplied, but a mask in alpha does not multiply colours.
            let source = matted.clone().with_premult(Premult::Premultiplied);
            instance.connect("Source", move |_| source.clone()).unwrap();
            set(&instance, &[("edit", 3.into()), ("steps", 3.into()), ("maskSource", 1.into())]);
            let removed = made(&instance, &RenderRequest::new(0.0, WHOLE));
            let changed = differing(&removed, &matted);
            let blank = changed.iter().filter(|(x, y)| removed.bytes_at(*x, *y).unwrap()[..3] == [0, 0, 0]);
            assert_eq!(blank.count(), 0, "the picture goes on outside the mask");
            assert!(changed.len() > 1000, "the mug is gone");
            assert!(
                changed.iter().all(|(x, y)| removed.bytes_at(*x, *y).unwrap()[3] == matted.bytes_at(*x, *y).unwrap()[3]),
                "alpha is unchanged"
            );
            // An object on a transparent background, as the reference picture.
            let reference = RgbaImage::from_fn(64, 64, |x, y| {
                let thing = (20..44).contains(&x) && (16..56).contains(&y);
                Rgba([40, (x * 3) as u8, (y * 3) as u8, if thing { 255 } else { 0 }])
            });
            reference.save(place.file("reference.png")).unwrap();
            let reference = image(&place.file("reference.png"), Depth::Byte, Components::Rgba);
            instance.connect("Source", film(place)).unwrap();
            instance.connect("Mask", |_| ClipImage::from_fn(WHOLE, Depth::Float, Components::Rgb, colours)).unwrap();
            set(&instance, &[("edit", 6.into()), ("item", "blue".into()), ("other", "thing".into()), ("maskSource", 0.into())]);
            let refused = rendered(&instance, &RenderRequest::new(0.0, WHOLE));
            assert_eq!(refused.outcome.status, status::FAILED);
            assert!(refused.outcome.messages[0].text.contains("Reference"), "{:?}", refused.outcome.messages);
            instance.connect("Reference", move |_| reference.clone()).unwrap();
            let swapped = made(&instance, &RenderRequest::new(0.0, WHOLE));
            assert!(differing(&swapped, &table).len() > 1000);
            assert_eq!(instance.persistent_message(), None, "the error is cleared");
        },
    );
}

#[test]
fn own_renders_are_stopped() {
    alone(
        concat!(module_path!(), "::own_renders_are_stopped"),
        Behind::Learned,
        |_, _| {},
        |place| {
            let loaded = Loaded::new(HostSettings::default());
            let instance = loaded.instance(Context::General);
            instance.connect("Source", film(place)).unwrap();
            set(
                &instance,
                &[("edit", 3.into()), ("item", "mug".into()), ("steps", 400.into()), ("session", place.session.as_str().into())],
            );
            set(&instance, &[("maskSource", 3.into())]);
            for wish in [0, 6] {
                instance.on_abort(move |asked| asked > wish);
                let begun = Instant::now();
                let stopped = rendered(&instance, &RenderRequest::new(0.0, WHOLE));
                let took = begun.elapsed();
                println!("stopped after {took:?}");
                assert_eq!(
                    (stopped.outcome.status, &stopped.outcome.messages[..]),
                    (status::OK, &[][..]),
                    "an aborted render is no failure"
                );
                assert_eq!(differing(&stopped.output, &film(place)(0.0)), [], "the source, not half a frame");
                assert!(took < Duration::from_secs(3), "400 steps would take longer");
            }
            // A thread that waits for the computation of another can be stopped, and the other goes on.
            let waiting = loaded.instance(Context::General);
            waiting.connect("Source", film(place)).unwrap();
            for instance in [&instance, &waiting] {
                set(
                    instance,
                    &[("edit", 3.into()), ("item", "mug".into()), ("steps", 60.into()), ("session", place.session.as_str().into())],
                );
                set(instance, &[("maskSource", 3.into())]);
                instance.on_abort(|_| false);
                instance.on_progress(|_| true);
            }
            let asked = std::sync::Arc::new(AtomicUsize::new(0));
            let counted = std::sync::Arc::clone(&asked);
            waiting.on_abort(move |count| {
                counted.fetch_add(1, Ordering::SeqCst);
                count > 5
            });
            std::thread::scope(|scope| {
                let first = scope.spawn(|| made(&instance, &RenderRequest::new(0.0, WHOLE)));
                std::thread::sleep(Duration::from_millis(150));
                let stopped = rendered(&waiting, &RenderRequest::new(0.0, WHOLE));
                assert_eq!((stopped.outcome.status, differing(&stopped.output, &film(place)(0.0))), (status::OK, vec![]));
                assert!(differing(&first.join().unwrap(), &film(place)(0.0)).len() > 100);
            });
            assert!(asked.load(Ordering::SeqCst) > 5);
        },
    );
}

#[test]
fn own_without_a_daemon_the_frame_is_shown_and_it_is_said_why() {
    let name = concat!(module_path!(), "::own_without_a_daemon_the_frame_is_shown_and_it_is_said_why");
    alone(
        name,
        Behind::Nothing,
        |_, _| {},
        |place| {
            for message_version in [1, 2] {
                let loaded = Loaded::new(HostSettings { message_version, ..HostSettings::default() });
                let instance = loaded.instance(Context::General);
                instance.connect("Source", film(place)).unwrap();
                set(&instance, &[("edit", 3.into())]);
                let failed = rendered(&instance, &RenderRequest::new(0.0, WHOLE));
                assert_eq!(failed.outcome.status, status::FAILED);
                assert_eq!(differing(&failed.output, &film(place)(0.0)), []);
                let [message] = &failed.outcome.messages[..] else { panic!("{:?}", failed.outcome.messages) };
                assert!(message.text.contains("/nowhere/dedit") && message.kind == "OfxMessageError", "{message:?}");
                assert_eq!((message.persistent, instance.persistent_message().is_some()), (message_version == 2, message_version == 2));
                let button = instance.changed("learn", Reason::User).unwrap();
                assert_eq!(button.status, status::FAILED);
                assert!(text(&instance, "status").contains("/nowhere/dedit"));
                // Without an edit there is no error.
                set(&instance, &[("edit", 0.into())]);
                made(&instance, &RenderRequest::new(0.0, WHOLE));
                assert_eq!(instance.persistent_message(), None);
            }
        },
    );
}

/// Instances on the same footage with different masks keep their own items; a mask without an image at some time shows no item.
#[test]
fn own_instances_keep_their_own_items() {
    alone(
        concat!(module_path!(), "::own_instances_keep_their_own_items"),
        Behind::Empty,
        |_, _| {},
        |place| {
            let loaded = Loaded::new(HostSettings::default());
            let with = |channel: usize| {
                let instance = loaded.instance(Context::General);
                instance.connect("Source", film(place)).unwrap();
                let mask = move |time: f64| {
                    let item = ClipImage::from_fn(WHOLE, Depth::Byte, Components::Alpha, |x, y| [colours(x, y)[channel]; 4]);
                    (time < 50.0).then_some(item)
                };
                instance.connect("Mask", mask).unwrap();
                set(&instance, &[("edit", 3.into()), ("steps", 3.into())]);
                instance
            };
            let (mug, duck) = (with(0), with(2));
            let again = |instance: &Instance| {
                instance.changed("renderAgain", Reason::User).unwrap();
                made(instance, &RenderRequest::new(1.0, WHOLE))
            };
            let drafts = [again(&mug), again(&duck)];
            assert_eq!(mug.changed("learn", Reason::User).unwrap().status, status::OK);
            assert!(differing(&again(&mug), &drafts[0]).len() > 100, "learning changes the result");
            assert_eq!(differing(&again(&duck), &drafts[1]), [], "the other instance is not affected");
            assert!(differing(&drafts[0], &drafts[1]).len() > 1000);
            let gone = rendered(&mug, &RenderRequest::new(60.0, WHOLE));
            assert_eq!(gone.outcome.status, status::FAILED);
            assert!(gone.outcome.messages[0].text.contains("not in this frame"), "{:?}", gone.outcome.messages);
        },
    );
}

/// With a mask file per frame, the host is told that frames vary.
#[test]
fn own_numbered_masks_make_frames_differ() {
    alone(
        concat!(module_path!(), "::own_numbered_masks_make_frames_differ"),
        Behind::Nothing,
        |_, _| {},
        |_| {
            let instance = Loaded::new(HostSettings::default()).instance(Context::Filter);
            for (source, file, varies) in [(0, "m.####.png", false), (2, "m.png", false), (2, "m.####.png", true), (2, "m%03d.png", true)] {
                set(&instance, &[("maskSource", source.into()), ("maskFile", file.into())]);
                let preferences = instance.clip_preferences();
                assert_eq!(preferences.outcome.complaints, [""; 0]);
                let told = preferences.properties.get("OfxImageEffectFrameVarying").and_then(|values| values.first());
                assert_eq!(told == Some(&Prop::Int(1)), varies, "{file}: {told:?}");
            }
        },
    );
}

/// Projects and hosts may hold values that no slider gives.
#[test]
fn own_values_out_of_range_are_named() {
    alone(
        concat!(module_path!(), "::own_values_out_of_range_are_named"),
        Behind::Nothing,
        |_, _| {},
        |place| {
            let loaded = Loaded::new(HostSettings::default());
            for (edit, name, value, expected) in [
                (4, "scale", Value::from(f64::NAN), "'scale' is NaN; move takes 0.01 to 100"),
                (4, "rotation", f64::INFINITY.into(), "'rotation' is inf; move takes -36000 to 36000"),
                (4, "shift", [1.0, -70_000.0].into(), "'shift' is -70000; move takes -65000 to 65000"),
                (7, "amount", 1.5.into(), "'amount' is 1.5; blend takes 0 to 1"),
                (3, "steps", (-3).into(), "'steps' is -3; remove takes whole numbers from 1 to 1000, or 0 for the usual"),
                (3, "strength", (-0.5).into(), "'strength' is -0.5; remove takes 0 to 1, or -1 for the usual"),
                (3, "seed", (-1).into(), "'seed' is -1; remove takes whole numbers from 0 to 2147483647"),
            ] {
                let instance = loaded.instance(Context::General);
                instance.connect("Source", film(place)).unwrap();
                set(&instance, &[("edit", edit.into()), (name, value)]);
                let failed = rendered(&instance, &RenderRequest::new(0.0, WHOLE));
                assert_eq!(failed.outcome.status, status::FAILED, "{expected}");
                assert_eq!(differing(&failed.output, &film(place)(0.0)), [], "the source is shown");
                assert_eq!(failed.outcome.messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), [expected]);
                // Another edit does not read the value.
                set(&instance, &[("edit", 0.into())]);
                made(&instance, &RenderRequest::new(0.0, WHOLE));
            }
        },
    );
}
