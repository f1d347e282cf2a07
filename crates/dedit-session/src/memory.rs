//! Available and used memory, as Linux reports it in `/proc`; unknown on other systems.

use std::fs;

use dedit_edit::{Error, ErrorKind, Result, Size};

/// Bytes of a plan per pixel: items before and after, the change mask, and intermediate results.
const OF_PLAN: u64 = 32;
/// Bytes of each edit of a plan per pixel: a mask.
const OF_EDIT: u64 = 8;

/// An error where a plan of so many edits cannot fit into memory. Clients choose the size of a frame, so it is checked before anything is allocated.
///
/// # Errors
/// `Resources`.
pub fn check_plan(size: Size, edits: usize) -> Result<()> {
    let bytes_of_pixel = OF_EDIT.saturating_mul(edits as u64).saturating_add(OF_PLAN);
    check(&format!("the plan of a picture of {size}"), bytes_of_pixel.saturating_mul(size.pixels() as u64), available_bytes())
}

/// An error where something takes more memory than there is; where that is not known, none.
///
/// # Errors
/// `Resources`.
pub fn check(what: &str, least: u64, available: Option<u64>) -> Result<()> {
    let Some(available) = available.filter(|available| least > *available) else { return Ok(()) };
    let size = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    let message = format!("{what} takes at least {} of memory, and {} are available", size(least), size(available));
    Err(Error::new(ErrorKind::Resources, message).hint("end other programs, or make the picture smaller"))
}

/// Peak resident memory of this process, in bytes.
pub fn peak_rss_bytes() -> Option<u64> {
    of_this_process("VmHWM:")
}

/// Resident memory of this process, in bytes.
pub fn rss_bytes() -> Option<u64> {
    of_this_process("VmRSS:")
}

/// Available memory, in bytes.
pub fn available_bytes() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

fn of_this_process(name: &str) -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, name)
}

/// The bytes of a line such as `VmHWM:  1024 kB`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        let text = "Name:\tdedit\nVmHWM:\t    2048 kB\nVmRSS:\t 10 kB\n";
        assert_eq!(kilobytes(text, "VmHWM:"), Some(2 << 20));
        assert_eq!(kilobytes(text, "VmPeak:"), None);
        assert_eq!(kilobytes("VmHWM: much", "VmHWM:"), None);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (least, available, fits) in [(5, Some(5), true), (6, Some(5), false), (u64::MAX, None, true), (0, Some(0), true)] {
            assert_eq!(check("this", least, available).is_ok(), fits, "{least} of {available:?}");
        }
        let error = check("a picture of 9×9", 3_000_000_000, Some(1_000_000_000)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Resources);
        assert_eq!(error.message(), "a picture of 9×9 takes at least 3.0 GB of memory, and 1.0 GB are available");
        let size = Size::new(9, 9).unwrap();
        assert_eq!(check_plan(size, 3), Ok(()));
        // No number of edits runs over.
        assert!(check_plan(size, usize::MAX).is_err() || available_bytes().is_none());
    }
}
