//! Connected components.

use dedit_edit::Size;

use crate::view::around;

/// The connected components (8-connected) of cells with equal labels: the component of each cell, and the cells of each component.
pub(crate) fn parts<T: PartialEq>(grid: Size, labels: &[T]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut part = vec![usize::MAX; labels.len()];
    let mut members: Vec<Vec<usize>> = Vec::new();
    for start in 0..labels.len() {
        if part[start] != usize::MAX {
            continue;
        }
        part[start] = members.len();
        let mut cells = vec![start];
        let mut next = 0;
        while let Some(cell) = cells.get(next).copied() {
            next += 1;
            for (neighbour, _) in around(grid, cell) {
                if part[neighbour] == usize::MAX && labels[neighbour] == labels[cell] {
                    part[neighbour] = members.len();
                    cells.push(neighbour);
                }
            }
        }
        members.push(cells);
    }
    (part, members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_touches_at_a_corner_is_one_part() {
        for (width, labels, expected) in [
            (3, "aba", vec![1, 1, 1]),
            (3, "abbbabbba", vec![3, 6]),
            (3, "aaabbbaaa", vec![3, 3, 3]),
            (4, "aabbaabb", vec![4, 4]),
            (1, "aab", vec![2, 1]),
        ] {
            let grid = Size::new(width, labels.len() / width).unwrap();
            let (part, members) = parts(grid, labels.as_bytes());
            assert_eq!(members.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{labels}");
            assert!(members.iter().enumerate().all(|(number, cells)| cells.iter().all(|cell| part[*cell] == number)), "{labels}");
        }
    }
}
