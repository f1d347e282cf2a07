//! How much memory there is, and how much was used: what Linux tells; other systems are not asked.

use std::fs;

use candle_core::Device;
use dedit_diffusion::pipeline::{GenerateRequest, Pipeline};
use dedit_diffusion::{Error, ErrorKind, Result};

/// The most memory that this process has held, in bytes.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

fn available_bytes() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// The bytes of a line such as `VmHWM:  1024 kB`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Refuses what cannot fit into memory, before hours are spent or the system kills something.
pub(crate) fn check(pipeline: &Pipeline, request: &GenerateRequest, device: &Device) -> Result<()> {
    let (least, Some(available)) = (pipeline.least_memory(request), available_bytes()) else { return Ok(()) };
    if !device.is_cpu() || least <= available {
        return Ok(());
    }
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let GenerateRequest { width, height, batch, .. } = request;
    let message =
        format!("{batch} × {width} × {height} pixels take at least {} of memory, and {} are available", gib(least), gib(available));
    Err(Error::new(ErrorKind::Resources, message).hint("make the picture smaller, or fewer at once"))
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
}
