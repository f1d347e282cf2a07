use proptest::prelude::*;

use super::*;

fn squared(size: Size, a: usize, b: usize) -> usize {
    let ((x, y), (u, v)) = (size.position(a), size.position(b));
    x.abs_diff(u).pow(2) + y.abs_diff(v).pow(2)
}

fn check(size: Size, sites: &[bool]) {
    let found = NearestSites::new(size, |index| sites[index]);
    let places: Vec<usize> = (0..sites.len()).filter(|index| sites[*index]).collect();
    let Some(found) = found else { return assert!(places.is_empty(), "{size}: sites were overlooked") };
    for index in 0..size.pixels() {
        let nearest = places.iter().map(|site| squared(size, index, *site)).min().unwrap();
        assert!(sites[found.site(index)], "{size}: pixel {index} got a pixel that is no site");
        assert_eq!(squared(size, index, found.site(index)), nearest, "{size}: pixel {index}");
        assert_eq!(found.distance(index).to_bits(), ((nearest as f64).sqrt() as f32).to_bits());
    }
}

proptest! {
    #[test]
    fn the_nearest_site_is_that_of_trying_all(width in 1_usize..18, height in 1_usize..18, seeds in prop::collection::vec(0_u8..8, 18 * 18)) {
        let size = Size::new(width, height).unwrap();
        check(size, &seeds[..size.pixels()].iter().map(|seed| *seed == 0).collect::<Vec<_>>());
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
