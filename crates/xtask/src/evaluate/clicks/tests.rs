use std::path::Path;

use dedit_edit::Size;
use dedit_segment::Hint;

use super::user::{correct, deepest, overlap};
use crate::evaluate::things::{Group, outlined, paint};

/// A mask drawn with `#`.
fn mask(rows: &[&str]) -> Vec<bool> {
    rows.concat().chars().map(|sign| sign == '#').collect()
}

#[test]
fn the_user_clicks_in_the_middle_of_what_is_wrong() {
    let size = Size::new(7, 5).unwrap();
    let truth = mask(&[".......", ".#####.", ".#####.", ".#####.", "......."]);
    for (found, inside, outside, share) in [
        (mask(&[".......", ".......", ".......", ".......", "......."]), vec![(2, 2)], vec![], 0.0),
        (mask(&["#######", "#######", "#######", "#######", "#######"]), vec![], vec![(0, 0)], 15.0 / 35.0),
        (mask(&[".......", ".#.....", ".#.....", ".#.....", "......."]), vec![(3, 2)], vec![], 0.2),
        (truth.clone(), vec![], vec![], 1.0),
    ] {
        let mut hint = Hint::default();
        correct(size, &found, &truth, &mut hint);
        assert_eq!((&hint.inside, &hint.outside), (&inside, &outside));
        assert!((overlap(&found, &truth) - share).abs() < 1e-12);
    }
    assert_eq!(deepest(size, &[true; 35]), Some((2, 2)), "the border of the picture counts");
    assert_eq!(deepest(size, &[false; 35]), None);
}

#[test]
fn a_polygon_holds_its_corners_and_edges() {
    let size = Size::new(6, 5).unwrap();
    for (polygon, expected) in [
        (vec![(1, 1), (4, 1), (4, 3), (1, 3)], mask(&["......", ".####.", ".####.", ".####.", "......"])),
        (vec![(0, 0), (4, 4), (0, 4)], mask(&["#.....", "##....", "###...", "####..", "#####."])),
        (vec![(2, 2)], mask(&["......", "......", "..#...", "......", "......"])),
    ] {
        let mut found = vec![false; 30];
        paint(size, &polygon, true, &mut found);
        assert_eq!(found, expected, "{polygon:?}");
    }
}

#[test]
fn the_outlines_of_the_photographs_are_read() {
    let things = outlined(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/photos")).unwrap();
    assert!(things.len() >= 20, "{} things", things.len());
    assert!(things.iter().filter(|thing| thing.group == Group::HeldOut).count() >= 10);
    for thing in &things {
        let share = thing.truth.iter().filter(|inside| **inside).count() as f64 / thing.truth.len() as f64;
        assert!((0.001..0.7).contains(&share), "{} covers {share:.4} of its picture", thing.name);
    }
}
