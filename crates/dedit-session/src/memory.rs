//! How much memory there is, and how much is used: what Linux tells; other systems are not asked.

use std::fs;

/// The most memory that this process has held, in bytes.
pub fn peak_rss_bytes() -> Option<u64> {
    of_this_process("VmHWM:")
}

/// The memory that this process holds, in bytes.
pub fn rss_bytes() -> Option<u64> {
    of_this_process("VmRSS:")
}

/// The memory that can be had, in bytes.
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
}
