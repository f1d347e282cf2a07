//! Times the nearest-item fill at 1024×1024, a third of the picture vacated: `cargo run --release -p dedit-edit --example nearest_item_fill`.

use std::time::Instant;

use dedit_edit::{Edit, EditPlan, NearestSites, PlanSettings, Result, Segmentation, Size, Vacated};

/// The median of some runs, milliseconds.
fn median(mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..15 {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

#[expect(clippy::print_stdout, reason = "an example prints what it measured")]
fn main() -> Result<()> {
    let size = Size::new(1024, 1024)?;
    let disc = |index: usize, x: i64, y: i64| (index as i64 % 1024 - x).pow(2) + (index as i64 / 1024 - y).pow(2) < 330_i64.pow(2);
    let labels: Vec<u16> = (0..size.pixels()).map(|index| if disc(index, 500, 480) { 2 } else { u16::from(index > 700_000) }).collect();
    let items = Segmentation::from_labels(size, ["wall", "table", "bag"].map(str::to_owned).to_vec(), labels.clone())?;
    let fill = median(|| {
        std::hint::black_box(NearestSites::new(size, |index| labels[index] != 2));
        Ok(())
    })?;
    let edit = [Edit::Remove { items: vec!["bag".to_owned()], vacated: Vacated::Nearest }];
    let plan = median(|| EditPlan::new(&items, None, &edit, &PlanSettings::default()).map(|plan| drop(std::hint::black_box(plan))))?;
    println!("nearest sites of 1024×1024: {fill:.1} ms; the whole plan of the removal: {plan:.1} ms");
    Ok(())
}
