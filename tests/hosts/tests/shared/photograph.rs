//! A photograph, and a thing in it to remove.

use std::path::Path;

use image::RgbImage;

/// The outline of the spoon: x, y of each corner.
pub(crate) const SPOON: [(u32, u32); 28] = [
    (399, 65),
    (411, 63),
    (426, 68),
    (425, 82),
    (416, 108),
    (410, 130),
    (403, 160),
    (396, 190),
    (387, 222),
    (386, 236),
    (398, 247),
    (408, 264),
    (410, 286),
    (401, 309),
    (386, 323),
    (366, 331),
    (344, 327),
    (328, 312),
    (322, 292),
    (327, 266),
    (340, 252),
    (368, 240),
    (373, 228),
    (382, 204),
    (397, 168),
    (409, 115),
    (403, 92),
    (397, 78),
];

/// Pixels around what is selected in which its shadow may be filled, too.
const AROUND: u32 = 80;
/// Where the bowl of the spoon is: x, y, width, height.
pub(crate) const BOWL: [u32; 4] = [330, 262, 72, 56];
/// Metal shines in all three channels; what lies below does not.
const SHINE: u8 = 70;

/// A cup of coffee on a table, 600×400.
pub(crate) fn coffee() -> RgbImage {
    crate::opened(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/photos/coffee.jpg"))
}

/// Checks that the spoon is gone, and that nothing has changed but near it.
pub(crate) fn check_removed(before: &RgbImage, after: &RgbImage) {
    assert_eq!(before.dimensions(), after.dimensions());
    let [left, top, right, bottom] = SPOON
        .iter()
        .fold([u32::MAX, u32::MAX, 0, 0], |[left, top, right, bottom], &(x, y)| [left.min(x), top.min(y), right.max(x), bottom.max(y)]);
    let near = |x: u32, y: u32| x + AROUND >= left && x <= right + AROUND && y + AROUND >= top && y <= bottom + AROUND;
    let changed: Vec<_> = after.enumerate_pixels().filter(|(x, y, pixel)| *pixel != before.get_pixel(*x, *y)).collect();
    let far = changed.iter().filter(|(x, y, _)| !near(*x, *y)).count();
    let [was, is] = [before, after].map(|picture| shining_at(picture, 0));
    println!("{} pixels changed, {far} of them far from what was selected; {was} shone, {is} do", changed.len());
    assert_eq!(far, 0, "pixels changed far from what was selected");
    assert!(was > 1000 && is * 20 < was, "the spoon is still there: {was} pixels shone, and {is} do");
}

/// How many pixels show metal where the bowl is once it has gone `dx` pixels to the right.
pub(crate) fn shining_at(picture: &RgbImage, dx: u32) -> usize {
    let [x, y, width, height] = BOWL;
    let pixels = (y..y + height).flat_map(|y| (x + dx..x + dx + width).map(move |x| picture.get_pixel(x, y).0));
    pixels.filter(|pixel| pixel.iter().all(|value| *value > SHINE)).count()
}
