//! Runs the programs that plug-ins are made for, as a test needs them: in folders of their own, with a limit on their time, and with nothing
//! left behind. Every process is ended by its number, or by that of the group it leads.

#![cfg(unix)]

pub mod daemon;
pub mod gimp;
mod kept;
pub mod krita;
pub mod literal;
pub mod measure;
pub mod melt;
pub mod places;
pub mod process;
pub mod screen;
pub mod test_folder;
pub mod tree;
