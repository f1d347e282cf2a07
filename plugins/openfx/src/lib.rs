//! D-Edit as an OpenFX image effect: edits in compositing and video hosts.
//!
//! A frame's way: the host asks for it (`effect`) → the parameters at that time (`parameters`) → the frame and its mask (`inputs`, `pixels`,
//! `colour`, `masks`) → the session that knows the items, and their label map (`session`, `items`) → the frames around it (`neighbours`, `film`) → the
//! request (`request`) → a cached result (`cache`, `disk`), or the daemon's (`render`, `daemon`) → the host's image (`pixels`, `layers`). `buttons` and
//! `learn` are for push buttons; `describe`, `clips`, `choices` and `names` are what hosts see.
//!
//! Instances hold no state, since some hosts create one for every frame. Results are cached by content, in memory and on disk.

#![forbid(unsafe_code)]

mod buttons;
mod cache;
mod choices;
mod clips;
mod colour;
mod daemon;
mod describe;
mod disk;
mod effect;
mod failure;
mod film;
mod inputs;
mod items;
mod layers;
mod learn;
mod masks;
mod names;
mod neighbours;
mod parameters;
mod pixels;
mod render;
mod request;
mod session;
mod watch;

ofx_host::export!(effect::DEdit, c"org.dedit.DEdit", 1, 0);
