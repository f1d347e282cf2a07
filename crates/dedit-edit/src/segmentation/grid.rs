//! Items on the grids of latents and attention maps.

use crate::error::{Error, Result};
use crate::geometry::Size;
use crate::grid::{Downsampling, axes, for_each_overlap};
use crate::segmentation::Segmentation;

impl Segmentation {
    /// The item of every cell of a grid, row-major. With [`Downsampling::AreaMajority`] every item owns at least one cell, at every size; a grid with
    /// fewer cells than there are items is an error.
    pub fn on_grid(&self, grid: Size, downsampling: Downsampling) -> Result<Vec<u16>> {
        match downsampling {
            Downsampling::Nearest => Ok(self.nearest(grid)),
            Downsampling::AreaMajority => self.area_majority(grid),
        }
    }

    fn nearest(&self, grid: Size) -> Vec<u16> {
        let (across, down) = axes(self.size, grid);
        let cells = (0..grid.pixels()).map(|cell| grid.position(cell));
        cells.map(|(column, row)| self.labels[down.nearest(row) * self.size.width() + across.nearest(column)]).collect()
    }

    fn area_majority(&self, grid: Size) -> Result<Vec<u16>> {
        let items = self.names.len();
        if grid.pixels() < items {
            let message = format!("a grid of {grid} cells cannot hold {items} items");
            return Err(Error::input(message).hint("join small items or work at a larger size"));
        }
        let mut counter = Counter::new(items);
        let mut cells = Cells { owners: Vec::with_capacity(grid.pixels()), owned: vec![0; items] };
        for cell in 0..grid.pixels() {
            counter.count(self, grid, cell);
            cells.push(counter.largest());
        }
        if cells.owned.contains(&0) {
            self.give_each_a_cell(grid, &mut cells, &mut counter);
        }
        Ok(cells.owners)
    }

    /// Gives every item without a cell the one where its share is largest, unless that is another's last; then the next best. Whoever has no share in a
    /// free cell then gets the free one nearest to its best. There are at least as many cells as items, so some item always has one to spare.
    fn give_each_a_cell(&self, grid: Size, cells: &mut Cells, counter: &mut Counter) {
        let without = (0..cells.owned.len()).filter(|item| cells.owned[*item] == 0);
        let mut wishes: Vec<Wishes> = without.map(|item| Wishes { item, cells: Vec::new() }).collect();
        for cell in 0..grid.pixels() {
            counter.count(self, grid, cell);
            for wishes in wishes.iter_mut().filter(|wishes| counter.areas[wishes.item] > 0) {
                wishes.cells.push((counter.areas[wishes.item], cell));
            }
        }
        for wishes in &mut wishes {
            wishes.cells.sort_by(|(area, cell), (other_area, other)| other_area.cmp(area).then(cell.cmp(other)));
        }
        // Whoever has the least choice chooses first.
        wishes.sort_by_key(|wishes| wishes.cells.len());
        wishes.retain(|wishes| {
            let wished = wishes.cells.iter().map(|(_, cell)| *cell).find(|cell| cells.is_free(*cell));
            !cells.give(wished, wishes.item)
        });
        for Wishes { item, cells: wished } in wishes {
            let (x, y) = grid.position(wished.first().map_or(0, |(_, cell)| *cell));
            let away = |cell: &usize| {
                let (u, v) = grid.position(*cell);
                x.abs_diff(u).pow(2) + y.abs_diff(v).pow(2)
            };
            let nearest = (0..grid.pixels()).filter(|cell| cells.is_free(*cell)).min_by_key(away);
            cells.give(nearest, item);
        }
    }
}

/// The item of each cell, and how many cells each item owns.
struct Cells {
    owners: Vec<u16>,
    owned: Vec<usize>,
}

impl Cells {
    fn push(&mut self, item: u16) {
        self.owned[usize::from(item)] += 1;
        self.owners.push(item);
    }

    /// Whether the cell's owner has another.
    fn is_free(&self, cell: usize) -> bool {
        self.owned[usize::from(self.owners[cell])] > 1
    }

    /// Hands a cell to an item; false without a cell.
    fn give(&mut self, cell: Option<usize>, item: usize) -> bool {
        let Some(cell) = cell else { return false };
        self.owned[usize::from(self.owners[cell])] -= 1;
        self.owned[item] += 1;
        self.owners[cell] = item as u16;
        true
    }
}

/// The cells an item without one has a share in, the largest area first.
struct Wishes {
    item: usize,
    cells: Vec<(u64, usize)>,
}

/// The area of each item in one cell.
struct Counter {
    areas: Vec<u64>,
    /// The items with an area, in the order they were met.
    met: Vec<u16>,
}

impl Counter {
    fn new(items: usize) -> Self {
        Self { areas: vec![0; items], met: Vec::new() }
    }

    fn count(&mut self, segmentation: &Segmentation, grid: Size, cell: usize) {
        for item in self.met.drain(..) {
            self.areas[usize::from(item)] = 0;
        }
        for_each_overlap(segmentation.size, grid, cell, |index, area| {
            let item = segmentation.labels[index];
            if self.areas[usize::from(item)] == 0 {
                self.met.push(item);
            }
            self.areas[usize::from(item)] += area;
        });
    }

    /// The item with the largest area; of equal ones the first in the list of items.
    fn largest(&self) -> u16 {
        let area = |item: &u16| self.areas[usize::from(*item)];
        self.met.iter().copied().max_by(|a, b| area(a).cmp(&area(b)).then(b.cmp(a))).unwrap_or(0)
    }
}
