//! The commands, a file or folder each. The command line and `main` alone use them; what several of them need lies beside this folder.

pub(crate) mod daemon;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod edit;
pub(crate) mod generate;
pub(crate) mod install;
pub(crate) mod learn;
pub(crate) mod model;
pub(crate) mod plan;
pub(crate) mod segment;
pub(crate) mod show;
