//! Installs D-Edit into GIMP, Krita and the folders of `OpenFX` hosts, removes it again, and checks what is installed.
//!
//! Each host implements [`Installer`] in a folder of its own: [`gimp`], [`krita`], [`openfx`]. The functions [`install`], [`uninstall`] and [`check`] drive
//! any of them and give a [`Report`] or a [`Check`] to print; they print nothing themselves. Everything that two hosts need lies beside their folders.
//!
//! Rules that hold for every host: files appear whole or not at all, a plug-in never lies there without the note of its daemon, files of other programs
//! stay, and nothing is written or removed through a symbolic link.

mod beside;
mod daemon_note;
mod files;
mod installer;
mod process;
mod report;
mod run;
mod sandbox;
#[cfg(test)]
mod testing;

pub mod gimp;
pub mod krita;
pub mod openfx;

pub use dedit_protocol::{Failure, FailureKind};
pub use installer::{Description, Installation, Installer, Watch};
pub use report::{Check, Installed, Outcome, Removed, Report};
pub use run::{check, install, uninstall};

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Failure>;
