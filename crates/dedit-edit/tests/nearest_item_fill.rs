//! The memory of the nearest-item fill at 1024×1024. Alone in its program, so that nothing else counts.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

use dedit_edit::{Edit, EditPlan, NearestSites, PlanSettings, Segmentation, Size, Vacated};

/// The most memory the process has held so far, KiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The published fill compares every vacated pixel with every other: 47 GB and more at this size.
#[test]
fn a_fill_at_1024_takes_less_than_50_megabytes() {
    let size = Size::new(1024, 1024).unwrap();
    let site = |index: usize| index.is_multiple_of(1024 * 37);
    let before = peak();
    let sites = NearestSites::new(size, site).unwrap();
    let fill = peak() - before;
    assert_eq!(sites.site(0), 0);
    assert!(fill < 8 * 1024, "the fill took {fill} KiB; the index of one site per pixel is 4096 KiB");

    // The whole plan of a removal, masks and all.
    let labels = (0..size.pixels()).map(|index| u16::from(index % 1024 > 300) + u16::from(index % 1024 > 700)).collect();
    let items = Segmentation::from_labels(size, ["left", "middle", "right"].map(str::to_owned).to_vec(), labels).unwrap();
    let before = peak();
    let edit = Edit::Remove { items: vec!["middle".to_owned()], vacated: Vacated::Nearest };
    let plan = EditPlan::new(&items, None, &[edit], &PlanSettings::default()).unwrap();
    let planned = peak() - before;
    assert_eq!(plan.after().names(), ["left", "right"]);
    assert!(planned < 50 * 1000, "the plan took {planned} KiB");
}
