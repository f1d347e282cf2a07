//! The nodes of the graph, and the gradients that a backward pass gathers for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Result, Tensor};

use crate::backend::sum;

/// Turns the gradient of a node's output into gradients of its inputs.
pub(super) type Backward = Box<dyn FnOnce(&Tensor, &mut Gradients) -> Result<()> + Send>;

/// A place in the graph. Ids grow with creation, so decreasing order is a topological order.
pub(super) struct Node {
    pub(super) id: u64,
    parents: Mutex<Vec<Arc<Node>>>,
    backward: Mutex<Option<Backward>>,
    pub(super) leaf: bool,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Node {
    pub(super) fn new(parents: Vec<Arc<Self>>, backward: Option<Backward>) -> Arc<Self> {
        let leaf = backward.is_none();
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { id, parents: Mutex::new(parents), backward: Mutex::new(backward), leaf })
    }

    pub(super) fn leaf() -> Arc<Self> {
        Self::new(Vec::new(), None)
    }

    /// Takes the closure and the parents out of the node, which frees them after the visit.
    pub(super) fn take(&self) -> (Option<Backward>, Vec<Arc<Self>>) {
        let backward = self.backward.lock().unwrap_or_else(PoisonError::into_inner).take();
        (backward, std::mem::take(&mut *self.parents.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The id that the next node will get; all existing nodes have smaller ids.
    pub(super) fn watermark() -> u64 {
        NEXT_ID.load(Ordering::Relaxed)
    }

    /// Moves the parents to `pending` before the closure is dropped: it holds references to them, and must not be the last to drop them.
    fn unlink(&mut self, pending: &mut Vec<Arc<Self>>) {
        pending.append(self.parents.get_mut().unwrap_or_else(PoisonError::into_inner));
        *self.backward.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Node {
    /// Drops ancestors iteratively: the default drop would recurse as deep as the graph.
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.unlink(&mut pending);
        while let Some(node) = pending.pop() {
            if let Some(mut node) = Arc::into_inner(node) {
                node.unlink(&mut pending);
            }
        }
    }
}

/// The node that a gradient is added to; empty where no gradient is required.
#[derive(Clone, Default)]
pub struct Slot(pub(super) Option<Arc<Node>>);

impl Slot {
    /// Whether a gradient is required here.
    pub fn wanted(&self) -> bool {
        self.0.is_some()
    }
}

/// The gradients that a backward pass computed. Those of intermediate values are freed once they have been propagated.
#[derive(Default)]
pub struct Gradients {
    /// By the id of the node.
    pub(super) by_node: HashMap<u64, Tensor>,
}

impl Gradients {
    /// Adds `gradient` to the gradient of `slot`; does nothing where none is required.
    pub fn add(&mut self, slot: &Slot, gradient: Tensor) -> Result<()> {
        slot.0.as_ref().map_or(Ok(()), |node| self.add_to(node.id, gradient))
    }

    /// Adds `gradient` to that of the node with this id.
    pub(super) fn add_to(&mut self, id: u64, gradient: Tensor) -> Result<()> {
        let total = match self.by_node.remove(&id) {
            Some(present) => sum(&present, &gradient)?,
            None => gradient,
        };
        self.by_node.insert(id, total);
        Ok(())
    }
}
