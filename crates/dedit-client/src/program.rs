//! Which program is the daemon.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Names the program that is started as the daemon.
pub const PROGRAM_VARIABLE: &str = "DEDIT_DAEMON";

/// The file beside a plug-in that says which program is the daemon.
pub const NOTE: &str = "program";

/// The program that is the daemon. The socket is told to it behind its arguments, as `--socket PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub executable: PathBuf,
    /// What it is told.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// The one that [`PROGRAM_VARIABLE`] names; else `deditd` or `dedit` beside the program that runs, or in the folders of `PATH`.
    pub fn find() -> Option<Self> {
        let beside = env::current_exe().ok().and_then(|executable| executable.parent().map(Path::to_path_buf));
        let path = env::var_os("PATH").unwrap_or_default();
        find_in(env::var_os(PROGRAM_VARIABLE), beside.into_iter().chain(env::split_paths(&path)))
    }

    /// The program that an installation noted in a folder, by its path in the file [`NOTE`], where it is still there.
    pub fn noted(folder: &Path) -> Option<Self> {
        let noted = fs::read_to_string(folder.join(NOTE)).ok()?;
        let program = PathBuf::from(noted.trim_end_matches(['\r', '\n']));
        (program.is_absolute() && program.is_file()).then(|| Self::at(program))
    }

    /// The one that [`PROGRAM_VARIABLE`] names; else the first that was noted in one of the folders of a plug-in, else as [`find`](Self::find).
    pub fn of_plugin(folders: impl IntoIterator<Item = PathBuf>) -> Option<Self> {
        if env::var_os(PROGRAM_VARIABLE).is_some_and(|named| !named.is_empty()) {
            return Self::find();
        }
        folders.into_iter().find_map(|folder| Self::noted(&folder)).or_else(Self::find)
    }

    /// The program in a file. `dedit` does other things too, and has to be told what to do.
    pub fn at(executable: PathBuf) -> Self {
        let is_dedit = executable.file_stem().is_some_and(|name| name == "dedit");
        let arguments: &[&str] = if is_dedit { &["daemon", "start", "--foreground"] } else { &[] };
        Self { executable, arguments: arguments.iter().map(OsString::from).collect() }
    }
}

/// One that is named is taken as it is: where it cannot be started, that is said, and nothing else is started in its place.
fn find_in(named: Option<OsString>, folders: impl Iterator<Item = PathBuf>) -> Option<Program> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return Some(Program::at(named.into()));
    }
    // What a folder that depends on where one stands holds is nobody's choice.
    let mut found = folders.filter(|folder| folder.is_absolute()).flat_map(|folder| {
        let names = ["deditd", "dedit"].map(|name| format!("{name}{}", env::consts::EXE_SUFFIX));
        names.map(|name| folder.join(name))
    });
    found.find(|path| can_be_run(path)).map(Program::at)
}

/// Whether a file is a program that this system runs.
#[cfg(unix)]
pub fn can_be_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Whether a file is a program that this system runs.
#[cfg(not(unix))]
pub fn can_be_run(path: &Path) -> bool {
    path.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_named_program_comes_first_and_then_the_folders_in_their_order() {
        let scratch = tempfile::tempdir().unwrap();
        for (file, mode) in [("both/dedit", 0o755), ("both/deditd", 0o755), ("one/dedit", 0o755), ("plain/deditd", 0o644)] {
            let file = scratch.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir_all(scratch.path().join("folder/deditd")).unwrap();
        let start: &[&str] = &["daemon", "start", "--foreground"];
        for (named, folders, expected) in [
            ("", &["both", "one"][..], Some(("both/deditd", &[][..]))),
            ("", &["one", "both"], Some(("one/dedit", start))),
            ("", &["absent", "plain", "folder", "one"], Some(("one/dedit", start))),
            ("", &["absent", "plain", "folder"], None),
            ("", &[], None),
            ("absent/dedit", &["both"], Some(("absent/dedit", start))),
            ("plain/any", &["both"], Some(("plain/any", &[]))),
        ] {
            let named = if named.is_empty() { OsString::new() } else { scratch.path().join(named).into_os_string() };
            let found = find_in(Some(named), folders.iter().map(|folder| scratch.path().join(folder)));
            let expected = expected.map(|(path, arguments)| Program {
                executable: scratch.path().join(path),
                arguments: arguments.iter().map(OsString::from).collect(),
            });
            assert_eq!(found, expected, "{folders:?}");
        }
        assert_eq!(find_in(None, ["", ".", "one"].into_iter().map(PathBuf::from)), None);
    }

    #[test]
    fn the_noted_program_counts_where_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Program::noted(folder.path()), None);
        let program = folder.path().join("dedit");
        for (text, is_there, expected) in [
            (format!("{}\n", program.display()), false, None),
            (format!("{}\n", program.display()), true, Some(&program)),
            ("dedit\n".to_owned(), true, None),
        ] {
            fs::write(folder.path().join(NOTE), text).unwrap();
            if is_there {
                fs::write(&program, "").unwrap();
            }
            assert_eq!(Program::noted(folder.path()).map(|found| found.executable).as_ref(), expected);
        }
    }
}
