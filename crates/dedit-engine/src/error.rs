//! Between the error type of `dedit-diffusion` and that of `dedit-edit`, for `map_err`.

use dedit_diffusion::Error;

/// An error about a picture, mask or plan, as an error of the engine.
pub fn from_edit(error: dedit_edit::Error) -> Error {
    error.into()
}

/// An error of the engine, as callers without tensors get it.
pub fn to_edit(error: Error) -> dedit_edit::Error {
    error.into()
}
