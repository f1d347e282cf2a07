//! Where hosts look for effects: the folders of bundles, and the folders of libraries in a bundle.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

/// The environment variable with the user's list of folders.
pub const VARIABLE: &str = "OFX_PLUGIN_PATH";

/// The folders below `Contents` in which hosts on this system look for a bundle's library. The first is that of the present standard; hosts that follow an
/// older one, such as MLT, look in the second alone, and some crash where it has no library.
pub const LIBRARIES: &[&str] = if cfg!(all(windows, target_arch = "x86_64")) {
    &["Win64"]
} else if cfg!(all(windows, target_arch = "aarch64")) {
    &["Win-arm64"]
} else if cfg!(windows) {
    &["Win32"]
} else if cfg!(all(target_os = "macos", target_arch = "x86_64")) {
    &["MacOS", "MacOS-x86-64"]
} else if cfg!(target_os = "macos") {
    &["MacOS"]
} else if cfg!(target_arch = "aarch64") {
    &["Linux-aarch64", "Linux-x86-64"]
} else if cfg!(target_arch = "x86") {
    &["Linux-x86"]
} else {
    &["Linux-x86-64"]
};

/// The folders that [`VARIABLE`] names in this process.
pub fn named() -> Vec<PathBuf> {
    split(&env::var_os(VARIABLE).unwrap_or_default())
}

/// The folder that is the same for all users of this system.
pub fn system() -> PathBuf {
    if cfg!(windows) {
        let shared = env::var_os("CommonProgramFiles").map_or_else(|| r"C:\Program Files\Common Files".into(), PathBuf::from);
        shared.join(r"OFX\Plugins")
    } else if cfg!(target_os = "macos") {
        PathBuf::from("/Library/OFX/Plugins")
    } else {
        PathBuf::from("/usr/OFX/Plugins")
    }
}

/// The absolute folders of a list. The standard separates them by semicolons on some systems and by colons on others; hosts take both where a path holds
/// neither. A relative folder would depend on the working directory of the host.
fn split(list: &OsStr) -> Vec<PathBuf> {
    let parts = env::split_paths(list).flat_map(|part| match part.to_str() {
        Some(text) => text.split(';').map(PathBuf::from).collect(),
        None => vec![part],
    });
    parts.filter(|folder| folder.is_absolute()).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_at_colons_and_semicolons() {
        for (list, expected) in
            [("", &[][..]), ("/a", &["/a"]), ("/a:/b c;/d", &["/a", "/b c", "/d"]), (":here;./there::/a/;", &["/a/"]), (";:", &[])]
        {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(split(OsStr::new(list)), expected, "{list}");
        }
    }
}
