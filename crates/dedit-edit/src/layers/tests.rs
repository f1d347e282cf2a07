use super::*;
use crate::geometry::Size;
use crate::image::{Channels, Depth, Samples};

/// A grey slope with some grain.
fn ground(x: usize, y: usize) -> f32 {
    0.5 + 0.004 * x as f32 + ((x * 7 + y * 13) % 5) as f32 * 0.002
}

/// A picture of 64 × 48 pixels, and the same without its disc of radius 10 at (32, 24), which covers pixels at its outline in part and a soft
/// shadow below it that takes up to 30 % of the light.
fn disc(colour: [f32; 3], depth: Depth) -> (Image, Image, Segmentation) {
    let size = Size::new(64, 48).unwrap();
    let coverage = |x: usize, y: usize| (10.5 - (x as f32 - 32.0).hypot(y as f32 - 24.0)).clamp(0.0, 1.0);
    let shade = |x: usize, y: usize| 0.3 * ((14.0 - (x as f32 - 32.0).hypot(y as f32 - 30.0)) / 8.0).clamp(0.0, 1.0);
    let plane = |with: bool, channel: usize| -> Vec<f32> {
        let value = |index: usize| {
            let (x, y) = size.position(index);
            let alpha = if with { coverage(x, y) } else { 0.0 };
            let light = if with { 1.0 - shade(x, y) } else { 1.0 };
            ground(x, y) * light * (1.0 - alpha) + colour[channel] * alpha
        };
        (0..size.pixels()).map(value).collect()
    };
    let picture = |with: bool| {
        let planes = Planes::new(size, (0..3).map(|channel| plane(with, channel)).collect(), None).unwrap();
        planes.to_image(depth).unwrap()
    };
    let labels = (0..size.pixels()).map(|index| {
        let (x, y) = size.position(index);
        u16::from(coverage(x, y) >= 0.5)
    });
    let items = Segmentation::from_labels(size, vec!["ground".into(), "disc".into()], labels.collect()).unwrap();
    (picture(true), picture(false), items)
}

fn largest_difference(one: &Image, other: &Image, within: impl Fn(usize, usize) -> bool) -> f32 {
    let (one, other) = (one.planes().unwrap(), other.planes().unwrap());
    let size = one.size();
    let off = |index: usize| {
        let colours = one.colour().iter().zip(other.colour());
        colours.map(|(one, other)| (one[index] - other[index]).abs()).fold(0.0, f32::max)
    };
    let inside = |index: &usize| {
        let (x, y) = size.position(*index);
        within(x, y)
    };
    (0..size.pixels()).filter(inside).map(off).fold(0.0, f32::max)
}

#[test]
fn a_layer_over_the_plate_is_the_picture_and_elsewhere_the_item_alone() {
    for (name, colour, depth, outline) in [
        ("red", [0.9, 0.1, 0.1], Depth::U8, Outline::Mask),
        ("dark, 16 bits", [0.05, 0.05, 0.1], Depth::U16, Outline::Mask),
        ("white, float", [1.0, 1.0, 1.0], Depth::F32, Outline::Mask),
        ("red, found within its mask", [0.9, 0.1, 0.1], Depth::U8, Outline::WithinMask),
    ] {
        let (picture, plate, items) = disc(colour, depth);
        let layer = ItemLayer::cut_out((&picture, &plate), &items, 1, outline, &[]).unwrap().unwrap();
        assert_eq!((layer.item.as_str(), layer.picture.depth(), layer.picture.channels()), ("disc", depth, Channels::Rgba), "{name}");
        let mut again = plate.clone();
        layer.lay_over(&mut again).unwrap();
        let off = largest_difference(&again, &picture, |x, y| (x as f32 - 32.0).hypot(y as f32 - 24.0) < 11.5);
        // Shadows that take less than 4 % of the light are left out.
        assert!(off <= 0.05, "{name}: {off}");
        // On a green ground nothing of the old one is left at the outline.
        let green = Planes::new(plate.size(), [0.0, 1.0, 0.0].map(|value| vec![value; plate.size().pixels()]).to_vec(), None).unwrap();
        let mut moved = green.to_image(depth).unwrap();
        layer.lay_over(&mut moved).unwrap();
        let wanted = |x: usize, y: usize, channel: usize| {
            let alpha = (10.5 - (x as f32 - 32.0).hypot(y as f32 - 24.0)).clamp(0.0, 1.0);
            [0.0, 1.0, 0.0][channel] * (1.0 - alpha) + colour[channel] * alpha
        };
        let planes = moved.planes().unwrap();
        for index in 0..plate.size().pixels() {
            let (x, y) = plate.size().position(index);
            let is_upper = y < 28 && ((x as f32 - 32.0).hypot(y as f32 - 24.0) - 10.5).abs() < 3.0;
            for channel in (0..3).filter(|_| is_upper) {
                let off = (planes.colour()[channel][index] - wanted(x, y, channel)).abs();
                assert!(off < 0.2, "{name}: ({x}, {y}) is off by {off}");
            }
        }
    }
}

#[test]
fn a_shadow_goes_with_its_item_in_black_and_another_item_is_none() {
    let (picture, plate, items) = disc([0.9, 0.1, 0.1], Depth::U8);
    let at = |layer: &ItemLayer, x: usize, y: usize| {
        let planes = layer.picture.planes().unwrap();
        if !layer.rect.contains(x, y) {
            return [0.0; 2];
        }
        let index = (y - layer.rect.y) * layer.rect.width + x - layer.rect.x;
        [planes.alpha().unwrap()[index], planes.colour()[0][index]]
    };
    let layer = ItemLayer::cut_out((&picture, &plate), &items, 1, Outline::Mask, &[]).unwrap().unwrap();
    let [alpha, red] = at(&layer, 32, 39);
    assert!((alpha - 0.1875).abs() < 0.03 && red <= 0.0, "{alpha} {red}");
    assert!(at(&layer, 10, 38)[0] <= 0.0);
    let none = ItemLayer::cut_out((&picture, &plate), &items, 1, Outline::Mask, &[0]).unwrap().unwrap();
    assert!(at(&none, 32, 39)[0] <= 0.0);
}

/// A plate that is filled anew around the disc: up to `ring` pixels around its outline and in its shadow, it differs from the ground by some texture.
fn filled(plate: &Image, ring: f32) -> Image {
    let mut planes = plate.planes().unwrap();
    let size = plate.size();
    for (channel, plane) in planes.colour_mut().iter_mut().enumerate() {
        for (index, value) in plane.iter_mut().enumerate() {
            let (x, y) = size.position(index);
            let is_near = (x as f32 - 32.0).hypot(y as f32 - 24.0) < 10.5 + ring || (x as f32 - 32.0).hypot(y as f32 - 30.0) < 14.0;
            if is_near {
                *value += ((x * 5 + y * 3 + channel) % 7) as f32 * 0.02 - 0.06;
            }
        }
    }
    planes.to_image(plate.depth()).unwrap()
}

#[test]
fn lifted_at_rest_is_the_picture_and_moved_it_carries_little_ground() {
    for (name, colour, depth, most) in [
        ("red", [0.9, 0.1, 0.1], Depth::U8, 1.01 / 255.0),
        ("dark, 16 bits", [0.05, 0.05, 0.1], Depth::U16, 1.01 / 65535.0),
        ("white, float", [1.0, 1.0, 1.0], Depth::F32, 1e-5),
        ("highlight, float", [4.0, 2.0, 2.0], Depth::F32, 1e-5),
    ] {
        let (picture, ground, items) = disc(colour, depth);
        let mut plate = filled(&ground, 4.0);
        let lifted = Lifted { items: &[1], edited: &[1] };
        let layers = lift(&picture, &mut plate, picture.size().rect(), &items, lifted).unwrap();
        let [layer] = layers.as_slice() else { panic!("{name}: one layer") };
        let mut again = plate.clone();
        layer.lay_over(&mut again).unwrap();
        let off = largest_difference(&again, &picture, |_, _| true);
        assert!(off <= most, "{name}: {off}");
        // The plate shows the ground that lies in the shadow rather than what it was filled with.
        let in_shadow = |index: &usize| {
            let (x, y) = (index % 64, index / 64);
            (x as f32 - 32.0).hypot(y as f32 - 30.0) < 9.0 && (x as f32 - 32.0).hypot(y as f32 - 24.0) > 14.0
        };
        let error = |of: &Image| {
            let (of, ground) = (of.planes().unwrap(), ground.planes().unwrap());
            (0..64 * 48).filter(in_shadow).map(|index| (of.luma(index) - ground.luma(index)).powi(2)).sum::<f32>().sqrt()
        };
        let (was, is) = (error(&filled(&ground, 4.0)), error(&plate));
        assert!(is < 0.75 * was, "{name}: in the shadow the plate is off by {is}, the filling by {was}");
        // Beyond the outline, where there is no shadow, texture of the plate is all that the layer can show.
        let alpha = |x: usize, y: usize| {
            let at = || (y - layer.rect.y) * layer.rect.width + x - layer.rect.x;
            if layer.rect.contains(x, y) { layer.picture.planes().unwrap().alpha().unwrap()[at()] } else { 0.0 }
        };
        for x in 0..64 {
            let distance = (x as f32 - 32.0).hypot(16.0 - 24.0) - 10.5;
            assert!(distance < 1.5 || alpha(x, 16) <= 0.3, "{name}: {x} {}", alpha(x, 16));
            assert!(distance < 5.0 || alpha(x, 16) <= 0.0, "{name}: {x} {}", alpha(x, 16));
        }
    }
}

#[test]
fn places_of_other_edited_items_are_not_lifted_along() {
    let (picture, ground, _) = disc([0.9, 0.1, 0.1], Depth::U8);
    let labels = (0..64 * 48).map(|index| {
        let (x, y) = (index % 64, index / 64);
        if (x as f32 - 32.0).hypot(y as f32 - 24.0) < 10.5 { 1 } else { u16::from(x >= 44) * 2 }
    });
    let names = ["ground", "disc", "side"].map(String::from).to_vec();
    let items = Segmentation::from_labels(picture.size(), names, labels.collect()).unwrap();
    let mut planes = ground.planes().unwrap();
    planes.colour_mut().iter_mut().flatten().enumerate().for_each(|(index, value)| *value = if index % 64 >= 44 { 0.1 } else { *value });
    let mut plate = planes.to_image(Depth::U8).unwrap();
    let lifted = Lifted { items: &[1], edited: &[1, 2] };
    let layers = lift(&picture, &mut plate, picture.size().rect(), &items, lifted).unwrap();
    assert!(layers[0].rect.right() <= 44, "{}", layers[0].rect);
    assert!(largest_difference(&plate, &ground, |x, _| x >= 44) > 0.3, "the plate stays filled there");
}

#[test]
fn pixels_that_are_not_finite_and_pictures_of_other_sizes_do_no_harm() {
    let (picture, plate, items) = disc([0.9, 0.1, 0.1], Depth::F32);
    let Samples::F32(mut samples) = picture.samples().clone() else { panic!("float samples") };
    for (index, value) in [(24 * 64 + 32, f32::NAN), (24 * 64 + 22, f32::INFINITY), (0, f32::NAN)] {
        samples[index * 3] = value;
    }
    let broken = Image::new(picture.size(), Channels::Rgb, Samples::F32(samples)).unwrap();
    let layer = ItemLayer::cut_out((&broken, &plate), &items, 1, Outline::WithinMask, &[]).unwrap().unwrap();
    layer.picture.check_finite().unwrap();
    let small = plate.crop(Rect { x: 0, y: 0, width: 20, height: 20 }).unwrap();
    assert!(ItemLayer::cut_out((&picture, &small), &items, 1, Outline::Mask, &[]).is_err());
    // A thing of one pixel, and one that fills the picture.
    let size = Size::new(9, 9).unwrap();
    let grey = |value: u8| Image::new(size, Channels::GreyAlpha, Samples::U8([value, 255].repeat(81))).unwrap();
    for one in [|index: usize| index == 40, |index: usize| index != 0] {
        let labels = (0..81).map(|index| u16::from(one(index))).collect();
        let items = Segmentation::from_labels(size, vec!["rest".into(), "one".into()], labels).unwrap();
        let layer = ItemLayer::cut_out((&grey(200), &grey(90)), &items, 1, Outline::Mask, &[]).unwrap().unwrap();
        let mut again = grey(90);
        layer.lay_over(&mut again).unwrap();
        let Samples::U8(samples) = again.samples() else { panic!("8 bits") };
        assert!((0..81).filter(|index| one(*index)).all(|index| samples[index * 2] == 200));
    }
}
