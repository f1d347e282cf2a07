//! Noise that is attached to positions of the picture, for films.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use dedit_diffusion::pipeline::Noise;
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::EditPlan;
use dedit_nn::rng::Generator;

use crate::canvas::Canvas;

/// Side of a tile in cells: the 16² values of a channel come from one stream, so that its key is computed once.
const TILE: i64 = 16;

/// Noise whose values depend only on the seed, the number of earlier draws, the canvas's rung, the cell in the lattice of the picture, and the channel: a
/// position of the picture has the same noise in all canvases of the same rung, and so in all frames.
///
/// At the destination of a moved item a cell has the noise of the lattice cell nearest to its origin: the noise moves with the item. As the nearest value
/// is taken and none are interpolated, all values are standard normal; they are independent as long as no two cells have the same origin. In an enlarged
/// item adjacent cells repeat, and the item's old position, where it is on the canvas, has the same noise as the new one.
#[derive(Debug)]
pub(super) struct SteadyNoise {
    seed: u64,
    rung: u64,
    /// Number of draws so far.
    draws: u64,
    rows: usize,
    columns: usize,
    /// The tiles that the canvas needs, by column and row of tiles.
    tiles: Vec<[i64; 2]>,
    /// For each cell of the canvas, row-major, the index of its tile and its index in the tile.
    cells: Vec<(usize, usize)>,
}

impl SteadyNoise {
    /// Noise for a plan on a canvas.
    pub(super) fn new(seed: u64, canvas: &Canvas, plan: &EditPlan) -> Result<Self> {
        let size = canvas.latent_size()?;
        let (mut tiles, mut numbers) = (Vec::new(), BTreeMap::new());
        let cell = |index: usize| {
            let (column, row) = size.position(index);
            let [x, y] = canvas.lattice_cell(plan.came_from(canvas.place(column, row)));
            let tile = [x.div_euclid(TILE), y.div_euclid(TILE)];
            let number = *numbers.entry(tile).or_insert_with(|| {
                tiles.push(tile);
                tiles.len() - 1
            });
            (number, (y.rem_euclid(TILE) * TILE + x.rem_euclid(TILE)) as usize)
        };
        let cells = (0..size.pixels()).map(cell).collect();
        Ok(Self { seed, rung: canvas.rung() as u64, draws: 0, rows: size.height(), columns: size.width(), tiles, cells })
    }

    /// The values of a tile, `[channels, 16, 16]`. Those of the first channels do not depend on the number of channels.
    fn tile(&self, [column, row]: [i64; 2], channels: usize) -> Result<Vec<f32>> {
        let key = [self.seed, self.draws, self.rung, column as u64, row as u64].into_iter().fold(0, mixed);
        Ok(Generator::new(key).normal(channels * (TILE * TILE) as usize, &Device::Cpu)?.to_vec1()?)
    }
}

impl Noise for SteadyNoise {
    /// `shape` is `[1, channels, rows, columns]`, with the rows and columns of the canvas.
    fn draw(&mut self, shape: &[usize], device: &Device) -> Result<Tensor> {
        let &[1, channels, rows, columns] = shape else { return Err(self.other(shape)) };
        if (rows, columns) != (self.rows, self.columns) {
            return Err(self.other(shape));
        }
        let tiles = self.tiles.iter().map(|tile| self.tile(*tile, channels)).collect::<Result<Vec<_>>>()?;
        let mut values = Vec::with_capacity(channels * self.cells.len());
        for first in (0..channels).map(|channel| channel * (TILE * TILE) as usize) {
            values.extend(self.cells.iter().map(|(tile, cell)| tiles[*tile][first + cell]));
        }
        self.draws += 1;
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.to_device(device)?)
    }
}

impl SteadyNoise {
    fn other(&self, shape: &[usize]) -> Error {
        let message = format!("noise of {shape:?} was asked for on a canvas of {} rows and {} columns", self.rows, self.columns);
        Error::new(ErrorKind::Internal, message)
    }
}

/// Hashes a number into a key: the finaliser of `SplitMix64` (Steele et al. 2014, "Fast splittable pseudorandom number generators").
fn mixed(key: u64, number: u64) -> u64 {
    let key = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number;
    let key = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let key = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ (key >> 31)
}

#[cfg(test)]
mod tests {
    use dedit_edit::{Edit, PlanSettings, Rect, Segmentation, Size, Transform, Vacated};

    use super::*;

    const PICTURE: (usize, usize) = (1920, 1080);

    /// A plan on a picture with one rectangular item.
    fn plan(item: Rect, edit: Edit) -> EditPlan {
        let size = Size::new(PICTURE.0, PICTURE.1).unwrap();
        let labels = (0..size.pixels()).map(|index| u16::from(!item.contains(index % PICTURE.0, index / PICTURE.0))).collect();
        let items = Segmentation::from_labels(size, vec!["item".to_owned(), "ground".to_owned()], labels).unwrap();
        EditPlan::new(&items, None, &[edit], &PlanSettings::for_size(size)).unwrap()
    }

    fn still(item: Rect) -> EditPlan {
        plan(item, Edit::Remove { items: vec!["item".to_owned()], vacated: Vacated::Nearest })
    }

    fn shifted(item: Rect, dx: f64, dy: f64) -> EditPlan {
        plan(item, Edit::Move { item: "item".to_owned(), transform: Transform::shift(dx, dy), vacated: Vacated::Nearest })
    }

    fn canvas(region: Rect) -> Canvas {
        Canvas::on_ladder(region, Size::new(PICTURE.0, PICTURE.1).unwrap(), 8, 512).unwrap()
    }

    fn draws<const N: usize>(seed: u64, canvas: &Canvas, plan: &EditPlan) -> [Vec<f32>; N] {
        let mut noise = SteadyNoise::new(seed, canvas, plan).unwrap();
        let shape = canvas.latent_shape(1, 4);
        std::array::from_fn(|_| noise.draw(&shape, &Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap())
    }

    /// Calls `visit` for the cells of the same position of the picture on both canvases, of which the second is shifted by pixels, with their indices in draws
    /// of 4 channels.
    fn both(one: &Canvas, other: &Canvas, (dx, dy): (usize, usize), mut visit: impl FnMut(usize, usize, (usize, usize))) -> usize {
        let (a, b, mut met) = (one.latent_size().unwrap(), other.latent_size().unwrap(), 0);
        for index in 0..a.pixels() {
            let (column, row) = a.position(index);
            let place = |start: usize, cell: usize, shift: usize, other: usize| (start + cell * one.rung() + shift).checked_sub(other);
            let (x, y) = (place(one.rect.x, column, dx, other.rect.x), place(one.rect.y, row, dy, other.rect.y));
            let nearest = |pixels: usize| (pixels + one.rung() / 2) / one.rung();
            let cells = x.zip(y).map(|(x, y)| (nearest(x), nearest(y)));
            let Some((x, y)) = cells.filter(|(x, y)| *x < b.width() && *y < b.height()) else { continue };
            for channel in 0..4 {
                visit(channel * a.pixels() + index, channel * b.pixels() + y * b.width() + x, (column, row));
                met += 1;
            }
        }
        met
    }

    #[test]
    fn a_place_has_the_same_noise_on_every_canvas_of_its_rung() {
        let item = Rect { x: 700, y: 400, width: 120, height: 160 };
        let (here, plan) = (canvas(item), still(item));
        let [first, second]: [Vec<f32>; 2] = draws(5, &here, &plan);
        for (dx, dy) in [(0, 0), (64, 0), (190, 333), (300, 40)] {
            let there = canvas(Rect { x: item.x + dx, y: item.y + dy, ..item });
            assert_eq!(there.rung(), here.rung());
            let [again, other]: [Vec<f32>; 2] = draws(5, &there, &plan);
            let met = both(&here, &there, (0, 0), |a, b, _| assert_eq!((first[a], second[a]), (again[b], other[b])));
            assert!(met > 1000, "({dx}, {dy}) leaves {met}");
        }
        // Another seed, draw or rung is independent: the correlation of 16384 values is below four standard errors.
        let coarser = canvas(Rect { width: 240, height: 320, ..item });
        assert!(coarser.rung() > here.rung());
        for other in [&second, &draws::<1>(6, &here, &plan)[0], &draws::<1>(5, &coarser, &plan)[0]] {
            let product = first.iter().zip(other).map(|(a, b)| f64::from(a * b)).sum::<f64>() / first.len().min(other.len()) as f64;
            assert!(product.abs() < 0.035, "{product}");
        }
    }

    #[test]
    fn noise_is_standard_normal_and_its_neighbours_are_independent() {
        let item = Rect { x: 2, y: 2, width: 100, height: 100 };
        // Origins beyond the picture's top left corner, where lattice cells are negative.
        for plan in [still(item), shifted(item, 300.0, 300.0), shifted(Rect { x: 0, y: 0, ..item }, -40.5, -30.5)] {
            let canvas = canvas(item);
            let values: Vec<f32> = draws::<8>(3, &canvas, &plan).concat();
            let mean = |of: &dyn Fn(usize) -> f64| (0..values.len() - 64).map(of).sum::<f64>() / (values.len() - 64) as f64;
            let at = |index: usize| f64::from(values[index]);
            // Four standard errors of 131072 numbers.
            for (what, found, expected, error) in [
                ("mean", mean(&at), 0.0, 0.011),
                ("variance", mean(&|index| at(index).powi(2)), 1.0, 0.016),
                ("fourth moment", mean(&|index| at(index).powi(4)), 3.0, 0.11),
                ("beside", mean(&|index| at(index) * at(index + 1)), 0.0, 0.011),
                ("below", mean(&|index| at(index) * at(index + 64)), 0.0, 0.011),
            ] {
                assert!((found - expected).abs() < error, "{what} is {found}");
            }
        }
    }

    #[test]
    fn noise_goes_along_with_a_moved_item() {
        let item = Rect { x: 704, y: 400, width: 80, height: 96 };
        let standing = draws::<1>(5, &canvas(item), &still(item));
        // By whole cells and by fractions, where the nearest cells are used, without gaps.
        for (dx, dy) in [(160, 80), (163, 77), (131, 37)] {
            let (plan, to) = (shifted(item, dx as f64, dy as f64), Rect { x: item.x + dx, y: item.y + dy, ..item });
            let there = canvas(to);
            assert_eq!(there.rung(), 8);
            let [moved] = draws(5, &there, &plan);
            let mut inside = 0;
            both(&canvas(item), &there, (dx, dy), |a, b, (column, row)| {
                let place = canvas(item).place(column, row);
                let within = |place: f64, start: usize, length: usize| place > start as f64 + 8.0 && place < (start + length) as f64 - 9.0;
                if within(place.x, item.x, item.width) && within(place.y, item.y, item.height) {
                    assert_eq!((standing[0][a],), (moved[b],), "({dx}, {dy}): cell ({column}, {row})");
                    inside += 1;
                }
            });
            assert!(inside >= 4 * 8 * 10, "{inside}");
        }
    }

    #[test]
    fn noise_of_another_shape_is_refused() {
        let item = Rect { x: 704, y: 400, width: 80, height: 96 };
        let mut noise = SteadyNoise::new(5, &canvas(item), &still(item)).unwrap();
        for shape in [&[1, 4, 64, 63][..], &[2, 4, 64, 64], &[4, 64, 64]] {
            assert_eq!(noise.draw(shape, &Device::Cpu).unwrap_err().kind(), ErrorKind::Internal, "{shape:?}");
        }
    }
}
