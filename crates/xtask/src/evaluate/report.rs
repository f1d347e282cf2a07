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
    mean(of, |one| f64::from(u8::from(holds(one))))
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
            "text_success": share(measured, |one| one.replaced),
            "still_old": share(measured, |one| one.still_old),
            "augment_success": share(measured, |one| one.augmented),
            "removal_psnr": mean(measured, |one| one.removal_psnr),
            "move_psnr": mean(measured, |one| one.move_psnr),
            "reconstruction_psnr": mean(measured, |one| one.reconstruction_psnr),
            "reconstruction_gap": mean(measured, |one| one.ceiling_psnr - one.reconstruction_psnr),
            "reconstruction_ssim": mean(measured, |one| one.reconstruction_ssim),
            "ceiling_psnr": mean(measured, |one| one.ceiling_psnr),
            "ceiling_ssim": mean(measured, |one| one.ceiling_ssim),
            "leak_pixels": mean(measured, |one| one.leak_pixels as f64),
            "seam": mean(measured, |one| one.seam),
        });
    }
    report
}

/// For people, in Markdown.
pub(super) fn table(by_method: &ByMethod, input: &[Input], on_real: f64) -> String {
    let mut table = String::from(
        "| | replaced | recoloured | removed, dB | moved, dB | reconstructed, dB (ceiling) | SSIM (ceiling) | leaked pixels | seam |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for (method, measured) in by_method {
        let percent = |holds: fn(&Measured) -> bool| 100.0 * share(measured, holds);
        let of = |value: fn(&Measured) -> f64| mean(measured, value);
        let _ = writeln!(
            table,
            "| {method} | {:.0} % | {:.0} % | {:.1} | {:.1} | {:.1} ({:.1}) | {:.3} ({:.3}) | {:.1} | {:+.1} |",
            percent(|one| one.replaced),
            percent(|one| one.augmented),
            of(|one| one.removal_psnr),
            of(|one| one.move_psnr),
            of(|one| one.reconstruction_psnr),
            of(|one| one.ceiling_psnr),
            of(|one| one.reconstruction_ssim),
            of(|one| one.ceiling_ssim),
            of(|one| one.leak_pixels as f64),
            of(|one| one.seam),
        );
    }
    let _ = writeln!(
        table,
        "| untouched input | {:.0} % | | {:.1} | {:.1} | | | | |\n\n\
         The classifier names {:.1} % of the toys as drawn; of the untouched first toys it names {:.0} % as what they are.",
        100.0 * share(input, |one| one.named_new),
        mean(input, |one| one.removal_psnr),
        mean(input, |one| one.move_psnr),
        100.0 * on_real,
        100.0 * share(input, |one| one.named_old),
    );
    table
}
