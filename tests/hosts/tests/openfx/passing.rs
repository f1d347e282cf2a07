//! `melt` without effects passes pictures through unchanged, which all other tests rely on.

use dedit_host_tests::melt::{Edit, Filter, Footage, Melt, Ran, System};
use dedit_host_tests::test_folder::TestFolder;
use image::{DynamicImage, ImageBuffer, Rgba, RgbaImage};

/// Sizes that are multiples of 16, and one that is not.
const SIZES: [[u32; 2]; 3] = [[64, 64], [96, 80], [130, 97]];
const FRAMES: u32 = 10;

/// Noise in all four channels, so that any change of colours or averaging of pixels is noticed.
fn noise([width, height]: [u32; 2], seed: u32) -> RgbaImage {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    RgbaImage::from_fn(width, height, |_, _| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        Rgba(state.to_be_bytes())
    })
}

fn clip(size: [u32; 2]) -> Vec<RgbaImage> {
    (1..=FRAMES).map(|seed| noise(size, seed)).collect()
}

#[track_caller]
fn assert_same(ran: &Ran, expected: &[RgbaImage]) {
    assert!(ran.ended_well(), "{ran:?}");
    assert_eq!(ran.frames.len(), expected.len(), "{}{}", ran.stdout, ran.stderr);
    for (index, (frame, expected)) in ran.frames.iter().zip(expected).enumerate() {
        assert_eq!(frame.dimensions(), expected.dimensions(), "frame {index}");
        let wrong = frame.pixels().zip(expected.pixels()).filter(|(a, b)| a != b).count();
        assert_eq!(wrong, 0, "frame {index} has wrong pixels");
    }
}

/// Runs a test with a `melt` without effects.
fn with_melt(test: impl Fn(&TestFolder, &Melt<'_>)) {
    let system = System::named().unwrap();
    let test_folder = TestFolder::new(None).unwrap();
    test(&test_folder, &Melt::new(&system, &test_folder, &[test_folder.outside("effects")]).unwrap());
}

#[test]
fn melt_hands_sequences_through_unchanged() {
    with_melt(|test_folder, melt| {
        for size in SIZES {
            let pictures = clip(size);
            let footage = Footage::of(test_folder, &format!("clip-{}", size[0]), &pictures).unwrap();
            for threads in [0, 1, 4] {
                assert_same(&melt.run(&Edit::new(footage.clone()).threads(threads)).unwrap(), &pictures);
            }
        }
    });
}

#[test]
fn melt_hands_a_still_through_unchanged_for_as_long_as_it_is_shown() {
    with_melt(|test_folder, melt| {
        for size in SIZES {
            let picture = noise(size, 7);
            let footage = Footage::of(test_folder, &format!("still-{}", size[0]), std::slice::from_ref(&picture)).unwrap();
            assert_same(&melt.run(&Edit::new(footage.clone())).unwrap(), std::slice::from_ref(&picture));
            assert_same(&melt.run(&Edit::new(footage).frames(5).threads(4)).unwrap(), &vec![picture; 5]);
        }
    });
}

#[test]
fn melt_hands_pictures_with_16_bits_through_unchanged() {
    with_melt(|test_folder, melt| {
        let [width, height] = SIZES[2];
        let (high, low) = (noise(SIZES[2], 1), noise(SIZES[2], 2));
        let picture = ImageBuffer::from_fn(width, height, |x, y| {
            let (high, low) = (high.get_pixel(x, y), low.get_pixel(x, y));
            Rgba([0, 1, 2, 3].map(|channel| u16::from_be_bytes([high[channel], low[channel]])))
        });
        let footage = Footage::of(test_folder, "deep", &[picture.clone(), picture.clone()]).unwrap();
        let ran = melt.run(&Edit::new(footage).deep()).unwrap();
        assert_eq!(ran.files.len(), 2, "{}", ran.stderr);
        for file in &ran.files {
            assert_eq!(image::open(file).unwrap(), DynamicImage::ImageRgba16(picture.clone()));
        }
    });
}

#[test]
fn melt_hands_a_picture_without_alpha_through_unchanged() {
    with_melt(|test_folder, melt| {
        let picture = DynamicImage::from(noise(SIZES[2], 3)).to_rgb8();
        picture.save(test_folder.outside("opaque.png")).unwrap();
        let footage = Footage::still(&test_folder.outside("opaque.png")).unwrap();
        assert_same(&melt.run(&Edit::new(footage)).unwrap(), &[DynamicImage::from(picture).to_rgba8()]);
    });
}

#[test]
fn melt_renders_smaller_pictures_where_it_is_asked_to() {
    with_melt(|test_folder, melt| {
        let footage = Footage::of(test_folder, "clip", &clip(SIZES[1])).unwrap();
        let ran = melt.run(&Edit::new(footage).scaled(0.5)).unwrap();
        assert_eq!(ran.frames.len(), FRAMES as usize, "{}", ran.stderr);
        assert!(ran.frames.iter().all(|frame| frame.dimensions() == (48, 40)));
    });
}

/// Why tests check pictures.
#[test]
fn melt_ends_well_and_changes_nothing_where_the_effect_is_missing() {
    with_melt(|test_folder, melt| {
        assert!(melt.effects().unwrap().is_empty());
        assert!(melt.describe("org.dedit.Missing").unwrap_err().to_string().contains("org.dedit.Missing"));
        let pictures = clip(SIZES[0]);
        let edit = Edit::new(Footage::of(test_folder, "clip", &pictures).unwrap())
            .filter(Filter::new("org.dedit.Missing").with("prompt", "a bag"));
        assert_same(&melt.run(&edit).unwrap(), &pictures);
    });
}
