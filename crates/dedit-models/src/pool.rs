//! The threads of the engine without weights.

use dedit_patches::Workers;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

/// The pool of threads that the networks use too.
pub(crate) struct Pool;

impl Workers for Pool {
    fn run(&self, tasks: usize, run: &(dyn Fn(usize) + Sync)) {
        (0..tasks).into_par_iter().for_each(run);
    }
}
