//! The C allocator's settings for a programme that asks for large buffers all day.
#![allow(unsafe_code, reason = "two calls to glibc's mallopt and malloc_trim, which have no safe form")]

/// Keeps freed large buffers instead of giving each back to the system: a U-Net step otherwise spends a quarter of its time on page faults.
///
/// Call once, early in `main`. Does nothing where the allocator is not glibc's.
pub fn keep_large_buffers() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt is thread-safe and takes plain integers; unknown settings are refused, not undefined.
    unsafe {
        // One arena: buffers freed by one thread serve the next request of any other.
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}

/// Gives kept buffers back to the system: for a service that has been idle.
pub fn release_kept_buffers() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim is thread-safe and touches only free memory.
    unsafe {
        libc::malloc_trim(0);
    }
}
