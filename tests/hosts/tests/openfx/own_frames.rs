//! Frames of every format, in the project's test host.

use std::thread;

use dedit_host_tests::daemon::Daemon;
use half::f16;
use image::{DynamicImage, ImageBuffer, Rgb};
use ofx_test_host::{
    ClipImage, Components, Context, Depth, Field, HostSettings, Instance, Premult, Prop, RenderRequest, Value, rect, status,
};

use crate::alone::{Behind, Loaded, Place, WHOLE, alone, differing, image, image_at, library, made, rendered};
use crate::scene::{by_command, table};

/// Sets parameters as projects keep them, choices by index.
fn remove(instance: &Instance, place: &Place) {
    for (name, value) in [
        ("edit", Value::from(3)),
        ("item", "mug".into()),
        ("session", place.session.as_str().into()),
        ("seed", 7.into()),
        ("steps", 4.into()),
        ("maskSource", 3.into()),
    ] {
        instance.set(name, value).unwrap();
    }
}

const COMMAND: [&str; 5] = ["remove", "--item", "mug", "--steps", "4"];

/// Files of the frame in each depth for the command line, with exactly the values of that depth.
fn prepare(daemon: &Daemon<'_>, session: &str) {
    let test_folder = daemon.test_folder();
    let floats = |turned: &dyn Fn(f32) -> f32| {
        let table = DynamicImage::from(table()).into_rgb32f();
        ImageBuffer::from_fn(128, 128, |x, y| Rgb(table.get_pixel(x, y).0.map(turned)))
    };
    DynamicImage::from(table()).into_rgb16().save(test_folder.outside("short.png")).unwrap();
    DynamicImage::ImageRgb32F(floats(&|value| f16::from_f32(value).to_f32())).save(test_folder.outside("half.tiff")).unwrap();
    DynamicImage::ImageRgb32F(floats(&|value| value)).save(test_folder.outside("float.tiff")).unwrap();
    for (frame, made) in [
        ("table.png", "byte-made.png"),
        ("short.png", "short-made.png"),
        ("half.tiff", "half-made.tiff"),
        ("float.tiff", "float-made.tiff"),
    ] {
        by_command(daemon, session, &[&COMMAND[..], &["--frame", frame]].concat(), made);
    }
}

const DEPTHS: [(Depth, &str, &str); 4] = [
    (Depth::Byte, "table.png", "byte-made.png"),
    (Depth::Short, "short.png", "short-made.png"),
    (Depth::Half, "half.tiff", "half-made.tiff"),
    (Depth::Float, "float.tiff", "float-made.tiff"),
];

#[test]
fn own_every_depth_and_stride_makes_what_the_command_line_makes() {
    alone(concat!(module_path!(), "::own_every_depth_and_stride_makes_what_the_command_line_makes"), Behind::Learned, prepare, |place| {
        let loaded = Loaded::new(HostSettings::default());
        for context in [Context::Filter, Context::General] {
            for (depth, frame, expected) in DEPTHS {
                for components in [Components::Rgb, Components::Rgba] {
                    let instance = loaded.instance(context);
                    remove(&instance, place);
                    instance.set("values", 1).unwrap();
                    let source = image(&place.file(frame), depth, components);
                    let expected = image(&place.file(expected), depth, components);
                    let flipped = source.clone().with_padding(3).unwrap().upside_down().unwrap();
                    let given = flipped.clone();
                    instance.connect("Source", move |_| given.clone()).unwrap();
                    let blank = ClipImage::blank(WHOLE, depth, components);
                    for output in [blank.clone(), blank.with_padding(5).unwrap().upside_down().unwrap()] {
                        let made = made(&instance, &RenderRequest { output: Some(output), ..RenderRequest::new(0.0, WHOLE) });
                        assert_eq!(differing(&made, &expected), [], "{context:?} {depth:?} {components:?}");
                    }
                    assert!(differing(&source, &expected).len() > 100, "the edit changes the frame");
                }
            }
        }
        assert_eq!(place.jobs("edit"), 2 * DEPTHS.len(), "once by the command line and once by the effect");
        assert_eq!(loaded.host.complaints(), [""; 0]);
    });
}

/// Linear light and premultiplied alpha: unchanged pixels keep their bits, changed ones are the same picture.
#[test]
fn own_light_and_alpha() {
    alone(concat!(module_path!(), "::own_light_and_alpha"), Behind::Learned, prepare, |place| {
        let loaded = Loaded::new(HostSettings::default());
        let plain = image(&place.file("float.tiff"), Depth::Float, Components::Rgba);
        let expected = image(&place.file("float-made.tiff"), Depth::Float, Components::Rgba);
        let light = |value: f32| if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) };
        // Half transparent where nothing changes, with values beyond white and values that are not finite.
        let alpha = |x: i32| if x > 120 { 0.5 } else { 1.0 };
        let turned = |image: &ClipImage, odd: bool| {
            ClipImage::from_fn(WHOLE, Depth::Float, Components::Rgba, |x, y| {
                let pixel = image.at(x, y).unwrap();
                match (x, y) {
                    (127, 127) if odd => [f32::NAN, f32::INFINITY, -1.0, 0.5],
                    (127, 126) if odd => [7.5, -0.25, 0.0, 0.5],
                    _ => [light(pixel[0]) * alpha(x), light(pixel[1]) * alpha(x), light(pixel[2]) * alpha(x), alpha(x)],
                }
            })
            .with_premult(Premult::Premultiplied)
        };
        let expected = turned(&expected, false);
        // The odd pixels are part of the model's input and change its output a little.
        for (odd, most) in [(false, 1e-5), (true, 2e-3)] {
            let source = turned(&plain, odd);
            let instance = loaded.instance(Context::General);
            remove(&instance, place);
            let given = source.clone();
            instance.connect("Source", move |_| given.clone()).unwrap();
            let output = ClipImage::blank(WHOLE, Depth::Float, Components::Rgba).with_premult(Premult::Premultiplied);
            let made = made(&instance, &RenderRequest { output: Some(output), ..RenderRequest::new(0.0, WHOLE) });
            let changed = differing(&made, &source);
            assert!(changed.len() > 1000 && changed.iter().all(|(x, _)| *x < 100), "{}", changed.len());
            let far = changed.iter().flat_map(|(x, y)| {
                let (made, expected) = (made.at(*x, *y).unwrap(), expected.at(*x, *y).unwrap());
                made.into_iter().zip(expected).map(|(made, expected)| (made - expected).abs())
            });
            let far = far.fold(0.0_f32, f32::max);
            assert!(far < most, "{far}");
        }
    });
}

/// The plate and the item are of one edit, in whichever format the host wants them.
#[test]
fn own_plates_and_items() {
    alone(
        concat!(module_path!(), "::own_plates_and_items"),
        Behind::Learned,
        |_, _| {},
        |place| {
            let loaded = Loaded::new(HostSettings::default());
            let instance = loaded.instance(Context::General);
            remove(&instance, place);
            instance.set("model", "patches").unwrap();
            let source = image(&place.file("table.png"), Depth::Byte, Components::Rgba);
            let given = source.clone();
            instance.connect("Source", move |_| given.clone()).unwrap();
            let shown = |output: i32, components: Components, premult: Premult| {
                instance.set("output", output).unwrap();
                let blank = ClipImage::blank(WHOLE, Depth::Byte, components).with_premult(premult);
                made(&instance, &RenderRequest { output: Some(blank), ..RenderRequest::new(0.0, WHOLE) })
            };
            let straight = |output: i32| shown(output, Components::Rgba, Premult::Unpremultiplied);
            let (before, result) = (place.jobs("edit"), straight(0));
            assert_eq!(differing(&straight(1), &result), [], "what a removal leaves is the plate");
            assert_eq!(place.jobs("edit"), before + 1);
            let item = straight(2);
            let places: Vec<_> = (0..128).flat_map(|y| (0..128).map(move |x| (x, y))).collect();
            let whole: Vec<_> = places.iter().filter(|(x, y)| item.bytes_at(*x, *y).unwrap()[3] == 255).collect();
            assert!(whole.len() > 800, "{}", whole.len());
            assert!(whole.iter().all(|(x, y)| item.bytes_at(*x, *y) == source.bytes_at(*x, *y)), "the mug is as it was");
            assert_eq!(item.bytes_at(120, 120).unwrap(), [0; 4], "there is nothing but the mug");
            let (multiplied, flat) = (shown(2, Components::Rgba, Premult::Premultiplied), shown(2, Components::Rgb, Premult::Opaque));
            let matte = shown(2, Components::Alpha, Premult::Unpremultiplied);
            for (x, y) in places {
                let [pixel, by_alpha] = [&item, &multiplied].map(|image| image.at(x, y).unwrap());
                let off = (0..3).map(|channel| (pixel[channel] * pixel[3] - by_alpha[channel]).abs()).fold(0.0, f32::max);
                assert!(off < 1.01 / 255.0 && (pixel[3] - by_alpha[3]).abs() < 1e-6, "{x} {y}: {pixel:?} {by_alpha:?}");
                assert_eq!(flat.bytes_at(x, y).unwrap(), &multiplied.bytes_at(x, y).unwrap()[..3], "over black");
                assert_eq!(matte.bytes_at(x, y).unwrap()[0], item.bytes_at(x, y).unwrap()[3]);
            }
            let preferences = instance.clip_preferences();
            assert_eq!(preferences.outcome.complaints, [""; 0]);
            let told = |name: &str| preferences.properties[name][0].clone();
            assert_eq!(told("OfxImageClipPropComponents_Output"), Prop::Text("OfxImageComponentRGBA".to_owned()));
            assert_eq!(told("OfxImageEffectPropPreMultiplication"), Prop::Text("OfxImageAlphaPremultiplied".to_owned()));
            // What is moved by nothing is the same item.
            instance.set("edit", 4).unwrap();
            assert_eq!(differing(&straight(2), &item), []);
            assert_eq!(place.jobs("edit"), before + 2);
            instance.set("shift", [12.0, 0.0]).unwrap();
            let moved = straight(2);
            assert!(differing(&moved, &item).len() > 500);
            assert!(!differing(&straight(1), &source).is_empty());
            assert_eq!(place.jobs("edit"), before + 3, "plate and item are of one edit");
            instance.set("edit", 8).unwrap();
            let refused = rendered(&instance, &RenderRequest::new(0.0, WHOLE));
            let messages: Vec<_> = refused.outcome.messages.iter().map(|message| message.text.as_str()).collect();
            assert_eq!(messages, ["what is refined is no item: there is neither plate nor item; choose Result as Output"]);
        },
    );
}

/// Hosts that manage colour tell the encoding of floats; for some of the others it is known.
#[test]
fn own_hosts_say_what_floats_are() {
    alone(concat!(module_path!(), "::own_hosts_say_what_floats_are"), Behind::Learned, prepare, |place| {
        let core = Some("OfxImageEffectColourManagementCore".to_owned());
        for (name, colour_management, space, is_srgb) in [
            ("org.example.Host", core.clone(), "srgb_tx", true),
            ("org.example.Host", core, "lin_rec709_srgb", false),
            ("org.example.Host", None, "", false),
            ("DaVinciResolve", None, "", true),
        ] {
            let loaded = Loaded::new(HostSettings { name: name.to_owned(), colour_management, ..HostSettings::default() });
            let instance = loaded.instance(Context::General);
            remove(&instance, place);
            let mut source = image(&place.file("float.tiff"), Depth::Float, Components::Rgb);
            source.colourspace = Some(space.to_owned()).filter(|space| !space.is_empty());
            instance.connect("Source", move |_| source.clone()).unwrap();
            let made = made(&instance, &RenderRequest::new(0.0, WHOLE));
            let expected = image(&place.file("float-made.tiff"), Depth::Float, Components::Rgb);
            assert_eq!(differing(&made, &expected).is_empty(), is_srgb, "{name} {space}");
        }
    });
}

#[test]
fn own_windows_fields_and_places() {
    alone(concat!(module_path!(), "::own_windows_fields_and_places"), Behind::Learned, prepare, |place| {
        let loaded = Loaded::new(HostSettings::default());
        let instance = loaded.instance(Context::General);
        remove(&instance, place);
        let (left, low) = (-30, 17);
        let at = |name: &str| image_at(&place.file(name), Depth::Byte, Components::Rgba, left, low);
        let (source, expected) = (at("table.png"), at("byte-made.png"));
        instance.connect("Source", move |_| source.clone()).unwrap();
        let whole = expected.bounds;
        for (window, field) in [
            (whole, Field::None),
            (rect(left + 5, low + 9, left + 70, low + 61), Field::None),
            (rect(left + 127, low, left + 128, low + 128), Field::Both),
            (rect(left, low + 40, left + 128, low + 41), Field::None),
            (whole, Field::Lower),
            (rect(left + 3, low + 20, left + 90, low + 100), Field::Upper),
        ] {
            // The image may be larger than the window.
            for output in [whole, window] {
                let output = ClipImage::blank(output, Depth::Byte, Components::Rgba);
                let made = made(&instance, &RenderRequest { field, output: Some(output), ..RenderRequest::new(3.0, window) });
                for (x, y) in (window.y1..window.y2).flat_map(|y| (window.x1..window.x2).map(move |x| (x, y))) {
                    if field.has_row(y) {
                        assert_eq!(made.bytes_at(x, y), expected.bytes_at(x, y), "{window:?} {field:?} at {x} {y}");
                    } else {
                        assert!(!made.written(x, y), "{window:?} {field:?} at {x} {y}");
                    }
                }
            }
        }
        assert_eq!(place.jobs("edit"), 5, "one for all windows");
    });
}

/// Threads and instances share one computation, also while the library is loaded again.
#[test]
fn own_threads_and_loading_twice() {
    alone(concat!(module_path!(), "::own_threads_and_loading_twice"), Behind::Learned, prepare, |place| {
        let loaded = Loaded::new(HostSettings::default());
        let instances: Vec<_> = (0..2).map(|_| loaded.instance(Context::General)).collect();
        for instance in &instances {
            remove(instance, place);
            let source = image(&place.file("table.png"), Depth::Byte, Components::Rgba);
            instance.connect("Source", move |_| source.clone()).unwrap();
        }
        let expected = image(&place.file("byte-made.png"), Depth::Byte, Components::Rgba);
        thread::scope(|scope| {
            for instance in &instances {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..3 {
                            assert_eq!(differing(&made(instance, &RenderRequest::new(0.0, WHOLE)), &expected), []);
                        }
                    });
                }
            }
            scope.spawn(|| {
                for _ in 0..20 {
                    let again = library().connect(&loaded.host).unwrap();
                    again.effect(crate::alone::EFFECT).unwrap().describe().unwrap();
                    again.unload().unwrap();
                }
            });
        });
        assert_eq!(place.jobs("edit"), 5);
        // Unloaded and loaded again for the next frame, as some hosts do, and by another host.
        drop(instances);
        let Loaded { connection, host } = loaded;
        assert_eq!(connection.unload().unwrap(), [status::OK]);
        drop(host);
        let loaded = Loaded::new(HostSettings { name: "org.example.Other".to_owned(), ..HostSettings::default() });
        let instance = loaded.instance(Context::Filter);
        remove(&instance, place);
        let source = image(&place.file("table.png"), Depth::Byte, Components::Rgba);
        instance.connect("Source", move |_| source.clone()).unwrap();
        assert_eq!(differing(&made(&instance, &RenderRequest::new(0.0, WHOLE)), &expected), []);
        assert_eq!(place.jobs("edit"), 5);
    });
}

/// An edit that changes nothing is an identity, and renders the source where a host renders it all the same.
#[test]
fn own_what_changes_nothing_is_the_source() {
    alone(
        concat!(module_path!(), "::own_what_changes_nothing_is_the_source"),
        Behind::Nothing,
        |_, _| {},
        |place| {
            let loaded = Loaded::new(HostSettings::default());
            let instance = loaded.instance(Context::General);
            let source = image(&place.file("table.png"), Depth::Short, Components::Rgba);
            let given = source.clone();
            instance.connect("Source", move |_| given.clone()).unwrap();
            for (edit, parameter, value, nothing) in [
                (0, "prompt", Value::from("a hat"), true),
                (1, "prompt", "".into(), true),
                (1, "prompt", "a hat".into(), false),
                (4, "shift", [0.0, 0.0].into(), true),
                (4, "shift", [1.0, 0.0].into(), false),
                (3, "item", "mug".into(), false),
            ] {
                instance.set("edit", edit).unwrap();
                instance.set(parameter, value.clone()).unwrap();
                let identity = instance.is_identity(&RenderRequest::new(5.0, WHOLE));
                assert_eq!(identity.outcome.complaints, [""; 0]);
                let answer = if nothing { status::OK } else { status::DEFAULT };
                assert_eq!(identity.outcome.status, answer, "{edit} {value:?}");
                if nothing {
                    assert_eq!((identity.clip.as_str(), identity.time), ("Source", 5.0));
                    assert_eq!(differing(&made(&instance, &RenderRequest::new(5.0, WHOLE)), &source), []);
                }
            }
            // Keys are read at the time of the frame.
            instance.set("edit", 4).unwrap();
            instance.set_key("shift", 0.0, [0.0, 0.0]).unwrap();
            instance.set_key("shift", 10.0, [10.0, 0.0]).unwrap();
            let at = |time| instance.is_identity(&RenderRequest::new(time, WHOLE)).outcome.status;
            assert_eq!([at(0.0), at(4.0)], [status::OK, status::DEFAULT]);
            let rendered = rendered(&instance, &RenderRequest::new(4.0, WHOLE));
            assert_eq!(rendered.outcome.status, status::FAILED, "there is no daemon");
        },
    );
}
