//! Tensors with their place in the graph, and how operations are recorded.

use std::cell::Cell;
use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

use super::node::{Gradients, Node, Slot};

thread_local! {
    static NO_GRAD: Cell<usize> = const { Cell::new(0) };
    static MISSED: Cell<bool> = const { Cell::new(false) };
}

/// A tensor, with its node in the graph if it depends on a trainable parameter or a leaf.
#[derive(Clone)]
pub struct Value {
    tensor: Tensor,
    node: Option<Arc<Node>>,
}

impl Value {
    /// A value outside of the graph: no gradient flows into it.
    pub fn constant(tensor: Tensor) -> Self {
        Self { tensor, node: None }
    }

    /// An input to differentiate with respect to.
    pub fn leaf(tensor: Tensor) -> Self {
        Self { tensor, node: Some(Node::leaf()) }
    }

    pub(super) fn on_node(tensor: Tensor, node: Arc<Node>) -> Self {
        Self { tensor, node: Some(node) }
    }

    pub(super) fn node(&self) -> Option<&Arc<Node>> {
        self.node.as_ref()
    }

    /// The tensor.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// The tensor, without its node.
    pub fn into_tensor(self) -> Tensor {
        self.tensor
    }

    /// The same tensor as a constant.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self::constant(self.tensor.clone())
    }

    /// Whether the value has a node and gradients are being recorded on this thread.
    pub fn requires_grad(&self) -> bool {
        self.slot().wanted()
    }

    /// Where this value's gradient is added; empty inside [`no_grad`].
    pub fn slot(&self) -> Slot {
        if grad_enabled() {
            return Slot(self.node.clone());
        }
        if self.node.is_some() {
            MISSED.with(|missed| missed.set(true));
        }
        Slot(None)
    }

    /// The dimensions.
    pub fn dims(&self) -> &[usize] {
        self.tensor.dims()
    }

    /// The device.
    pub fn device(&self) -> &Device {
        self.tensor.device()
    }
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Self::constant(tensor)
    }
}

/// The result `tensor` of an operation on `parents`: recorded with its `backward` when a parent requires a gradient, a constant otherwise.
///
/// `backward` gets the gradient of `tensor` and adds to the [`Slot`]s of the parents, which it has captured. Where building the closure is expensive,
/// check [`Value::requires_grad`] first.
pub fn record(tensor: Tensor, parents: &[&Value], backward: impl FnOnce(&Tensor, &mut Gradients) -> Result<()> + Send + 'static) -> Value {
    let nodes: Vec<_> = parents.iter().filter_map(|parent| parent.slot().0).collect();
    if nodes.is_empty() {
        return Value::constant(tensor);
    }
    Value { tensor, node: Some(Node::new(nodes, Some(Box::new(backward)))) }
}

fn grad_enabled() -> bool {
    NO_GRAD.with(|depth| depth.get() == 0)
}

/// Runs `body` without recording anything on this thread.
pub fn no_grad<T>(body: impl FnOnce() -> T) -> T {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            NO_GRAD.with(|depth| depth.set(depth.get() - 1));
        }
    }
    NO_GRAD.with(|depth| depth.set(depth.get() + 1));
    let _restore = Restore;
    body()
}

/// Runs `body` without recording, and returns whether an operation would have been recorded otherwise.
pub(super) fn unrecorded<T>(body: impl FnOnce() -> T) -> (T, bool) {
    let outer = MISSED.with(|missed| missed.replace(false));
    let result = no_grad(body);
    let missed = MISSED.with(|missed| missed.replace(outer || missed.get()));
    (result, missed)
}
