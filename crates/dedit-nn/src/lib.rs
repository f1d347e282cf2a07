//! dedit-nn
