//! Settings of the C allocator for programs that allocate and free large buffers all the time.
#![allow(unsafe_code, reason = "two calls to glibc's mallopt and malloc_trim, which have no safe form")]

/// Makes the allocator keep freed large buffers instead of returning them to the system: otherwise a quarter of a U-Net step is page faults.
///
/// Call once, early in `main`. Does nothing where the allocator is not glibc's.
pub fn keep_large_buffers() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt is thread-safe and takes plain integers; it returns 0 for settings that it does not know.
    unsafe {
        // One arena, so that a buffer freed by one thread can be used by any other.
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}

/// Returns the kept buffers to the system, for a service that has been idle.
pub fn release_kept_buffers() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim is thread-safe and touches only free memory.
    unsafe {
        libc::malloc_trim(0);
    }
}
