//! Trainable tensors.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use candle_core::{Result, Tensor, bail};

use super::node::Node;
use super::value::Value;

/// A tensor that training may change. Clones share it.
#[derive(Clone)]
pub struct Parameter {
    inner: Arc<Inner>,
}

struct Inner {
    node: Arc<Node>,
    tensor: RwLock<Tensor>,
    trainable: AtomicBool,
}

impl std::fmt::Debug for Parameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parameter").field("shape", self.tensor().shape()).field("trainable", &self.is_trainable()).finish()
    }
}

impl Parameter {
    /// A trainable parameter that starts as `tensor`.
    pub fn new(tensor: Tensor) -> Self {
        let inner = Inner { node: Node::leaf(), tensor: RwLock::new(tensor), trainable: AtomicBool::new(true) };
        Self { inner: Arc::new(inner) }
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.inner.node
    }

    /// The current value.
    pub fn tensor(&self) -> Tensor {
        self.inner.tensor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The current value for use in a computation; differentiable while the parameter is trainable.
    pub fn value(&self) -> Value {
        if self.is_trainable() { Value::on_node(self.tensor(), self.inner.node.clone()) } else { Value::constant(self.tensor()) }
    }

    /// Replaces the value.
    ///
    /// # Errors
    /// When the shape or the precision differs.
    pub fn set(&self, tensor: Tensor) -> Result<()> {
        let mut present = self.inner.tensor.write().unwrap_or_else(PoisonError::into_inner);
        if present.shape() != tensor.shape() || present.dtype() != tensor.dtype() {
            bail!(
                "a parameter of shape {:?} {:?} cannot become {:?} {:?}",
                present.shape(),
                present.dtype(),
                tensor.shape(),
                tensor.dtype()
            );
        }
        *present = if tensor.is_contiguous() { tensor } else { tensor.contiguous()? };
        Ok(())
    }

    /// Whether gradients are computed for this parameter.
    pub fn is_trainable(&self) -> bool {
        self.inner.trainable.load(Ordering::Relaxed)
    }

    /// Freezes or unfreezes the parameter. No gradient is computed for a frozen one.
    pub fn set_trainable(&self, trainable: bool) {
        self.inner.trainable.store(trainable, Ordering::Relaxed);
    }
}
