//! The backward pass.

use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

use candle_core::{Result, Tensor, bail};

use super::node::{Gradients, Node, Slot};
use super::parameter::Parameter;
use super::value::Value;

impl Gradients {
    /// The gradient of a parameter, of the parameter's shape, if the loss depends on it.
    pub fn get(&self, parameter: &Parameter) -> Option<&Tensor> {
        self.by_node.get(&parameter.node().id)
    }

    /// The gradient of a leaf, if the loss depends on it.
    pub fn of(&self, leaf: &Value) -> Option<&Tensor> {
        self.by_node.get(&leaf.node()?.id)
    }

    /// Removes and returns the gradient of a leaf.
    pub fn take(&mut self, leaf: &Value) -> Option<Tensor> {
        self.by_node.remove(&leaf.node()?.id)
    }

    /// Adds the gradients of another pass: gradient accumulation over micro-batches.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        for (id, gradient) in other.by_node {
            self.add_to(id, gradient)?;
        }
        Ok(())
    }

    /// Propagates `gradient` from `root` to the leaves. Nodes with ids below `watermark` belong to an enclosing backward pass, which would never see a
    /// gradient added to them here, so reaching one is an error.
    pub(super) fn propagate(&mut self, root: &Value, gradient: Tensor, watermark: u64) -> Result<()> {
        let Some(start) = root.node() else { bail!("backward from a value that depends on nothing trainable") };
        self.add(&Slot(Some(start.clone())), gradient)?;
        let mut pending = BinaryHeap::from([Pending(start.clone())]);
        let mut seen = HashSet::from([start.id]);
        while let Some(Pending(node)) = pending.pop() {
            if node.leaf {
                continue;
            }
            if node.id < watermark {
                bail!("a checkpointed segment uses a value that is not among its inputs");
            }
            let (backward, parents) = node.take();
            let Some(backward) = backward else { bail!("backward ran twice through the same graph") };
            // A node without a gradient: none of its consumers contributed one.
            let Some(gradient) = self.by_node.remove(&node.id) else { continue };
            backward(&gradient, self)?;
            for parent in parents {
                if seen.insert(parent.id) {
                    pending.push(Pending(parent));
                }
            }
        }
        Ok(())
    }
}

/// Orders nodes by id, newest first, which is a topological order.
struct Pending(Arc<Node>);

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Pending {}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pending {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.id.cmp(&other.0.id)
    }
}

/// The gradients of a scalar `loss` with respect to every trainable parameter and leaf that it was computed from.
///
/// # Errors
/// When `loss` is not a scalar, depends on no trainable parameter or leaf, or its graph was used before.
pub fn backward(loss: &Value) -> Result<Gradients> {
    if loss.tensor().elem_count() != 1 {
        bail!("backward needs a scalar loss, not one of shape {:?}", loss.dims());
    }
    let mut gradients = Gradients::default();
    gradients.propagate(loss, loss.tensor().ones_like()?, 0)?;
    Ok(gradients)
}
