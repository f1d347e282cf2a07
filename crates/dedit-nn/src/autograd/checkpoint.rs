//! Gradient checkpointing: keep a segment's inputs, compute the segment again when its gradient is needed.

use candle_core::{Result, Tensor, bail};

use super::node::{Node, Slot};
use super::value::{Value, record, unrecorded};

/// Runs `segment` on `inputs` without keeping anything inside it; the backward pass runs it again.
///
/// Costs one more forward pass of the segment; saves everything it would have kept. Parameters used inside get their gradients as usual; every other
/// differentiable value it uses must be among `inputs` (anything else is found out in the backward pass and is an error). `segment` must give the same
/// result both times: draw no random numbers in it.
pub fn checkpoint(inputs: &[&Value], segment: impl Fn(&[Value]) -> Result<Value> + Send + 'static) -> Result<Value> {
    let detached: Vec<Value> = inputs.iter().map(|input| input.detach()).collect();
    let (output, learns) = unrecorded(|| segment(&detached));
    let (output, wants) = (output?, inputs.iter().map(|input| input.slot()).collect::<Vec<Slot>>());
    if !learns && !wants.iter().any(Slot::wanted) {
        return Ok(Value::constant(output.into_tensor()));
    }
    // Parameters inside are not visible from here, so the segment is recorded on a leaf of its own even when no input wants a gradient.
    let anchor = Value::leaf(Tensor::zeros((), output.tensor().dtype(), output.device())?);
    let mut parents = vec![&anchor];
    parents.extend(inputs);
    Ok(record(output.into_tensor(), &parents, move |gradient, gradients| {
        let watermark = Node::watermark();
        let leaves: Vec<Value> = detached
            .iter()
            .zip(&wants)
            .map(|(input, slot)| if slot.wanted() { Value::leaf(input.tensor().clone()) } else { input.clone() })
            .collect();
        let output = segment(&leaves)?;
        if output.node().is_none() {
            return Ok(()); // Nothing trainable inside and no input wants a gradient.
        }
        if output.tensor().shape() != gradient.shape() {
            bail!("a checkpointed segment gave {:?} the second time, {:?} the first", output.tensor().shape(), gradient.shape());
        }
        gradients.propagate(&output, gradient.clone(), watermark)?;
        for (leaf, slot) in leaves.iter().zip(&wants) {
            if let Some(gradient) = gradients.take(leaf) {
                gradients.add(slot, gradient)?;
            }
        }
        Ok(())
    }))
}
