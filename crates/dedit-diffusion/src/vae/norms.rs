//! Which statistics the group norms use: a picture's own, or ones measured beforehand, so that tiles of a large picture agree.

use dedit_nn::Result;
use dedit_nn::autograd::Value;
use dedit_nn::layers::{FixedStatistics, GroupNorm};

/// One pass over the norms of a network, in the order they run.
pub(super) enum Norms<'a> {
    /// Each norm measures its own input.
    Own,
    /// Each norm measures its input, all samples together, and remembers.
    Measure(&'a mut Vec<FixedStatistics>),
    /// Each norm uses what was measured.
    Fixed(std::slice::Iter<'a, FixedStatistics>),
}

impl Norms<'_> {
    /// The norm and its `SiLU`.
    pub(super) fn silu(&mut self, norm: &GroupNorm, x: &Value) -> Result<Value> {
        let statistics = match self {
            Self::Own => return norm.forward_silu(x),
            Self::Measure(list) => {
                let statistics = norm.measure(x.tensor())?;
                list.push(statistics.clone());
                statistics
            }
            Self::Fixed(list) => match list.next() {
                Some(statistics) => statistics.clone(),
                None => candle_core::bail!("fewer norms were measured than run"),
            },
        };
        Ok(norm.apply_silu(x.tensor(), &statistics)?.into())
    }
}
