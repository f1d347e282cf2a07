//! Reverse-mode automatic differentiation that keeps only the tensors that gradients need.
//!
//! candle's own graph holds every intermediate tensor until the loss is dropped, computes gradients of frozen weights, and some of its fused operations
//! silently cut the graph. Here an operation records a closure that captures exactly the tensors that its gradient needs. A value that depends on
//! nothing trainable records nothing, so inference has no overhead and the backward pass never visits a frozen network below the first trainable weight.
//!
//! Invariants: the only global state is, per thread, the [`no_grad`] depth and whether [`no_grad`] suppressed a recording; nothing recurses, so a graph
//! of any depth fits the stack; each closure runs once and then frees the tensors that it captured.

mod backward;
mod checkpoint;
mod node;
mod parameter;
mod value;

pub use backward::backward;
pub use checkpoint::checkpoint;
pub use node::{Gradients, Slot};
pub use parameter::Parameter;
pub use value::{Value, no_grad, record};
