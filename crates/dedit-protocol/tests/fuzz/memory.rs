//! The most memory that this process has held.

/// Mebibytes that reading may take at most, whatever was announced: some rows of pixels, and what the allocator keeps for the next time.
pub(crate) const MAX_PEAK: u64 = 64;

/// Mebibytes at most so far, where the system tells.
pub(crate) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes.div_ceil(1024))
}
