//! Edits where no model is named: nothing is learned, and what is needed comes from the picture.

use std::fs;
use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage};
use serde_json::{Value, json};

use super::{Outcome, dedit, fails, scratch};

const WIDTH: u32 = 240;
const HEIGHT: u32 = 160;

/// A number from 0 to 1 for each place.
fn noise(x: u32, y: u32) -> f32 {
    let mixed = (x.wrapping_mul(374_761_393) ^ y.wrapping_mul(668_265_263)).wrapping_mul(1_274_126_177);
    (mixed >> 16) as f32 / 65_535.0
}

/// Grain of several sizes, as in sand or cloth.
fn grain(x: u32, y: u32) -> f32 {
    [1, 3, 9].into_iter().map(|size| noise(x / size, y / size + size) - 0.5).sum::<f32>() / 3.0
}

fn ground(x: u32, y: u32) -> [f32; 3] {
    let (light, grain) = (1.0 - y as f32 / 500.0, grain(x, y) * 0.12);
    if y < 60 { [0.55 * light + grain, 0.62 * light + grain, 0.70 * light + grain] } else { [0.66 + grain, 0.55 + grain, 0.40 + grain] }
}

fn is_bag(x: u32, y: u32) -> bool {
    x.abs_diff(80).pow(2) + y.abs_diff(96).pow(2) < 26 * 26
}

fn is_lamp(x: u32, y: u32) -> bool {
    (170..196).contains(&x) && (50..118).contains(&y)
}

fn bag(x: u32, y: u32) -> [f32; 3] {
    [0.55 + grain(x, y) * 0.1, 0.12 + y as f32 / 2000.0, 0.10]
}

/// Two pictures as cameras take them, and masks of what is on them.
fn prepare(folder: &Path) {
    let save = |name: &str, colour: &dyn Fn(u32, u32) -> [f32; 3]| {
        let pixel = |x, y| Rgb(colour(x, y).map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8));
        RgbImage::from_fn(WIDTH, HEIGHT, pixel).save(folder.join(name)).unwrap();
    };
    save("room.png", &|x, y| match (is_bag(x, y), is_lamp(x, y)) {
        (true, _) => bag(x, y),
        (_, true) => [0.2, 0.25 + grain(x, y) * 0.05, 0.3],
        _ => ground(x, y),
    });
    save("shop.png", &|x, y| if is_lamp(x, y) { [0.1, 0.5 + grain(x, y) * 0.2, 0.15] } else { ground(x + 31, y + 17) });
    for (folder_name, items) in [("masks", &["bag", "lamp"][..]), ("shop", &["lamp"])] {
        fs::create_dir(folder.join(folder_name)).unwrap();
        for item in items {
            let inside: fn(u32, u32) -> bool = if *item == "bag" { is_bag } else { is_lamp };
            let mask = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([u8::from(inside(x, y)) * 255]));
            mask.save(folder.join(folder_name).join(format!("{item}.png"))).unwrap();
        }
    }
}

fn call(folder: &Path, line: &str) -> Outcome {
    dedit(folder, line).env_remove("DEDIT_MODEL").output().unwrap().into()
}

fn succeed(folder: &Path, line: &str) -> Value {
    let outcome = call(folder, &format!("{line} --json"));
    assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn open(folder: &Path, name: &str) -> RgbImage {
    image::open(folder.join(name)).unwrap().into_rgb8()
}

/// The mean colour of the pixels that are in.
fn mean(picture: &RgbImage, is_in: impl Fn(u32, u32) -> bool) -> [f64; 3] {
    let pixels = picture.enumerate_pixels().filter(|(x, y, _)| is_in(*x, *y));
    let (count, sums) = pixels.fold((0.0, [0.0; 3]), |(count, sums), (_, _, Rgb(pixel))| {
        (count + 1.0, std::array::from_fn(|channel| sums[channel] + f64::from(pixel[channel])))
    });
    sums.map(|sum| sum / count)
}

fn close(one: [f64; 3], other: [f64; 3], most: f64) -> bool {
    one.iter().zip(other).all(|(one, other)| (one - other).abs() <= most)
}

fn ground_mean(is_in: impl Fn(u32, u32) -> bool) -> [f64; 3] {
    let truth = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| Rgb(ground(x, y).map(|value| (value * 255.0) as u8)));
    mean(&truth, is_in)
}

#[test]
fn a_photograph_is_edited_without_any_model() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let before = open(path, "room.png");
    let source = "--picture room.png --items masks --seed 3";

    let removed = succeed(path, &format!("edit remove --item bag {source} --out removed.png"));
    assert_eq!((&removed["changed_pixels_outside"], &removed["draft"]), (&0.into(), &false.into()), "{removed}");
    let after = open(path, "removed.png");
    let on_table = |x: u32, y: u32| is_bag(x, y) && y > 74;
    assert!(!close(mean(&before, on_table), ground_mean(on_table), 25.0), "the bag is seen before");
    assert!(close(mean(&after, on_table), ground_mean(on_table), 12.0), "{:?}", mean(&after, on_table));
    let far = |x: u32, y: u32| x.abs_diff(80).pow(2) + y.abs_diff(96).pow(2) > 60 * 60;
    assert!(before.enumerate_pixels().all(|(x, y, pixel)| !far(x, y) || after.get_pixel(x, y) == pixel));

    succeed(path, &format!("edit move --item bag --dx 50 --dy 20 {source} --out moved.png"));
    let moved = open(path, "moved.png");
    let inner = |x: u32, y: u32| x.abs_diff(80).pow(2) + y.abs_diff(96).pow(2) < 22 * 22;
    let copied = |x: u32, y: u32| !inner(x, y) || x + 50 >= WIDTH || is_lamp(x + 50, y + 20);
    assert!(before.enumerate_pixels().all(|(x, y, pixel)| copied(x, y) || moved.get_pixel(x + 50, y + 20) == pixel));

    succeed(path, &format!("edit swap --item bag --with lamp {source} --out swapped.png"));
    let swapped = open(path, "swapped.png");
    let middle = |x: u32, y: u32| x.abs_diff(183) < 8 && (98..114).contains(&y);
    let [red, green, _] = mean(&swapped, middle);
    assert!(red > 2.0 * green, "the bag stands where the lamp did: {:?}", mean(&swapped, middle));

    let words = call(path, &format!("edit replace --item bag --prompt cat {source} --out replaced.png"));
    fails(&words, 4, "replace needs a diffusion model", "words");
    assert!(words.stderr.contains("--model") && !path.join("replaced.png").exists());
}

#[test]
fn an_item_of_another_photograph_comes_by_a_session_that_lasts() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let learned = succeed(path, "learn room.png --items masks --reference shop.png --reference-items shop --session s");
    assert_eq!((&learned["steps"], &learned["resumed_at"]), (&[0, 0].as_slice().into(), &[0, 0].as_slice().into()), "{learned}");
    let edit = "edit swap-in --item lamp --from reference:lamp --session s --seed 1 --out";
    let first = succeed(path, &format!("{edit} a.png"));
    assert_eq!((&first["session_revision"], &first["draft"]), (&1.into(), &false.into()), "{first}");
    let inside = |x: u32, y: u32| (176..190).contains(&x) && (60..110).contains(&y);
    let [red, green, _] = mean(&open(path, "a.png"), inside);
    assert!(green > 2.0 * red, "the green lamp of the shop");
    // A new process makes the same of the same session, and goes on from its result.
    succeed(path, &format!("{edit} b.png"));
    assert!(open(path, "a.png") == open(path, "b.png"));
    let next = succeed(path, "edit remove --item bag --session s --on 1 --seed 1 --out c.png");
    assert_eq!(next["session_revision"], 3);
    let [red, green, _] = mean(&open(path, "c.png"), inside);
    assert!(green > 2.0 * red, "the lamp is still there");
}

#[test]
fn what_a_model_has_learned_stays_whoever_edits_in_between() {
    let folder = scratch();
    let path = folder.path();
    super::scene::prepare(path);
    let learn = format!("learn a.png --items items --session s --model toys {}", super::scene::LEARN);
    succeed(path, &learn);
    let with_toys = |out: &str| succeed(path, &format!("edit remove --item ball --session s --steps 1 --seed 2 --out {out}"));
    assert_eq!(with_toys("one.png")["draft"], false);
    succeed(path, "edit remove --item ball --session s --model patches --out two.png");
    succeed(path, "learn a.png --items items --session s --model patches");
    let again = with_toys("three.png");
    assert_eq!((&again["draft"], &again["notes"]), (&false.into(), &json!([])), "{again}");
    assert!(open(path, "one.png") == open(path, "three.png"));
    assert!(open(path, "one.png") != open(path, "two.png"));
}

/// The next frame of a film of the room: the bag has gone to the right, and with it its mask.
fn prepare_next(folder: &Path) {
    let is_there = |x: u32, y: u32| x >= 60 && is_bag(x - 60, y);
    let pixel = |x, y| Rgb(if is_there(x, y) { bag(x - 60, y) } else { ground(x, y) }.map(|value| (value * 255.0).round() as u8));
    RgbImage::from_fn(WIDTH, HEIGHT, pixel).save(folder.join("next.png")).unwrap();
    GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([u8::from(is_there(x, y)) * 255])).save(folder.join("next-bag.png")).unwrap();
}

#[test]
fn what_an_item_hides_is_taken_from_other_frames() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    prepare_next(path);
    let inner = |x: u32, y: u32| x.abs_diff(80).pow(2) + y.abs_diff(96).pow(2) < 26 * 26;
    // How far the place of the bag is from what it hid, in steps of 8 bits.
    let off = |name: &str| {
        let made = open(path, name);
        let pixels: Vec<(u32, u32)> = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y))).filter(|(x, y)| inner(*x, *y)).collect();
        let difference =
            |x: u32, y: u32| (0..3).map(|c| (f32::from(made.get_pixel(x, y)[c]) - ground(x, y)[c] * 255.0).abs()).sum::<f32>() / 3.0;
        pixels.iter().map(|(x, y)| difference(*x, *y)).sum::<f32>() / pixels.len() as f32
    };
    let edit = "edit remove --item bag --seed 3 --picture room.png --items masks";
    let next = "--other-frame 1=next.png --other-frame-items 1=bag=next-bag.png";
    succeed(path, &format!("{edit} --out alone.png"));
    let report = succeed(path, &format!("{edit} {next} --out with.png"));
    assert_eq!((&report["changed_pixels_outside"], &report["session_revision"]), (&0.into(), &Value::Null));
    assert!(off("alone.png") > 4.0, "the test can fail: {}", off("alone.png"));
    assert!(off("with.png") < 2.0, "{}", off("with.png"));
    // The same in a session, for its own picture and for a frame; a frame before lends its result.
    succeed(path, "learn room.png --items masks --session s");
    succeed(path, &format!("edit remove --item bag --seed 3 --session s {next} --out own.png"));
    assert!(open(path, "own.png") == open(path, "with.png"));
    let back = "--other-frame -1=room.png --other-frame-items -1=masks --other-frame-result -1=with.png";
    let lamp_stays = "--frame next.png --frame-items bag=next-bag.png --seed 3";
    succeed(path, &format!("edit remove --item bag --session s {lamp_stays} {back} --out second.png"));
    let there = |x: u32, y: u32| x >= 60 && inner(x - 60, y) && !is_lamp(x, y);
    assert!(close(mean(&open(path, "second.png"), there), ground_mean(there), 2.0));

    for (options, code, fragment) in [
        ("--other-frame 0=next.png", 2, "write it as OFFSET=FILE"),
        ("--other-frame next.png", 2, "write it as OFFSET=FILE"),
        ("--other-frame 1=next.png --other-frame 1=room.png", 2, "there are two frames at the offset 1"),
        (
            "--other-frame 1=next.png --other-frame-items 2=next-bag.png",
            2,
            "--other-frame-items has the offset 2, where no --other-frame is",
        ),
        ("--other-frame 1=next.png --other-frame-result 1=with.png", 2, "which is a frame after the edited one"),
        ("--other-frame 1=none.png", 3, "cannot read this picture"),
        ("--other-frame-items 1=next-bag.png", 2, "--other-frame"),
    ] {
        fails(&call(path, &format!("{edit} --out x.png {options}")), code, fragment, options);
        assert!(!path.join("x.png").exists(), "{options}");
    }
}

/// The layers of an OpenRaster file, from the front: name, column and row, picture.
fn stack(file: &Path) -> Vec<(String, (i64, i64), image::RgbaImage)> {
    let mut archive = zip::ZipArchive::new(fs::File::open(file).unwrap()).unwrap();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut archive.by_name(name).unwrap(), &mut bytes).unwrap();
        bytes
    };
    let xml = String::from_utf8(read("stack.xml")).unwrap();
    let attribute = |line: &str, name: &str| line.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let layer = |line: &str| {
        let number = |name: &str| attribute(line, name).parse().unwrap();
        let picture = image::load_from_memory(&read(&attribute(line, "src"))).unwrap().into_rgba8();
        (attribute(line, "name"), (number("x"), number("y")), picture)
    };
    xml.lines().filter(|line| line.contains("<layer ")).map(layer).collect()
}

/// Lays pictures over the last one; each at its place, shifted.
fn laid(layers: &[(String, (i64, i64), image::RgbaImage)], shift: i64) -> image::RgbaImage {
    let (plate, items) = layers.split_last().unwrap();
    let mut picture = plate.2.clone();
    for (_, (x, y), item) in items.iter().rev() {
        image::imageops::overlay(&mut picture, item, x + shift, *y);
    }
    picture
}

#[test]
fn results_are_written_as_layers_that_make_the_picture_together() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let source = "--picture room.png --items masks --seed 3";
    let differing = |one: &image::RgbaImage, other: &image::RgbaImage, most: u8| {
        let pixels = one.pixels().zip(other.pixels());
        pixels.filter(|(one, other)| (0..3).any(|channel| one.0[channel].abs_diff(other.0[channel]) > most)).count()
    };

    // A lifted item lies where it was; beneath it the place is filled.
    let report = succeed(path, &format!("edit remove --item bag {source} --out removed.png --layers lifted.ora"));
    assert_eq!(report["variations"][0]["layers"], serde_json::json!(["lifted.ora"]));
    let layers = stack(&path.join("lifted.ora"));
    assert_eq!(layers.iter().map(|layer| layer.0.as_str()).collect::<Vec<_>>(), ["bag", "clean plate"]);
    let (before, removed) =
        (image::open(path.join("room.png")).unwrap().into_rgba8(), image::open(path.join("removed.png")).unwrap().into_rgba8());
    assert_eq!(layers[1].2, removed);
    assert_eq!(differing(&laid(&layers, 0), &before, 1), 0, "where it was, it makes the picture again");
    assert!(differing(&laid(&layers, 60), &before, 40) > 1000, "it can be moved");

    // A folder has pictures of the full size, with the result's own pixels.
    let report = succeed(path, &format!("edit move --item bag --dx 50 --dy 20 {source} --out moved.png --layers moved --variations 2"));
    assert_eq!(report["variations"][1]["layers"], serde_json::json!(["moved/2/clean plate.png", "moved/2/bag.png"]));
    for (number, result) in [("1", "moved-1.png"), ("2", "moved-2.png")] {
        let open = |name: &str| image::open(path.join("moved").join(number).join(name)).unwrap().into_rgba8();
        let layers = [("bag".to_owned(), (0, 0), open("bag.png")), (String::new(), (0, 0), open("clean plate.png"))];
        let result = image::open(path.join(result)).unwrap().into_rgba8();
        assert_eq!(differing(&laid(&layers, 0), &result, 1), 0, "variation {number}");
    }

    succeed(path, &format!("edit swap --item bag --with lamp {source} --out swapped.png --layers swapped.ora"));
    let layers = stack(&path.join("swapped.ora"));
    assert_eq!(layers.iter().map(|layer| layer.0.as_str()).collect::<Vec<_>>(), ["bag", "lamp", "clean plate"]);
    assert_eq!(differing(&laid(&layers, 0), &image::open(path.join("swapped.png")).unwrap().into_rgba8(), 1), 0);

    // An edit that is about no item is one picture; a place that cannot be is said before anything is done.
    let report = succeed(path, &format!("edit refine --mask masks/bag.png {source} --out refined.png --layers refined"));
    assert_eq!(report["variations"][0]["layers"], json!([]));
    fs::write(path.join("file"), "").unwrap();
    let outcome = call(path, &format!("edit remove --item bag {source} --out no.png --layers file/there"));
    fails(&outcome, 2, "file", "layers below a file");
    assert!(!path.join("no.png").exists());
}

/// A photograph with two things in opposite corners, and masks of each and of both.
fn prepare_far(folder: &Path) {
    let (width, height) = (1200, 800);
    let is_first = |x: u32, y: u32| (60..100).contains(&x) && (50..90).contains(&y);
    let is_second = |x: u32, y: u32| (1100..1140).contains(&x) && (700..740).contains(&y);
    let colour = |x: u32, y: u32| {
        let ground = [0.4 + x as f32 / 4000.0, 0.6 - y as f32 / 4000.0, 0.5];
        let shown = if is_first(x, y) || is_second(x, y) { [0.9, 0.1, 0.1] } else { ground };
        Rgb(shown.map(|value| ((value + grain(x, y) * 0.05) * 255.0) as u8))
    };
    RgbImage::from_fn(width, height, colour).save(folder.join("wide.png")).unwrap();
    let save = |name: &str, is_in: &dyn Fn(u32, u32) -> bool| {
        GrayImage::from_fn(width, height, |x, y| Luma([u8::from(is_in(x, y)) * 255])).save(folder.join(name)).unwrap();
    };
    save("first.png", &is_first);
    save("second.png", &is_second);
    save("both.png", &|x, y| is_first(x, y) || is_second(x, y));
}

#[test]
fn distant_regions_are_edited_one_by_one_as_each_would_be_alone() {
    let folder = scratch();
    let path = folder.path();
    prepare_far(path);
    let edit = |model: &str, mask: &str, out: &str| {
        let line =
            format!("edit remove --item it --picture wide.png --items it={mask}.png --model {model} --steps 3 --seed 5 --out {out}.png");
        succeed(path, &line)
    };
    for model in ["toys", "patches"] {
        let both = edit(model, "both", "both-out");
        assert_eq!(both["changed_pixels_outside"], 0, "{model}");
        let alone = ["first", "second"].map(|mask| edit(model, mask, &format!("{mask}-out")));
        assert_eq!(both["regions"], json!([alone[0]["region"], alone[1]["region"]]), "{model}");
        assert!(alone.iter().all(|one| one["regions"] == json!([one["region"]])), "{model}");
        let [both, first, second] = ["both-out", "first-out", "second-out"].map(|name| open(path, &format!("{name}.png")));
        let left = |x: u32| x < 600;
        let differ = both.enumerate_pixels().filter(|(x, y, pixel)| {
            let alone = if left(*x) { &first } else { &second };
            alone.get_pixel(*x, *y) != *pixel
        });
        let differ = differ.count();
        assert_eq!(differ, 0, "{model}");
    }
}

#[test]
fn distant_regions_are_named_by_edit_and_plan() {
    let folder = scratch();
    let path = folder.path();
    prepare_far(path);
    let line = "remove --item it --picture wide.png --items it=both.png --no-daemon";
    let said = |line: &str| {
        let outcome: Outcome = dedit(path, line).env_remove("DEDIT_MODEL").output().unwrap().into();
        assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
        outcome.stdout + &outcome.stderr
    };
    for line in [format!("edit {line} --seed 5 --out out.png"), format!("plan {line}")] {
        assert!(said(&line).contains("2 distant regions: "), "{line}");
    }
    let planned = succeed(path, &format!("plan {line}"));
    assert_eq!(planned["regions"].as_array().unwrap().len(), 2, "{planned}");
}
