//! The memory of the solvers that look back.

use std::collections::VecDeque;

use candle_core::Tensor;

/// What the model said at the steps just before, newest first.
#[derive(Debug, Default)]
pub(super) struct History {
    last_index: Option<usize>,
    outputs: VecDeque<Tensor>,
}

impl History {
    /// Forgets everything unless step `index` follows the one seen last.
    pub(super) fn enter(&mut self, index: usize) {
        if self.last_index.is_none_or(|last| last + 1 != index) {
            self.outputs.clear();
        }
        self.last_index = Some(index);
    }

    pub(super) fn push(&mut self, output: Tensor, most: usize) {
        self.outputs.push_front(output);
        self.outputs.truncate(most);
    }

    pub(super) fn outputs(&self) -> &VecDeque<Tensor> {
        &self.outputs
    }
}
