//! Gradient checkpointing (Chen et al. 2016, arXiv 1604.06174): a segment keeps only its inputs and is computed again in the backward pass.

use candle_core::{Result, Tensor, bail};

use super::node::{Node, Slot};
use super::value::{Value, record, unrecorded};

/// Runs `segment` on `inputs` without recording its operations; the backward pass runs it again.
///
/// This trades one more forward pass of the segment for the memory of its activations. Parameters used inside get their gradients as usual; every other
/// differentiable value must be among `inputs`, otherwise the backward pass fails. `segment` must be deterministic: it must draw no random numbers.
pub fn checkpoint(inputs: &[&Value], segment: impl Fn(&[Value]) -> Result<Value> + Send + 'static) -> Result<Value> {
    let detached: Vec<Value> = inputs.iter().map(|input| input.detach()).collect();
    let (output, learns) = unrecorded(|| segment(&detached));
    let (output, wants) = (output?, inputs.iter().map(|input| input.slot()).collect::<Vec<Slot>>());
    if !learns && !wants.iter().any(Slot::wanted) {
        return Ok(Value::constant(output.into_tensor()));
    }
    // Parameters used inside the segment are unknown here. The extra leaf gets the segment recorded even when no input requires a gradient.
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
            return Ok(()); // Nothing trainable inside and no input requires a gradient.
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
