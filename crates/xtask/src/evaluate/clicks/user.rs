//! A simulated user, who clicks in the middle of what is wrong.

use dedit_edit::{NearestSites, Size};
use dedit_segment::Hint;

/// Intersection over union.
pub(super) fn overlap(found: &[bool], truth: &[bool]) -> f64 {
    let count = |holds: fn(bool, bool) -> bool| found.iter().zip(truth).filter(|(found, truth)| holds(**found, **truth)).count();
    count(|found, truth| found && truth) as f64 / count(|found, truth| found || truth).max(1) as f64
}

/// The pixel of a set that is farthest from all others, those beyond the picture included.
pub(super) fn deepest(size: Size, set: &[bool]) -> Option<(usize, usize)> {
    let outside = NearestSites::new(size, |index| !set[index]);
    let depth = |index: usize| {
        let (x, y) = size.position(index);
        let to_frame = (x + 1).min(y + 1).min(size.width() - x).min(size.height() - y) as f32;
        outside.as_ref().map_or(to_frame, |outside| outside.distance(index).min(to_frame))
    };
    let found = (0..set.len()).filter(|index| set[*index]).map(|index| (depth(index), index));
    // The first of several.
    found.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, index)| size.position(index))
}

/// Adds a click in the deepest of what is wrong: on what is missing, or on what is too much.
pub(super) fn correct(size: Size, found: &[bool], truth: &[bool], hint: &mut Hint) {
    let wrong =
        |of_thing: bool| -> Vec<bool> { found.iter().zip(truth).map(|(found, truth)| found != truth && *truth == of_thing).collect() };
    let [missing, extra] = [true, false].map(wrong);
    let area = |set: &[bool]| set.iter().filter(|is_in| **is_in).count();
    let (set, points) = if area(&missing) >= area(&extra) { (missing, &mut hint.inside) } else { (extra, &mut hint.outside) };
    points.extend(deepest(size, &set));
}
