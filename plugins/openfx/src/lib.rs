//! D-Edit as an OpenFX image effect: the same edits in compositing and video hosts.
//!
//! The way of a frame: the host asks for it (`run`) → what the parameters say at that time (`parameters`) → the picture and its items, as the daemon
//! takes them (`pixels`, `colour`, `masks`) → the session that knows the items (`session`) → what the daemon is told (`order`) → is it known
//! already (`cache`)? → the daemon (`desk`) → into the host's image (`pixels`). `learn` is what happens when the button is pressed; `describe` what
//! hosts see of all this.
//!
//! Nothing is kept in instances: some hosts make one for every frame. What is kept is kept by content, in memory and on disk.

#![forbid(unsafe_code)]

mod cache;
mod colour;
mod describe;
mod desk;
mod disk;
mod failure;
mod learn;
mod masks;
mod order;
mod parameters;
mod pixels;
mod run;
mod session;

ofx_host::export!(run::DEdit, c"org.dedit.DEdit", 1, 0);
