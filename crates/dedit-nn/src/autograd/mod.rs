//! Reverse-mode differentiation that keeps what each operation needs and nothing else.
//!
//! candle's own graph holds every intermediate tensor until the loss is dropped, computes gradients of frozen weights, and some of its fused operations
//! cut the graph without a word. Here an operation records a closure that captures exactly the tensors its gradient needs; a value that depends on
//! nothing trainable records nothing at all, so inference costs nothing and a frozen network below the first trainable weight is never visited.
//!
//! Invariants: no global state but, per thread, the [`no_grad`] depth and whether it kept anything from being recorded; no recursion (a graph of any
//! depth fits any stack); closures run once and free what they captured.

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
