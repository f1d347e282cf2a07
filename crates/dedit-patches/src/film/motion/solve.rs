//! Small systems of linear equations.

use super::ALL;

/// The least share of its diagonal element that a pivot keeps, for its parameter to be told from the others.
const LEAST: f64 = 1e-9;
/// What is added to the diagonal, as a share of it: a parameter that hardly matters stays as it is.
const DAMPING: f64 = 1e-6;

/// Solves the normal equations of the `free` parameters, by Cholesky; the others are 0. `None` where they do not determine all of them.
pub(super) fn solved(matrix: &[[f64; ALL]; ALL], right: &[f64; ALL], free: &[usize]) -> Option<[f64; ALL]> {
    let n = free.len();
    let mut lower = [[0.0; ALL]; ALL];
    let mut found = [0.0; ALL];
    for i in 0..n {
        for j in 0..=i {
            let own = matrix[free[i]][free[j]] * if i == j { 1.0 + DAMPING } else { 1.0 };
            let rest = own - (0..j).map(|k| lower[i][k] * lower[j][k]).sum::<f64>();
            if i != j {
                lower[i][j] = rest / lower[j][j];
            } else if rest > own * LEAST && rest.is_finite() {
                lower[i][i] = rest.sqrt();
            } else {
                return None;
            }
        }
        found[i] = (right[free[i]] - (0..i).map(|k| lower[i][k] * found[k]).sum::<f64>()) / lower[i][i];
    }
    for i in (0..n).rev() {
        found[i] = (found[i] - (i + 1..n).map(|k| lower[k][i] * found[k]).sum::<f64>()) / lower[i][i];
    }
    let mut step = [0.0; ALL];
    for (place, value) in free.iter().zip(found) {
        step[*place] = value;
    }
    step.iter().all(|step| step.is_finite()).then_some(step)
}
