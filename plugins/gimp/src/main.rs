//! D-Edit as a plug-in of GIMP.

fn main() {}
