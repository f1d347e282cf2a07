//! The layers that the command line writes as OpenRaster, opened in GIMP 3. GIMP 2.10 of Debian has no reader for it. GIMP's
//! reader gives the layers its mode Normal, which mixes in linear light, whereas the result is mixed as the samples stand: the test sets that.

use dedit_host_tests::gimp::Version;
use image::{GrayImage, Luma};

use crate::documents::DEFINITIONS;
use crate::opened;
use crate::photograph::{BOWL, coffee};
use crate::scene::{gimp_with_plugin, run};

#[test]
fn gimp3_layers_of_an_openraster_file_make_the_result() {
    let (gimp, test_folder) = gimp_with_plugin(Version::V3);
    let photograph = coffee();
    photograph.save(test_folder.outside("coffee.png")).unwrap();
    let [x, y, width, height] = BOWL;
    let is_bowl = |i: u32, j: u32| (x..x + width).contains(&i) && (y..y + height).contains(&j);
    let mask = GrayImage::from_fn(photograph.width(), photograph.height(), |i, j| Luma([u8::from(is_bowl(i, j)) * 255]));
    mask.save(test_folder.outside("bowl.png")).unwrap();
    let edit = "edit move --item bowl --dx 60 --dy -20 --picture coffee.png --items bowl=bowl.png --seed 3 --out moved.png --layers moved.ora --no-daemon";
    let output = test_folder.dedit(&edit.split(' ').collect::<Vec<_>>()).unwrap();
    assert!(output.succeeded(), "{output:?}");

    let script = format!(
        "{DEFINITIONS}(define image (load-picture {}))\n(print (list (image-width image) (image-height image)))\n\
         (print (map (lambda (layer) (list (name-of layer) (value (gimp-layer-get-opacity layer)) (yes? (value (gimp-item-get-visible layer)))))\n\
         (layers image)))\n(print (map offsets (layers image)))\n\
         (for-each (lambda (layer) (gimp-layer-set-blend-space layer LAYER-COLOR-SPACE-RGB-NON-LINEAR)\n\
         (gimp-layer-set-composite-space layer LAYER-COLOR-SPACE-RGB-NON-LINEAR)) (layers image))\n(save-png image {})\n",
        test_folder.literal("moved.ora"),
        test_folder.literal("seen.png"),
    );
    let said = run(&gimp, &test_folder, &script).said;
    assert_eq!(said[0], "(600 400)");
    assert_eq!(said[1].replace("100.0", "100"), "((\"bowl\" 100 #t) (\"clean plate\" 100 #t))");
    let places: Vec<u32> = said[2].split(['(', ')', ' ']).filter_map(|word| word.parse().ok()).collect();
    let [left, top, 0, 0] = places[..] else { panic!("the plate does not cover the picture: {}", said[2]) };
    assert!(left.abs_diff(x + 60) < 16 && top.abs_diff(y - 20) < 16, "the bowl is elsewhere: {}", said[2]);
    let (seen, made) = (opened(&test_folder.outside("seen.png")), opened(&test_folder.outside("moved.png")));
    let off = seen.iter().zip(made.iter()).map(|(seen, made)| seen.abs_diff(*made)).max();
    assert!(off.is_some_and(|off| off <= 1), "the layers show another picture than the result: {off:?} levels");
    assert!(made != photograph);
}
