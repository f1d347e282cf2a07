//! Home folders. The first start fills a database for half a minute, so one home is kept after it and copied.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Krita, Version};
use crate::kept;
use crate::test_folder::TestFolder;

/// Time limit of the first start on a busy machine.
const FIRST: Duration = Duration::from_secs(300);
/// Krita's folder of plug-ins, in a test's folder.
pub(super) const PLUGINS: &str = "home/.local/share/krita/pykrita";
const SETTINGS: &str = "home/.config/kritarc";
/// Settings without dialogs, welcome screen and news. The last section is that of plug-ins.
const TEXT: &str = "\
hideSplashScreen=true
sessionOnStartup=0

[MainWindow]
FetchNews=false

[python]
enable_dedit_driver=true
";

/// The files of the driver, by their names below [`PLUGINS`].
const DRIVER: [(&str, &str); 7] = [
    ("dedit_driver.desktop", include_str!("dedit_driver.desktop")),
    ("dedit_driver/__init__.py", include_str!("dedit_driver/__init__.py")),
    ("dedit_driver/hands.py", include_str!("dedit_driver/hands.py")),
    ("dedit_driver/play.py", include_str!("dedit_driver/play.py")),
    ("dedit_driver/qt.py", include_str!("dedit_driver/qt.py")),
    ("dedit_driver/ticks.py", include_str!("dedit_driver/ticks.py")),
    ("dedit_driver/waits.py", include_str!("dedit_driver/waits.py")),
];

/// The kept home.
pub(super) fn kept(krita: &Krita) -> Result<PathBuf> {
    let name = match krita.version() {
        Version::V5_1 => "krita-5.1-home",
        Version::V5_2 => "krita-5.2-home",
    };
    kept::folder(name, |made| {
        let test_folder = TestFolder::new(krita.tree.as_ref())?;
        prepare(&test_folder)?;
        let ran = krita.run_within(&test_folder, &Krita::screen()?, "def scenario(d):\n    yield 2.0\n", FIRST);
        ran.context("Krita does not start with an empty home")?;
        kept::copy(&test_folder.outside("home"), made)
    })
}

/// Writes the settings, and the present driver.
pub(super) fn prepare(test_folder: &TestFolder) -> Result<()> {
    let files = DRIVER.iter().map(|(name, text)| (test_folder.outside(PLUGINS).join(name), *text));
    for (path, text) in files.chain([(test_folder.outside(SETTINGS), TEXT)]) {
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// Enables a plug-in, as Krita's settings dialog does.
pub(super) fn switch_on(test_folder: &TestFolder, plugin: &str) -> Result<()> {
    let path = test_folder.outside(SETTINGS);
    let text = fs::read_to_string(&path).context("Krita's settings cannot be read")?;
    let text = text.replacen("[python]\n", &format!("[python]\nenable_{plugin}=true\n"), 1);
    fs::write(path, text).context("Krita's settings cannot be written")
}
