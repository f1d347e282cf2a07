//! Errors of tensors as errors of this program.

use dedit_edit::{Error, ErrorKind};

/// A layer or tensor operation that failed: the sizes of a checkpoint were checked before, so this is a bug or a lack of memory.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` passes")]
pub(crate) fn internal(error: candle_core::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("the segment-anything model failed: {error}"))
}
