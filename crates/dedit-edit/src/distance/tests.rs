use proptest::prelude::*;

use super::*;

fn squared(size: Size, a: usize, b: usize) -> usize {
    let ((x, y), (u, v)) = (size.position(a), size.position(b));
    x.abs_diff(u).pow(2) + y.abs_diff(v).pow(2)
}

fn check(size: Size, sites: &[bool]) {
    let found = NearestSites::new(size, |index| sites[index]);
    let places: Vec<usize> = (0..sites.len()).filter(|index| sites[*index]).collect();
    let all = distances(size, f32::INFINITY, |x, y| sites[y * size.width() + x]);
    let Some(found) = found else { return assert!(places.is_empty(), "{size}: sites were overlooked") };
    for (index, distance) in all.into_iter().enumerate() {
        let (nearest, first) = places.iter().map(|site| (squared(size, index, *site), *site)).min().unwrap();
        assert_eq!(found.site(index), first, "{size}: pixel {index}");
        assert_eq!(found.distance(index).to_bits(), ((nearest as f64).sqrt() as f32).to_bits());
        assert_eq!(distance.to_bits(), found.distance(index).to_bits());
    }
}

proptest! {
    #[test]
    fn the_nearest_site_is_that_of_trying_all(width in 1_usize..18, height in 1_usize..18, seeds in prop::collection::vec(0_u8..8, 18 * 18)) {
        let size = Size::new(width, height).unwrap();
        // Few sites, and many side by side.
        for sites in [|seed: &u8| *seed == 0, |seed: &u8| *seed != 0] {
            check(size, &seeds[..size.pixels()].iter().map(sites).collect::<Vec<_>>());
        }
    }
}

#[test]
fn lines_and_corners_have_their_nearest_sites() {
    for (width, height, sites) in
        [(1, 1, vec![0]), (1, 9, vec![8]), (9, 1, vec![0, 8]), (300, 2, vec![0, 599]), (64, 64, vec![0, 63, 4095]), (2, 2, vec![])]
    {
        let size = Size::new(width, height).unwrap();
        check(size, &(0..size.pixels()).map(|index| sites.contains(&index)).collect::<Vec<_>>());
    }
}

#[test]
fn the_fill_looks_as_far_as_it_has_to() {
    // A vacant pixel far from any site: between, pixels that are neither.
    let size = Size::new(50, 3).unwrap();
    let mut labels = vec![1_u16; 150];
    labels[75] = 9;
    labels[149] = 0;
    assert!(fill_nearest(size, &mut labels, |label| label == 9, |label| label == 0));
    assert_eq!((labels[75], labels[74]), (0, 1));
    labels[75] = 9;
    assert!(!fill_nearest(size, &mut labels, |label| label == 9, |label| label == 7), "there is no site");
    assert_eq!(labels[75], 9);
}

proptest! {
    #[test]
    fn the_fill_is_that_of_trying_all(labels in prop::collection::vec(prop_oneof![4 => 0_u16..3, 2 => Just(9), 1 => Just(7)], 15 * 12)) {
        let size = Size::new(15, 12).unwrap();
        let mut filled = labels.clone();
        prop_assume!(labels.iter().any(|label| *label < 3));
        prop_assert!(fill_nearest(size, &mut filled, |label| label == 9, |label| label < 3));
        for index in 0..labels.len() {
            let sites = (0..labels.len()).filter(|site| labels[*site] < 3);
            let nearest = sites.min_by_key(|site| (squared(size, index, *site), *site)).unwrap();
            prop_assert_eq!(filled[index], if labels[index] == 9 { labels[nearest] } else { labels[index] });
        }
    }
}
