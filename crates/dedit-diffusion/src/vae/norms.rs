//! The statistics of the group norms: those of the input, or ones measured before, which all tiles of a large picture share.

use dedit_nn::Result;
use dedit_nn::autograd::Value;
use dedit_nn::layers::{FixedStatistics, GroupNorm};

/// One pass through the norms of a network, in order of execution.
pub(super) enum Norms<'a> {
    /// Each norm uses the statistics of its input.
    Own,
    /// Each norm measures its input, all samples together, uses these statistics and appends them.
    Measure(&'a mut Vec<FixedStatistics>),
    /// Each norm uses the next of the measured statistics.
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
