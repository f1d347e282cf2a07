use proptest::prelude::*;

use super::*;
use crate::image::{Channels, Depth};

fn size(width: usize, height: usize) -> Size {
    Size::new(width, height).unwrap()
}

/// The bits of every sample, so that NaN equals itself.
fn bits(image: &Image) -> Vec<u32> {
    match image.samples() {
        Samples::U8(samples) => samples.iter().map(|sample| u32::from(*sample)).collect(),
        Samples::U16(samples) => samples.iter().map(|sample| u32::from(*sample)).collect(),
        Samples::F32(samples) => samples.iter().map(|sample| sample.to_bits()).collect(),
    }
}

fn image(channels: Channels, depth: u8, size: Size, random: &[u32]) -> Image {
    let count = size.pixels() * channels.count();
    let values = random.iter().cycle().enumerate().map(|(index, value)| value.wrapping_mul(index as u32 | 1)).take(count);
    let samples = match depth {
        0 => Samples::U8(values.map(|value| value as u8).collect()),
        1 => Samples::U16(values.map(|value| value as u16).collect()),
        // Any bits: NaN, infinities and denormal numbers too.
        _ => Samples::F32(values.map(f32::from_bits).collect()),
    };
    Image::new(size, channels, samples).unwrap()
}

proptest! {
    /// The published picture comes back through the autoencoder whole, and every pixel changes.
    #[test]
    fn no_sample_outside_the_region_changes(
        random in prop::collection::vec(any::<u32>(), 97),
        mask in prop::collection::vec(prop_oneof![3 => Just(0.0_f32), 1 => Just(1.0), 1 => 0.0_f32..=1.0], 63),
        generated in prop::collection::vec(-1.0_f32..2.0, 63),
        (depth, channels) in (0_u8..3, 0_usize..4),
    ) {
        let (size, channels) = (size(9, 7), [Channels::Grey, Channels::GreyAlpha, Channels::Rgb, Channels::Rgba][channels]);
        let original = image(channels, depth, size, &random);
        let planes = Planes::new(size, vec![generated.clone()], None).unwrap();
        let change = ItemMask::new(size, mask).unwrap();
        let result = composite(&original, &planes, (0, 0), &change).unwrap();
        prop_assert_eq!((result.size(), result.channels(), result.depth()), (original.size(), original.channels(), original.depth()));
        let expected = planes.with_colours(channels.colours()).to_image(original.depth()).unwrap();
        let (result, original, expected) = (bits(&result), bits(&original), bits(&expected));
        let (count, colours) = (channels.count(), channels.colours());
        for index in 0..result.len() {
            let (pixel, channel) = (index / count, index % count);
            if channel >= colours || change.values()[pixel] == 0.0 {
                prop_assert_eq!(result[index], original[index], "sample {} of pixel {}", channel, pixel);
            } else if change.values()[pixel] >= 1.0 {
                prop_assert_eq!(result[index], expected[pixel * colours + channel], "sample {} of pixel {}", channel, pixel);
            }
        }
    }
}

#[test]
fn the_ring_goes_over_from_one_picture_to_the_other() {
    let size = size(5, 1);
    let change = ItemMask::new(size, vec![0.0, 0.25, 0.5, 0.75, 1.0]).unwrap();
    let generated = Planes::new(size, vec![vec![1.0; 5]], None).unwrap();
    for (original, expected) in [
        (Samples::U8(vec![0; 5]), Samples::U8(vec![0, 64, 128, 191, 255])),
        (Samples::U16(vec![0; 5]), Samples::U16(vec![0, 16384, 32768, 49151, 65535])),
        (Samples::F32(vec![3.0; 5]), Samples::F32(vec![3.0, 2.5, 2.0, 1.5, 1.0])),
    ] {
        let original = Image::new(size, Channels::Grey, original).unwrap();
        assert_eq!(composite(&original, &generated, (0, 0), &change).unwrap().into_samples(), expected);
    }
}

#[test]
fn a_part_lands_at_its_place_and_alpha_stays() {
    let original = Image::new(size(4, 3), Channels::Rgba, Samples::U16(vec![7; 48])).unwrap();
    let part = Planes::new(size(2, 1), vec![vec![1.0, 0.0]; 3], Some(vec![0.5; 2])).unwrap();
    let change = ItemMask::from_fn(size(4, 3), |x, y| (1..3).contains(&x) && y == 2);
    let Samples::U16(samples) = composite(&original, &part, (1, 2), &change).unwrap().into_samples() else { panic!("the depth changed") };
    let mut expected = vec![7; 48];
    expected[36..39].fill(65535);
    expected[40..43].fill(0);
    assert_eq!(samples, expected);
    for (at, mask, says) in [
        ((3, 2), change.clone(), "2×1 at (3, 2) does not lie within"),
        ((1, 1), change, "pixel (1, 2) is to change and lies outside"),
        ((1, 2), ItemMask::empty(size(3, 4)), "3×4"),
    ] {
        let error = composite(&original, &part, at, &mask).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn what_a_network_broke_does_not_reach_the_picture() {
    let original = Image::new(size(3, 2), Channels::Grey, Samples::U8(vec![9; 6])).unwrap();
    let mut values = vec![0.5; 6];
    values[4] = f32::NAN;
    let generated = Planes::new(size(3, 2), vec![values], None).unwrap();
    let error = composite(&original, &generated, (0, 0), &ItemMask::full(size(3, 2))).unwrap_err().to_string();
    assert!(error.contains("pixel (1, 1)"), "{error}");
    let elsewhere = ItemMask::from_fn(size(3, 2), |x, _| x == 0);
    assert!(composite(&original, &generated, (0, 0), &elsewhere).is_ok());
}

#[test]
fn colours_are_matched_by_what_surrounds_the_region() {
    let size = size(40, 40);
    let texture = |index: usize| 0.5 + 0.2 * ((index * 7919 % 101) as f32 / 101.0 - 0.5);
    let original: Vec<f32> = (0..1600).map(texture).collect();
    let ring = ItemMask::from_fn(size, |x, y| (10..30).contains(&x) && (10..30).contains(&y)).ring(6.0).unwrap();
    // A shift of colour, as an autoencoder brings it: undone everywhere, the region included.
    let shifted: Vec<f32> = original.iter().map(|value| value + 0.11).collect();
    let planes = |plane: &Vec<f32>| Planes::new(size, vec![plane.clone(); 3], None).unwrap();
    let matched = ColourMatch::measure(&planes(&original), &planes(&shifted), &ring).unwrap().apply(planes(&shifted));
    for (value, expected) in matched.colour()[1].iter().zip(&original) {
        assert!((value - expected).abs() < 1e-5, "{value}, not {expected}");
    }
    // Nothing to measure.
    let none = ColourMatch::measure(&planes(&original), &planes(&shifted), &ItemMask::empty(size)).unwrap();
    assert_eq!(none.apply(planes(&shifted)), planes(&shifted));
    // Contrast stays, whatever that of the ring is.
    let flat = vec![0.25; 1600];
    let lifted = ColourMatch::measure(&planes(&flat), &planes(&shifted), &ring).unwrap().apply(planes(&shifted));
    let (before, after) = (&shifted, &lifted.colour()[0]);
    assert!(((after[0] - after[1]) - (before[0] - before[1])).abs() < 1e-6);
    assert!(ColourMatch::measure(&planes(&flat), &planes(&flat), &ItemMask::empty(Size::new(2, 2).unwrap())).is_err());
}

#[test]
fn changes_are_counted_where_none_may_be() {
    let size = size(3, 2);
    let change = ItemMask::from_fn(size, |x, _| x == 0);
    for depth in [Depth::U8, Depth::U16, Depth::F32] {
        let planes = |values: [f32; 6]| Planes::new(size, vec![values.to_vec()], None).unwrap().to_image(depth).unwrap();
        let original = planes([0.5; 6]);
        let edited = planes([0.1, 0.5, 0.9, 0.1, 0.5, 0.51]);
        assert_eq!(changed_outside(&original, &original, &change).unwrap(), 0);
        assert_eq!(changed_outside(&original, &edited, &change).unwrap(), 2, "{depth:?}");
    }
    let float = |value: f32| Image::new(size, Channels::Grey, Samples::F32(vec![value; 6])).unwrap();
    assert_eq!(changed_outside(&float(0.0), &float(-0.0), &change).unwrap(), 4, "bits count, not values");
    assert_eq!(changed_outside(&float(f32::NAN), &float(f32::NAN), &change).unwrap(), 0);
    let other = Image::new(size, Channels::Rgb, Samples::U8(vec![0; 18])).unwrap();
    assert!(changed_outside(&float(0.0), &other, &change).is_err());
}
