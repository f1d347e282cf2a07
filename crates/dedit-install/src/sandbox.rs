//! Hosts from Flatpak and Snap, whose sandboxes let no plug-in start the daemon or reach it.

use std::path::Path;

/// A host by its names.
#[derive(Debug)]
pub(crate) struct Host {
    /// For sentences.
    pub(crate) name: &'static str,
    /// The application id.
    pub(crate) flatpak: &'static str,
    /// The package.
    pub(crate) snap: &'static str,
}

/// A sentence for each sandboxed installation that exists.
pub(crate) fn notes(host: &Host, home: &Path, root: &Path) -> Vec<String> {
    let flatpak = [
        home.join(".var/app").join(host.flatpak),
        home.join(".local/share/flatpak/app").join(host.flatpak),
        root.join("var/lib/flatpak/app").join(host.flatpak),
    ];
    let snap = [home.join("snap").join(host.snap), root.join("snap/bin").join(host.snap)];
    let found = [("Flatpak", &flatpak[..]), ("Snap", &snap[..])].into_iter().filter_map(|(name, places)| {
        let place = places.iter().find(|place| place.exists())?.display();
        Some(format!(
            "D-Edit was not put into the {host} from {name} ({place}): its sandbox lets no plug-in start the daemon or reach it; \
             use the {host} of your distribution's packages",
            host = host.name
        ))
    });
    found.collect()
}

/// Whether a program is a launcher of Snap.
pub(crate) fn holds(program: &Path, root: &Path) -> bool {
    let snap = |path: &Path| path.starts_with(root.join("snap")) || path.file_stem().is_some_and(|name| name == "snap");
    snap(program) || program.canonicalize().is_ok_and(|path| snap(&path))
}
