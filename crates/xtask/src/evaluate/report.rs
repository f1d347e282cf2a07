//! Means over all scenes: as JSON, and as the table that README shows.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::measure::{Input, Measured};
use super::method::Method;

type ByMethod = [(Method, Vec<Measured>)];

fn mean<T>(of: &[T], value: impl Fn(&T) -> f64) -> f64 {
    of.iter().map(value).sum::<f64>() / of.len().max(1) as f64
}

fn share<T>(of: &[T], holds: impl Fn(&T) -> bool) -> f64 {
    mean(of, |one| number(holds(one)))
}

/// The mean of what was measured; `None` where it was of no scene.
fn mean_of<T>(of: &[T], value: impl Fn(&T) -> Option<f64>) -> Option<f64> {
    let values: Vec<f64> = of.iter().filter_map(value).collect();
    (!values.is_empty()).then(|| mean(&values, |value| *value))
}

fn share_of<T>(of: &[T], holds: impl Fn(&T) -> Option<bool>) -> Option<f64> {
    mean_of(of, |one| holds(one).map(number))
}

/// 1 for yes.
fn number(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// For programs.
pub(super) fn json(by_method: &ByMethod, input: &[Input], on_real: f64) -> Value {
    let mut report = json!({
        "scenes": input.len(),
        "classifier_on_real": on_real,
        "input": {
            "named_new": share(input, |one| one.named_new),
            "named_old": share(input, |one| one.named_old),
            "removal_psnr": mean(input, |one| one.removal_psnr),
            "move_psnr": mean(input, |one| one.move_psnr),
        },
    });
    for (method, measured) in by_method {
        report[method.name()] = json!({
            "text_success": share_of(measured, |one| one.replaced),
            "still_old": share_of(measured, |one| one.still_old),
            "replaced_psnr": mean_of(measured, |one| one.replaced_psnr),
            "covered": mean_of(measured, |one| one.covered),
            "ground_psnr": mean_of(measured, |one| one.ground_psnr),
            "augment_success": share_of(measured, |one| one.augmented),
            "swap_success": share_of(measured, |one| one.swapped),
            "removal_psnr": mean_of(measured, |one| one.removal_psnr),
            "move_psnr": mean_of(measured, |one| one.move_psnr),
            "left_psnr": mean_of(measured, |one| one.left_psnr),
            "resize_psnr": mean_of(measured, |one| one.resize_psnr),
            "resize_left_psnr": mean_of(measured, |one| one.resize_left_psnr),
            "reconstruction_psnr": mean_of(measured, |one| one.reconstruction_psnr),
            "reconstruction_gap": mean_of(measured, |one| one.reconstruction_psnr.map(|psnr| one.ceiling_psnr - psnr)),
            "reconstruction_ssim": mean_of(measured, |one| one.reconstruction_ssim),
            "ceiling_psnr": mean(measured, |one| one.ceiling_psnr),
            "ceiling_ssim": mean(measured, |one| one.ceiling_ssim),
            "leak_pixels": mean(measured, |one| one.leak_pixels as f64),
            "seam": mean_of(measured, |one| one.seam),
            "seconds": mean(measured, |one| one.seconds),
        });
    }
    report
}

/// For people, in Markdown.
pub(super) fn table(by_method: &ByMethod, input: &[Input], on_real: f64) -> String {
    let mut table = String::from(
        "| | replaced | new thing; ground around it, dB (covered) | recoloured | swapped | removed, dB | moved (what it left), dB | resized (what it left), dB | \
         reconstructed, dB (ceiling) | SSIM (ceiling) | leaked pixels | seam | CPU s |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (method, measured) in by_method {
        let percent = |value: fn(&Measured) -> Option<f64>| {
            mean_of(measured, value).map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", 100.0 * share))
        };
        let of = |digits: usize, value: fn(&Measured) -> Option<f64>| {
            mean_of(measured, value).map_or_else(|| "–".to_owned(), |mean| format!("{mean:.digits$}"))
        };
        let _ = writeln!(
            table,
            "| {method} | {} | {}; {} ({}) | {} | {} | {} | {} ({}) | {} ({}) | {} ({}) | {} ({}) | {:.1} | {} | {:.1} |",
            percent(|one| one.replaced.map(number)),
            of(1, |one| one.replaced_psnr),
            of(1, |one| one.ground_psnr),
            percent(|one| one.covered),
            percent(|one| one.augmented.map(number)),
            percent(|one| one.swapped.map(number)),
            of(1, |one| one.removal_psnr),
            of(1, |one| one.move_psnr),
            of(1, |one| one.left_psnr),
            of(1, |one| one.resize_psnr),
            of(1, |one| one.resize_left_psnr),
            of(1, |one| one.reconstruction_psnr),
            of(1, |one| Some(one.ceiling_psnr)),
            of(3, |one| one.reconstruction_ssim),
            of(3, |one| Some(one.ceiling_ssim)),
            mean(measured, |one| one.leak_pixels as f64),
            mean_of(measured, |one| one.seam).map_or_else(|| "–".to_owned(), |seam| format!("{seam:+.1}")),
            mean(measured, |one| one.seconds),
        );
    }
    let _ = writeln!(
        table,
        "| untouched input | {:.0} % | | | | {:.1} | {:.1} | | | | | | |\n\n\
         The classifier names {:.1} % of the toys as drawn; of the untouched first toys it names {:.0} % as what they are.",
        100.0 * share(input, |one| one.named_new),
        mean(input, |one| one.removal_psnr),
        mean(input, |one| one.move_psnr),
        100.0 * on_real,
        100.0 * share(input, |one| one.named_old),
    );
    table
}
