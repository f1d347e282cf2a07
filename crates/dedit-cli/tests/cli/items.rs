//! Items from masks of every kind.

use std::fs;
use std::path::Path;

use image::{GrayImage, ImageBuffer, Luma, Rgba, RgbaImage};
use serde_json::{Value, json};

use super::scene::prepare;
use super::{fails, run, scratch, succeed};

/// An array as `NumPy` saves it.
fn npy(file: &Path, descr: &str, shape: &str, data: &[u8]) {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    fs::write(file, [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()).unwrap();
}

fn palette(file: &Path, size: (u32, u32), indices: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(file).unwrap(), size.0, size.1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    // Colours do not matter: two of these are the same.
    encoder.set_palette(vec![9, 9, 9, 9, 9, 9, 255, 0, 0]);
    encoder.write_header().unwrap().write_image_data(indices).unwrap();
}

/// The masks of [`prepare`]'s folder `items` once more, in every other form.
fn in_every_form(path: &Path) {
    let mask = |name: &str| image::open(path.join(name)).unwrap().into_luma8();
    let (ball, cube) = (mask("items/ball.png"), mask("items/box.png"));
    let both: Vec<(u8, u8)> = ball.iter().zip(cube.iter()).map(|(ball, cube)| (ball / 255, cube / 255)).collect();
    let labels = |of: [u8; 3]| both.iter().map(|both| [of[0], of[2], of[1]][usize::from(both.0 * 2 + both.1)]).collect::<Vec<u8>>();
    let bytes = |which: fn(&(u8, u8)) -> u8| both.iter().map(which).collect::<Vec<u8>>();
    npy(&path.join("bool.npy"), "|b1", "(2, 48, 64)", &[bytes(|both| both.0), bytes(|both| both.1)].concat());
    let floats = [bytes(|both| both.0), bytes(|both| both.1)].concat();
    let floats: Vec<u8> = floats.iter().flat_map(|value| f32::from(*value).to_le_bytes()).collect();
    npy(&path.join("float.npy"), "<f4", "(2, 48, 64)", &floats);
    npy(&path.join("labels.npy"), "|u1", "(48, 64)", &labels([0, 1, 2]));
    fs::create_dir(path.join("arrays")).unwrap();
    npy(&path.join("arrays/ball.npy"), "|b1", "(48, 64)", &bytes(|both| both.0));
    npy(&path.join("arrays/box.npy"), "|u1", "(1, 48, 64)", &bytes(|both| both.1 * 255));
    palette(&path.join("palette.png"), (64, 48), &labels([0, 1, 2]));
    let deep: Vec<u16> = labels([0, 1, 2]).into_iter().map(|label| u16::from(label) * 30_000).collect();
    ImageBuffer::<Luma<u16>, _>::from_raw(64, 48, deep).unwrap().save(path.join("deep-labels.png")).unwrap();
    // Things cut out on transparent layers, dark as the ball is.
    let layer = |mask: &GrayImage| RgbaImage::from_fn(64, 48, |x, y| Rgba([0, 0, 0, mask.get_pixel(x, y).0[0]]));
    layer(&ball).save(path.join("ball-layer.png")).unwrap();
    layer(&cube).save(path.join("box-layer.png")).unwrap();
}

#[test]
fn masks_of_every_form_give_the_same_items() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    in_every_form(path);
    fs::rename(path.join("labels.txt"), path.join("names.list")).unwrap();
    let plan = |items: &str| {
        let report = succeed(path, &format!("plan refine --mask shape.png --picture a.png {items} --labels after.png"));
        let mut items = report["items"].as_array().unwrap().clone();
        items.sort_by_key(|item| item["name"].to_string());
        let of_item = |item: &Value| json!([item["name"], item["before"]]);
        let labels = image::open(path.join("after.png")).unwrap().into_luma16();
        let number = |name: &str| report["items"].as_array().unwrap().iter().find(|item| item["name"] == name).unwrap()["number"].clone();
        let counts: Vec<usize> = ["ball", "box", "background"]
            .map(|name| labels.iter().filter(|label| u64::from(**label) == number(name).as_u64().unwrap()).count())
            .to_vec();
        (items.iter().map(of_item).collect::<Vec<_>>(), counts)
    };
    let expected = plan("--items items");
    assert_eq!(expected.0.len(), 3);
    for items in [
        "--items ball=items/ball.png --items box=items/box.png",
        "--items box=items/box.png --items ball=items/ball.png",
        "--items ball=ball-layer.png --items box=box-layer.png",
        "--items bool.npy --names ball,box",
        "--items float.npy --names ball,box",
        "--items labels.npy --names background,ball,box",
        "--items arrays",
        "--items ball=arrays/ball.npy --items box=items/box.png",
        "--items palette.png --names background,ball,box",
        "--items labels.png --names background,ball,box",
        "--items deep-labels.png --names background,ball,box",
    ] {
        assert_eq!(plan(items), expected, "{items}");
    }
}

#[test]
fn labels_without_names_are_numbered_and_names_may_lie_beside() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let names = |items: &str| {
        let report = succeed(path, &format!("plan refine --mask shape.png --picture a.png --items {items}"));
        report["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("labels.png"), ["ground", "ball", "box"]);
    fs::rename(path.join("labels.txt"), path.join("names.txt")).unwrap();
    assert_eq!(names("labels.png"), ["ground", "ball", "box"]);
    fs::remove_file(path.join("names.txt")).unwrap();
    assert_eq!(names("labels.png"), ["item 0", "item 1", "item 2"]);
    // Of masks that overlap the first lies in front.
    let plan = "plan remove --item ball --picture a.png --items";
    fails(&run(path, &format!("{plan} full=full.png --items ball=items/ball.png")), 3, "item 'ball' owns no pixel", "covered");
    succeed(path, &format!("{plan} ball=items/ball.png --items full=full.png"));
    fs::create_dir(path.join("hollow")).unwrap();
    fails(&run(path, &format!("{plan} hollow")), 3, "no picture and no .npy file in this folder: hollow", "no masks");
    fails(&run(path, &format!("{plan} labels.png --names a,b")), 3, "there are 3 labels, up to 200, and 2 names: labels.png", "names");
    npy(&path.join("nan.npy"), "<f4", "(1, 48, 64)", &f32::NAN.to_le_bytes().repeat(48 * 64));
    fails(&run(path, &format!("{plan} nan.npy")), 3, "the mask is NaN at pixel (0, 0): nan.npy", "NaN");
    npy(&path.join("two.npy"), "|b1", "(2, 48, 64)", &[1; 2 * 48 * 64]);
    fails(&run(path, &format!("{plan} ball=two.npy")), 3, "this array holds several masks: two.npy", "several masks");
}
