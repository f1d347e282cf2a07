//! The bundle: the folder of fixed layout in which every `OpenFX` host expects a library.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ofx_host::folders::LIBRARIES;
use tempfile::Builder;

use super::library;
use crate::files::UNFINISHED;
use crate::{Failure, FailureKind, Removed, Result, daemon_note, files};

/// The bundle's name. Hosts take any folder with `.ofx.bundle` in its name for a bundle, so temporary folders have other names.
pub(super) const BUNDLE: &str = "DEdit.ofx.bundle";
/// The library in it, which has the bundle's name on every system.
const LIBRARY: &str = "DEdit.ofx";
/// The effect's identifier. Hosts find the icon by a file of that name.
const IDENTIFIER: &str = "org.dedit.DEdit";
/// The version that is written, and compared with the installed one.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The licence, which goes into the bundle.
const LICENSE: &[u8] = include_bytes!("../../../../LICENSE");
/// The icon that hosts show, 128 × 128 pixels as the standard recommends: a landscape of items, one of which is outlined for editing.
const ICON: &[u8] = include_bytes!("../../assets/icon.png");

/// The bundle in a folder of plug-ins.
#[derive(Debug, Clone)]
pub struct Bundle {
    path: PathBuf,
}

impl Bundle {
    /// The one in a folder in which hosts look.
    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join(BUNDLE) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder in which it is.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// The library in it.
    pub(super) fn library(&self) -> PathBuf {
        self.path.join("Contents").join(LIBRARIES[0]).join(LIBRARY)
    }

    /// Whether something of it is there. A folder of that name that cannot be read counts: hosts find it.
    pub(super) fn is_there(&self) -> bool {
        self.path.is_symlink()
            || files::below(&self.path).map_or_else(|_| self.path.is_dir(), |files| files.iter().any(|file| is_ours(file)))
    }

    /// Writes the bundle, over an older version if there is one.
    pub(super) fn write(&self, built: &[u8], daemon: &Path) -> Result<()> {
        // The outermost first: a folder must be readable before its content can be.
        for folder in self.folders() {
            files::refuse_link(&folder)?;
            files::share_folder(&folder).map_err(|error| files::cannot_write(&folder, &error))?;
        }
        let parts = Parts { library: built, daemon };
        let written = if self.path.is_dir() { parts.write(&self.path) } else { self.create(&parts) };
        written.map_err(|error| files::cannot_write(&self.path, &error))
    }

    /// Creates the bundle. Some hosts crash on one without its library, so it gets its name when it is complete.
    fn create(&self, parts: &Parts<'_>) -> io::Result<()> {
        files::create_shared_folder(self.folder())?;
        let scratch = Builder::new().prefix(".dedit-openfx-").tempdir_in(self.folder())?;
        let new = scratch.path().join("new");
        parts.write(&new)?;
        fs::rename(new, &self.path)
    }

    /// Removes all that [`Self::write`] writes, on any system, and the folders if nothing else is in them.
    pub(super) fn remove(&self) -> Result<Removed> {
        if !self.is_there() {
            return Ok(Removed::Nothing);
        }
        self.folders().iter().try_for_each(|folder| files::refuse_link(folder))?;
        let found = files::below(&self.path).map_err(|error| {
            Failure::new(FailureKind::Resources, format!("the bundle cannot be read ({error})"))
                .at(&self.path)
                .hint("see that you may read and write there, or do this as its owner")
        })?;
        for file in found.iter().filter(|file| is_ours(file)) {
            files::remove(&self.path.join(file))?;
        }
        files::remove_empty_folders(&self.path);
        Ok(if self.path.exists() { Removed::ExceptOthers } else { Removed::All })
    }

    /// The version that the bundle names.
    pub(super) fn version(&self) -> Option<String> {
        let text = fs::read_to_string(self.path.join("Contents/Info.plist")).ok()?;
        let (_, behind) = text.split_once("<key>CFBundleVersion</key>")?;
        let (_, value) = behind.split_once("<string>")?;
        Some(value.split_once("</string>")?.0.to_owned())
    }

    /// What is wrong with the installed bundle; `newest` is the library that would be installed.
    pub(super) fn faults(&self, newest: Option<&[u8]>) -> Vec<String> {
        if let Err(error) = files::below(&self.path) {
            // No other check can succeed.
            return vec![format!("{} cannot be read ({error})", self.path.display())];
        }
        let mut faults = Vec::new();
        match self.version() {
            Some(version) if version == VERSION => {}
            Some(version) => faults.push(format!("{} is version {version}, and this is {VERSION}", self.path.display())),
            None => faults.push(format!("{} does not say its version", self.path.display())),
        }
        for folder in LIBRARIES {
            let folder = self.path.join("Contents").join(folder);
            let file = folder.join(LIBRARY);
            let fault = match fs::read(&file) {
                Err(error) => Some(format!("it cannot be read ({error})")),
                Ok(bytes) if newest.is_some_and(|newest| newest != bytes) => {
                    Some("it is another build than the one beside dedit".to_owned())
                }
                Ok(bytes) => library::fault(&bytes),
            };
            faults.extend(fault.map(|fault| format!("{}: {fault}", file.display())));
            faults.extend(daemon_note::fault(&folder));
        }
        faults
    }

    /// Its folders, the outermost first. None may be a link.
    fn folders(&self) -> Vec<PathBuf> {
        let contents = self.path.join("Contents");
        let inner = LIBRARIES.iter().chain(&["Resources"]).map(|name| contents.join(name));
        [self.path.clone(), contents.clone()].into_iter().chain(inner).collect()
    }
}

/// What goes into a bundle.
struct Parts<'a> {
    library: &'a [u8],
    daemon: &'a Path,
}

impl Parts<'_> {
    fn write(&self, bundle: &Path) -> io::Result<()> {
        let contents = bundle.join("Contents");
        let resources = contents.join("Resources");
        files::create_shared_folder(&resources)?;
        files::write(&resources.join("LICENSE"), LICENSE, 0o644)?;
        files::write(&resources.join(format!("{IDENTIFIER}.png")), ICON, 0o644)?;
        for folder in LIBRARIES.iter().map(|name| contents.join(name)) {
            files::create_shared_folder(&folder)?;
            // The library comes after the note of its daemon: it is never there without it.
            daemon_note::write(&folder, self.daemon)?;
            files::write(&folder.join(LIBRARY), self.library, 0o755)?;
        }
        // The version comes last: a bundle that was updated in part still names the old one.
        files::write(&contents.join("Info.plist"), plist().as_bytes(), 0o644)
    }
}

/// What macOS requires of a bundle. On every system it tells the version.
fn plist() -> String {
    let entries = [
        ("CFBundleDevelopmentRegion", "en"),
        ("CFBundleDisplayName", "D-Edit"),
        ("CFBundleExecutable", LIBRARY),
        ("CFBundleIdentifier", IDENTIFIER),
        ("CFBundleInfoDictionaryVersion", "6.0"),
        ("CFBundleName", "DEdit"),
        ("CFBundlePackageType", "BNDL"),
        ("CFBundleShortVersionString", VERSION),
        ("CFBundleVersion", VERSION),
    ];
    let entries = entries.map(|(key, value)| format!("\t<key>{key}</key>\n\t<string>{value}</string>\n")).concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n{entries}</dict>\n</plist>\n"
    )
}

/// Whether a file of the bundle was written by this program, on this system or on another that shares the folder.
fn is_ours(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    let is_unfinished = name.to_str().is_some_and(|name| name.starts_with(UNFINISHED));
    let Some(place) = file.parent().and_then(|folder| folder.strip_prefix("Contents").ok()).and_then(Path::to_str) else { return false };
    is_unfinished
        || match place {
            "" => name == "Info.plist",
            "Resources" => name == "LICENSE" || name.to_str() == Some(&format!("{IDENTIFIER}.png")),
            // A folder of libraries for one system.
            place => !place.contains(['/', '\\']) && (name == LIBRARY || name == daemon_note::NAME),
        }
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::files::below;
    use crate::openfx::library::sample;
    use crate::testing;

    const WHOLE: [&str; 5] = [
        "Contents/Info.plist",
        "Contents/Linux-x86-64/DEdit.ofx",
        "Contents/Linux-x86-64/program",
        "Contents/Resources/LICENSE",
        "Contents/Resources/org.dedit.DEdit.png",
    ];

    fn names(bundle: &Bundle) -> Vec<String> {
        testing::names(bundle.path())
    }

    /// A folder with a daemon in it.
    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let scratch = tempfile::tempdir().unwrap();
        let daemon = scratch.path().join("deditd");
        fs::write(&daemon, "").unwrap();
        (scratch, daemon)
    }

    #[test]
    fn the_bundle_is_written_again_checked_and_removed() {
        let (scratch, daemon) = scratch();
        let bundle = Bundle::new(&scratch.path().join("a/b"));
        assert_eq!(bundle.remove().unwrap(), Removed::Nothing);
        for content in ["", "a newer one"] {
            bundle.write(&sample(content), &daemon).unwrap();
            assert_eq!(names(&bundle), WHOLE);
            assert_eq!(fs::read(bundle.library()).unwrap(), sample(content));
            assert_eq!(bundle.faults(Some(&sample(content))), Vec::<String>::new());
            assert_eq!(bundle.version().as_deref(), Some(VERSION));
            assert_eq!(fs::read_dir(bundle.folder()).unwrap().count(), 1, "nothing is left beside it");
        }
        let daemon = format!("{}\n", daemon.display());
        assert_eq!(fs::read_to_string(bundle.library().with_file_name("program")).unwrap(), daemon);
        assert_eq!(bundle.remove().unwrap(), Removed::All);
        assert!(!bundle.path().exists() && bundle.folder().is_dir());
        assert_eq!(bundle.remove().unwrap(), Removed::Nothing);
    }

    #[test]
    fn all_users_can_read_its_folders() {
        use std::os::unix::fs::PermissionsExt as _;
        let (scratch, daemon) = scratch();
        let bundle = Bundle::new(&scratch.path().join("plugins"));
        let modes = || -> Vec<u32> {
            let folders = [vec![bundle.folder().to_path_buf()], bundle.folders()].concat();
            folders.iter().map(|folder| fs::metadata(folder).unwrap().permissions().mode() & 0o777).collect()
        };
        bundle.write(&sample(""), &daemon).unwrap();
        assert_eq!(modes(), [0o755; 5]);
        // Folders that were created under another umask are opened.
        for folder in bundle.folders().iter().rev() {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
        }
        bundle.write(&sample(""), &daemon).unwrap();
        assert_eq!(modes(), [0o755; 5]);
    }

    #[test]
    fn a_library_that_is_loaded_keeps_its_content() {
        use std::io::Read as _;
        let (scratch, daemon) = scratch();
        let bundle = Bundle::new(scratch.path());
        bundle.write(&sample("older"), &daemon).unwrap();
        let mut open = fs::File::open(bundle.library()).unwrap();
        bundle.write(&sample("newer"), &daemon).unwrap();
        let mut read = Vec::new();
        open.read_to_end(&mut read).unwrap();
        assert_eq!(read, sample("older"));
    }

    #[test]
    fn faults_are_found() {
        let (scratch, daemon) = scratch();
        let bundle = Bundle::new(scratch.path());
        let older = plist().replace(VERSION, "0.0.9");
        for (file, content, expected) in [
            ("Contents/Info.plist", Some(older.as_bytes()), "is version 0.0.9, and this is "),
            ("Contents/Info.plist", None, "does not say its version"),
            ("Contents/Info.plist", Some(b"\xff"), "does not say its version"),
            ("Contents/Linux-x86-64/DEdit.ofx", Some(b""), "it is another build than the one beside dedit"),
            ("Contents/Linux-x86-64/DEdit.ofx", None, "DEdit.ofx: it cannot be read"),
            ("Contents/Linux-x86-64/program", Some(b"/absent/dedit\n"), "names /absent/dedit, which is not there"),
            ("Contents/Linux-x86-64/program", None, "program cannot be read"),
        ] {
            bundle.write(&sample(""), &daemon).unwrap();
            match content {
                Some(content) => fs::write(bundle.path().join(file), content).unwrap(),
                None => fs::remove_file(bundle.path().join(file)).unwrap(),
            }
            let faults = bundle.faults(Some(&sample("")));
            assert!(faults.len() == 1 && faults[0].contains(expected), "{file}: {faults:?}");
        }
        bundle.write(b"other", &daemon).unwrap();
        assert!(bundle.faults(None)[0].ends_with("DEdit.ofx: it is no library of any system"), "{:?}", bundle.faults(None));
    }

    #[test]
    fn incomplete_bundles_are_removed_and_files_of_others_stay() {
        for name in WHOLE.iter().chain(&["Contents/Win64/DEdit.ofx", "Contents/MacOS/program", "Contents/Linux-x86-64/.new-x1"]) {
            let (scratch, _) = scratch();
            let bundle = Bundle::new(scratch.path());
            let put = |name: &str| {
                let file = bundle.path().join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, "").unwrap();
            };
            put(name);
            assert!(bundle.is_there() && !bundle.faults(None).is_empty(), "{name}");
            assert_eq!(bundle.remove().unwrap(), Removed::All, "{name}");
            assert!(!bundle.path().exists(), "{name}");
            let others = ["Contents/Linux-x86-64/x/DEdit.ofx", "Contents/Resources/notes", "DEdit.ofx", "program"];
            for other in others {
                put(other);
            }
            assert_eq!(bundle.remove().unwrap(), Removed::Nothing, "{name}");
            put(name);
            fs::create_dir_all(bundle.path().join("Contents/empty")).unwrap();
            assert_eq!(bundle.remove().unwrap(), Removed::ExceptOthers, "{name}");
            assert_eq!(names(&bundle), others, "{name}");
        }
    }

    #[test]
    fn links_and_files_in_the_place_of_folders_are_left_alone() {
        let (scratch, daemon) = scratch();
        let bundle = Bundle::new(&scratch.path().join("plugins"));
        bundle.write(&sample(""), &daemon).unwrap();
        let elsewhere = scratch.path().join("elsewhere");
        for place in ["", "Contents", "Contents/Resources", "Contents/Linux-x86-64"] {
            let place = if place.is_empty() { bundle.path().to_path_buf() } else { bundle.path().join(place) };
            fs::rename(&place, &elsewhere).unwrap();
            let kept = below(&elsewhere).unwrap().len();
            std::os::unix::fs::symlink(&elsewhere, &place).unwrap();
            let removed = bundle.remove();
            for error in [bundle.write(&sample(""), &daemon).err(), removed.err()] {
                // Where all of ours lies behind the link, there is nothing to remove.
                let Some(error) = error else { continue };
                assert!(error.message.starts_with("a link is where"), "{error}");
            }
            assert!(bundle.write(&sample(""), &daemon).is_err() && below(&elsewhere).unwrap().len() == kept);
            fs::remove_file(&place).unwrap();
            fs::write(&place, "").unwrap();
            assert!(bundle.write(&sample(""), &daemon).unwrap_err().message.starts_with("a file is where"));
            fs::remove_file(&place).unwrap();
            fs::rename(&elsewhere, &place).unwrap();
        }
        assert_eq!(names(&bundle), WHOLE);
    }
}
