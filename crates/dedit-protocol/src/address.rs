//! Where the daemon is found, and where it keeps what it keeps.

use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy as _, choose_base_strategy};

/// Names the socket, for hosts in containers and daemons on other machines.
pub const SOCKET_VARIABLE: &str = "DEDIT_SOCKET";
/// Names the folder of sessions and log.
pub const DATA_VARIABLE: &str = "DEDIT_DATA";

/// A path that an environment variable names.
fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The socket: `given`, else what [`SOCKET_VARIABLE`] names, else this user's usual one.
pub fn socket(given: Option<&Path>) -> PathBuf {
    given.map(Path::to_path_buf).or_else(|| named(SOCKET_VARIABLE)).unwrap_or_else(usual_socket)
}

/// In the folder for what lasts as long as the user is there; else in the one for temporary files, in a folder that only this user may own.
#[cfg(unix)]
fn usual_socket() -> PathBuf {
    let runtime = choose_base_strategy().ok().and_then(|folders| folders.runtime_dir()).filter(|folder| folder.is_dir());
    let user = rustix::process::geteuid().as_raw();
    runtime.map_or_else(|| std::env::temp_dir().join(format!("dedit-{user}")), |folder| folder.join("dedit")).join("daemon.sock")
}

/// Pipes have a space of names of their own, and know their user.
#[cfg(windows)]
fn usual_socket() -> PathBuf {
    let user = std::env::var("USERNAME").unwrap_or_default();
    PathBuf::from(format!(r"\\.\pipe\dedit-{user}"))
}

/// The folder of sessions and log: what [`DATA_VARIABLE`] names, else this user's usual one for data.
pub fn data() -> PathBuf {
    let usual = || choose_base_strategy().map_or_else(|_| std::env::temp_dir(), |folders| folders.data_dir()).join("dedit");
    named(DATA_VARIABLE).unwrap_or_else(usual)
}
