use super::*;
use crate::geometry::{MAX_PIXELS, MAX_SIDE};

fn size(width: usize, height: usize) -> Size {
    Size::new(width, height).unwrap()
}

#[test]
fn sizes_are_checked_before_anything_is_allocated() {
    for (width, height, fits) in [
        (1, 1, true),
        (10_000, 10_000, true),
        (8000, 6000, true),
        (MAX_SIDE, 1, true),
        (0, 5, false),
        (5, 0, false),
        (MAX_SIDE + 1, 1, false),
    ] {
        assert_eq!(Size::new(width, height).is_ok(), fits, "{width}×{height}");
    }
    let error = Size::new(MAX_SIDE, MAX_PIXELS / MAX_SIDE + 1).unwrap_err().to_string();
    assert!(error.contains("65000×2065") && error.contains("134 megapixels") && error.contains("crop"), "{error}");
    assert!(Size::new(usize::MAX, usize::MAX).is_err());
}

#[test]
fn every_integer_sample_survives_the_way_through_planes() {
    let eight = Samples::U8((0..=u8::MAX).collect());
    let sixteen = Samples::U16((0..=u16::MAX).collect());
    for (samples, width, height) in [(eight, 16, 16), (sixteen, 256, 256)] {
        for (channels, per_pixel) in [(Channels::Grey, 1), (Channels::GreyAlpha, 2), (Channels::Rgba, 4)] {
            let image = Image::new(size(width / per_pixel, height), channels, samples.clone()).unwrap();
            let planes = image.planes().unwrap();
            assert_eq!(planes.colour().len(), channels.colours());
            assert_eq!(planes.alpha().is_some(), channels.has_alpha());
            assert_eq!(planes.to_image(image.depth()).unwrap(), image, "{channels:?}");
        }
    }
}

#[test]
fn floats_keep_values_beyond_one_and_integers_clamp_them() {
    let planes = Planes::new(size(3, 1), vec![vec![-0.5, 0.5, 7.25]], None).unwrap();
    assert_eq!(planes.to_image(Depth::F32).unwrap().into_samples(), Samples::F32(vec![-0.5, 0.5, 7.25]));
    assert_eq!(planes.to_image(Depth::U8).unwrap().into_samples(), Samples::U8(vec![0, 128, 255]));
}

#[test]
fn a_broken_sample_is_named_by_its_place() {
    for (value, channel, name) in [(f32::NAN, 0, "red"), (f32::INFINITY, 2, "blue"), (f32::NEG_INFINITY, 3, "alpha")] {
        let mut samples = vec![0.5; 4 * 6 * 5];
        samples[(3 * 6 + 4) * 4 + channel] = value;
        let image = Image::new(size(6, 5), Channels::Rgba, Samples::F32(samples)).unwrap();
        let error = image.planes().unwrap_err().to_string();
        assert!(error.contains(&format!("the {name} sample of pixel (4, 3) is {value}")), "{error}");
        assert!(image.crop(Rect { x: 0, y: 0, width: 4, height: 5 }).unwrap().planes().is_ok(), "the rest can be used");
    }
}

#[test]
fn what_does_not_fit_is_refused_in_a_sentence() {
    let error = Image::new(size(2, 2), Channels::Rgb, Samples::U8(vec![0; 11])).unwrap_err().to_string();
    assert!(error.contains("2×2 with 3 samples per pixel needs 12 samples, not 11"), "{error}");
    assert!(Planes::new(size(2, 1), vec![vec![0.0; 2]; 2], None).is_err());
    assert!(Planes::new(size(2, 1), vec![vec![0.0; 2]], Some(vec![1.0])).is_err());
    let image = Image::new(size(2, 2), Channels::Grey, Samples::U8(vec![1, 2, 3, 4])).unwrap();
    let cases = [(0, 0, 3, 1, false), (1, 1, 1, 1, true), (2, 0, 1, 1, false), (usize::MAX, 0, 2, 1, false), (0, 0, 0, 1, false)];
    for (x, y, width, height, fits) in cases {
        assert_eq!(image.crop(Rect { x, y, width, height }).is_ok(), fits, "{width}×{height} at ({x}, {y})");
    }
    assert_eq!(image.crop(Rect { x: 1, y: 0, width: 1, height: 2 }).unwrap().into_samples(), Samples::U8(vec![2, 4]));
}

#[test]
fn grey_becomes_colour_and_comes_back() {
    let grey = Planes::new(size(2, 1), vec![vec![0.25, 1.0]], Some(vec![0.0, 1.0])).unwrap();
    let colour = grey.clone().with_colours(3);
    assert_eq!(colour.colour().len(), 3);
    let back = colour.with_colours(1);
    for (value, expected) in back.colour()[0].iter().zip(&grey.colour()[0]) {
        // Three weights that sum to one up to the last bit of f32.
        assert!((value - expected).abs() < 1e-6);
    }
    assert_eq!(back.alpha(), grey.alpha());
}

#[test]
fn a_part_goes_back_where_it_was_cut() {
    let size = |width, height| Size::new(width, height).unwrap();
    let whole = Image::new(size(4, 3), Channels::GreyAlpha, Samples::U16((0..24).collect())).unwrap();
    let rect = Rect { x: 1, y: 1, width: 2, height: 2 };
    let part = whole.crop(rect).unwrap();
    let blank = Image::new(size(4, 3), Channels::GreyAlpha, Samples::U16(vec![99; 24])).unwrap();
    let mut other = blank.clone();
    other.put((1, 1), &part).unwrap();
    assert_eq!(other.crop(rect).unwrap(), part);
    other.put((1, 1), &blank.crop(rect).unwrap()).unwrap();
    assert_eq!(other, blank, "nothing else was touched");
    assert!(other.put((3, 1), &part).is_err(), "beyond the border");
    let of_bytes = Image::new(size(2, 2), Channels::GreyAlpha, Samples::U8(vec![0; 8])).unwrap();
    assert!(other.put((1, 1), &of_bytes).is_err(), "another depth");
}
