//! Items found without a model, and used.

use image::Luma;

use super::scene::prepare;
use super::{fails, run, scratch, succeed};

#[test]
fn a_mask_that_is_found_is_one_that_items_take() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let truth = image::open(path.join("items/ball.png")).unwrap().to_luma8();
    for (hint, least) in [("--box 8,8,25,25", 0.9), ("--inside 20,20", 0.7), ("--box 8,8,25,25 --outside 30,30", 0.9)] {
        succeed(path, &format!("segment a.png {hint} --out found.png"));
        let found = image::open(path.join("found.png")).unwrap().to_luma8();
        let both = truth.pixels().zip(found.pixels()).filter(|(a, b)| a.0[0] > 127 && b.0[0] > 127).count() as f64;
        let either = truth.pixels().zip(found.pixels()).filter(|(a, b)| a.0[0] > 127 || b.0[0] > 127).count() as f64;
        assert!(both / either >= least, "{hint}: IoU {}", both / either);
        succeed(path, "plan remove --item ball --picture a.png --items ball=found.png");
    }
    let all = succeed(path, "segment a.png --everything 4 --out all.png --overlay overlay.png");
    let names = all["items"].as_array().unwrap().len();
    let labels = image::open(path.join("all.png")).unwrap().to_luma16();
    assert!(names > 1 && labels.pixels().all(|Luma([label])| usize::from(*label) < names));
    assert!(image::open(path.join("overlay.png")).unwrap().width() >= 64);
    let named = succeed(path, "plan refine --mask full.png --picture a.png --items all.png");
    assert_eq!(named["items"].as_array().unwrap().len(), names);
    for (hint, fragment) in [
        ("", "nothing says where the item is"),
        ("--box 1,2,3", "--box has 3 numbers; give four"),
        ("--inside 3", "'3' is no point; give column and row"),
        ("--inside 64,0", "does not lie within the picture"),
    ] {
        fails(&run(path, &format!("segment a.png {hint} --out x.png")), 2, fragment, hint);
    }
}
