//! Model outputs of earlier steps, for multistep solvers.

use std::collections::VecDeque;

use candle_core::Tensor;

/// The model outputs of the preceding steps, newest first.
#[derive(Debug, Default)]
pub(super) struct History {
    last_index: Option<usize>,
    outputs: VecDeque<Tensor>,
}

impl History {
    /// Clears the history unless `index` follows the last step.
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
