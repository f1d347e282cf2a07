//! The mapping between the pixels of a picture and those that the model works on.
//!
//! Spaces: *image* pixels are the picture's; *canvas* pixels are those of the autoencoder's input, about as many as the model was trained on, with sides that
//! are multiples of its unit (8); a *latent* cell is unit × unit canvas pixels.
//!
//! An edit of a single picture uses the canvas that fits its region best ([`Canvas::around`]), which moves and grows by single pixels with the region. A
//! *steady* canvas ([`Canvas::steady`]) has few possible scales, shapes and positions, so that consecutive frames of a film have the same one, or one that is
//! shifted by whole latent cells.

use candle_core::{DType, Device, Tensor};
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::{Image, Planes, Point, Rect, Size};
use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma};

use crate::error::from_edit;

/// A rectangle of a picture, and its size for the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Canvas {
    /// In image pixels.
    pub(crate) rect: Rect,
    /// In canvas pixels.
    pub(crate) size: Size,
    unit: usize,
    /// Side of a latent cell in image pixels on a steady canvas; 0 where it follows from the size of the rectangle.
    rung: usize,
}

/// Preferred step, in latent cells, of the position of a steady canvas: a U-Net halves its grid at most three times, so that a shift by this many is a shift
/// by whole cells at every level.
const STRIDE: usize = 8;

impl Canvas {
    /// The whole picture, scaled to the area that the model was trained on, with its own aspect ratio.
    pub(crate) fn whole(picture: Size, pipeline: &Pipeline) -> Result<Self> {
        Self::of(picture.rect(), pipeline.pixels_per_latent(), pipeline.native_side())
    }

    /// The region with a margin of half its longer side, and a larger one where the model has room for it without upscaling.
    pub(crate) fn around(region: Rect, picture: Size, pipeline: &Pipeline) -> Result<Self> {
        let margin = region.width.max(region.height) / 2 + 1;
        let grown = region.grown(margin, picture);
        let native = pipeline.native_side();
        let (x, width) = widened(grown.x, grown.width, native, picture.width());
        let (y, height) = widened(grown.y, grown.height, native, picture.height());
        Self::of(Rect { x, y, width, height }, pipeline.pixels_per_latent(), native)
    }

    /// The region with the margin of [`around`](Self::around), at one of few scales and positions.
    ///
    /// The side of a latent cell in image pixels is one of the [`rungs`], powers of √2 around the unit (at which nothing is resampled). The finest rung is
    /// chosen at which the region with its margin fits; it is at most one step coarser than a free scale, and a region must grow by 40 % to change it by more
    /// than one step. The canvas has one of five [`shapes`], the most square one that fits. It begins at a whole number of cells from the picture's top left
    /// corner, unless the region reaches into the incomplete last cell of the picture: then it ends at the picture's border. Along a side on which it would be
    /// longer than the picture it covers the whole side, and the cells are squeezed. Where no rung is finer than the scale of the whole picture, it is the
    /// whole picture. Along each axis rung and shape together are up to 1.7 times coarser than [`around`](Self::around).
    pub(crate) fn steady(region: Rect, picture: Size, pipeline: &Pipeline) -> Result<Self> {
        Self::on_ladder(region, picture, pipeline.pixels_per_latent(), pipeline.native_side())
    }

    /// [`steady`](Self::steady) for a model of this unit and side, both in canvas pixels.
    pub(crate) fn on_ladder(region: Rect, picture: Size, unit: usize, native: usize) -> Result<Self> {
        let (side, limits) = ((native / unit).max(1), [picture.width(), picture.height()]);
        let margin = region.width.max(region.height) / 2 + 1;
        let spans = [(region.x, region.width), (region.y, region.height)];
        let holds = |shape: &[usize; 2], rung: usize| {
            shape.iter().zip(limits).zip(spans).all(|((cells, limit), (_, length))| {
                // With a spare cell, so that it fits for every position of the region relative to the cells.
                let surrounded = (cells - 1) * rung >= length + 2 * margin && cells * rung >= native.min(limit);
                surrounded || cells * rung >= limit
            })
        };
        let coarsest = (picture.pixels() as f64).sqrt() / side as f64;
        for rung in rungs(unit).take_while(|rung| (*rung as f64) < coarsest) {
            let Some(shape) = shapes(side).into_iter().find(|shape| holds(shape, rung)) else { continue };
            let [columns, rows] = fitted(shape, rung, limits, side);
            let (x, width) = range_along(spans[0], margin, limits[0], columns, rung);
            let (y, height) = range_along(spans[1], margin, limits[1], rows, rung);
            let size = Size::new(columns * unit, rows * unit).map_err(from_edit)?;
            return Ok(Self { rect: Rect { x, y, width, height }, size, unit, rung });
        }
        Self::of(picture.rect(), unit, native)
    }

    fn of(rect: Rect, unit: usize, native: usize) -> Result<Self> {
        let scale = native as f64 / (rect.width as f64 * rect.height as f64).sqrt();
        // Beyond an aspect ratio of 1 : 8 a picture is squeezed: the model was not trained on such pictures, and fewer cells cannot show anything.
        let (least, most) = ((native / 4).max(unit), native * 2);
        let side = |pixels: usize| {
            let wanted = (pixels as f64 * scale).clamp(least as f64, most as f64);
            ((wanted / unit as f64).round() as usize).max(1) * unit
        };
        Ok(Self { rect, size: Size::new(side(rect.width), side(rect.height)).map_err(from_edit)?, unit, rung: 0 })
    }

    /// Side of a latent cell in image pixels on a steady canvas; 0 on one that is the whole picture.
    pub(crate) fn rung(&self) -> usize {
        self.rung
    }

    /// The centre of a latent cell, in image pixels.
    pub(crate) fn place(&self, column: usize, row: usize) -> Point {
        let at = |start: usize, cell: usize, pitch: f64| start as f64 + (cell as f64 + 0.5) * pitch - 0.5;
        let [across, down] = self.pitch();
        Point { x: at(self.rect.x, column, across), y: at(self.rect.y, row, down) }
    }

    /// Column and row of a point of the picture in the lattice of the canvas's rung, which begins at the picture's top left corner; the point may be outside of
    /// this canvas. Adjacent cells of the canvas have adjacent lattice cells, the nearest ones where the canvas is not aligned with the lattice.
    pub(crate) fn lattice_cell(&self, place: Point) -> [i64; 2] {
        let first = |start: usize| (start + self.rung / 2) / self.rung.max(1);
        // Points that rounding moves slightly before the border of a cell count as on it; otherwise a shift by half a cell would skip cells.
        let at = |start: usize, place: f64, pitch: f64| first(start) as i64 + ((place + 0.5 - start as f64) / pitch + 1e-6).floor() as i64;
        let [across, down] = self.pitch();
        [at(self.rect.x, place.x, across), at(self.rect.y, place.y, down)]
    }

    /// Width and height of a latent cell in image pixels.
    fn pitch(&self) -> [f64; 2] {
        let pitch = |pixels: usize, side: usize| (pixels * self.unit) as f64 / side as f64;
        [pitch(self.rect.width, self.size.width()), pitch(self.rect.height, self.size.height())]
    }

    /// Width and height in latent cells.
    pub(crate) fn latent_size(&self) -> Result<Size> {
        Size::new(self.size.width() / self.unit, self.size.height() / self.unit).map_err(from_edit)
    }

    /// The shape `[batch, channels, height, width]` of latents on this canvas.
    pub(crate) fn latent_shape(&self, batch: usize, channels: usize) -> [usize; 4] {
        [batch, channels, self.size.height() / self.unit, self.size.width() / self.unit]
    }

    /// The part of the picture as the autoencoder's input `[1, 3, height, width]`, with values in `[-1, 1]`. Float samples outside of `[0, 1]` are clipped.
    ///
    /// # Errors
    /// `Input` where a sample of this part is NaN or infinite.
    pub(crate) fn tensor(&self, picture: &Image) -> Result<Tensor> {
        self.tensor_of(&picture.crop(self.rect).and_then(|part| part.planes()).map_err(from_edit)?)
    }

    /// [`tensor`](Self::tensor) of planes that have the size of the rectangle.
    pub(crate) fn tensor_of(&self, part: &Planes) -> Result<Tensor> {
        let colours = part.clone().with_colours(3);
        let mut values = Vec::with_capacity(3 * self.size.pixels());
        for plane in colours.colour() {
            // Clipped before it is resized: otherwise values far above 1 would spread to their neighbours.
            let cut: Vec<f32> = plane.iter().map(|value| value.clamp(0.0, 1.0)).collect();
            values.extend(resized(&cut, part.size(), self.size)?.into_iter().map(|value| value.clamp(0.0, 1.0) * 2.0 - 1.0));
        }
        Ok(Tensor::from_vec(values, (1, 3, self.size.height(), self.size.width()), &Device::Cpu)?)
    }

    /// The autoencoder's output `[1, 3, height, width]`, nominally in `[-1, 1]`, as planes of the size of the rectangle with values in `[0, 1]`.
    pub(crate) fn planes(&self, generated: &Tensor) -> Result<Planes> {
        let unit = ((generated.to_device(&Device::Cpu)?.to_dtype(DType::F32)? + 1.0)? * 0.5)?.clamp(0.0, 1.0)?;
        let size = Size::new(self.rect.width, self.rect.height).map_err(from_edit)?;
        let plane = |channel: usize| {
            let values: Vec<f32> = unit.narrow(1, channel, 1)?.flatten_all()?.to_vec1()?;
            resized(&values, self.size, size)
        };
        Planes::new(size, (0..3).map(plane).collect::<Result<_>>()?, None).map_err(from_edit)
    }
}

/// A range, as start and length, widened about its middle to at least `least`, within `0..limit`.
fn widened(start: usize, length: usize, least: usize, limit: usize) -> (usize, usize) {
    let wanted = length.max(least.min(limit));
    let begun = start.saturating_sub((wanted - length) / 2).min(limit - wanted);
    (begun, wanted)
}

/// The possible sides of a latent cell in image pixels on a steady canvas, ascending: unit · √2ᵏ rounded to integers. For a unit of 8: 1, 1, 2, 3, 4, 6, 8,
/// 11, 16, 23, 32, …
fn rungs(unit: usize) -> impl Iterator<Item = usize> {
    let lowest = -2 * unit.max(1).ilog2() as i32;
    (lowest..=32).map(move |power| (unit as f64 * (f64::from(power) * 0.5).exp2()).round().max(1.0) as usize)
}

/// The shapes of a steady canvas, as columns and rows of latent cells, most square first: the area that the model was trained on, `side`², with the aspect
/// ratios 1, 2, ½, 4 and ¼, rounded to multiples of `side` / 8 or 8 cells, whichever is smaller.
fn shapes(side: usize) -> [[usize; 2]; 5] {
    let step = (side / 8).clamp(1, STRIDE);
    let cells = |factor: f64| (((side as f64 * factor / step as f64).round() as usize).max(1) * step).min(2 * side);
    let [half, less, whole, more, double] = [0.5, std::f64::consts::FRAC_1_SQRT_2, 1.0, std::f64::consts::SQRT_2, 2.0].map(cells);
    [[whole, whole], [more, less], [less, more], [double, half], [half, double]]
}

/// The shape limited to the cells of the picture along each side; where that shortens one side, the other grows to keep the area.
fn fitted([columns, rows]: [usize; 2], rung: usize, limits: [usize; 2], side: usize) -> [usize; 2] {
    let [across, down] = limits.map(|pixels| pixels.div_ceil(rung).max(side.div_ceil(4)));
    let beside = |other: usize| (side * side / other).min(2 * side);
    let wider = if down < rows { columns.max(beside(down)) } else { columns };
    let taller = if across < columns { rows.max(beside(across)) } else { rows };
    [wider.min(across), taller.min(down)]
}

/// The range of a canvas of `cells` along one side, as first pixel and length, that contains a range of the region, as first pixel and length, with its
/// margin.
fn range_along((start, length): (usize, usize), margin: usize, limit: usize, cells: usize, rung: usize) -> (usize, usize) {
    let whole = cells * rung;
    if whole >= limit {
        return (0, limit);
    }
    let (from, to) = (start.saturating_sub(margin), (start + length + margin).min(limit));
    // The first and the last position, in cells, at which the range is inside.
    let (first, last) = (to.saturating_sub(whole).div_ceil(rung), from.min(limit - whole) / rung);
    if first <= last {
        return (preferred_position(first, last) * rung, whole);
    }
    // The last cell of the picture is incomplete.
    let end = (limit - whole) / rung * rung;
    (if end + whole >= start + length { end } else { limit - whole }, whole)
}

/// The number in `first..=last` nearest to their middle that is a multiple of [`STRIDE`], or of its largest divisor with a multiple in the range. It never
/// decreases while both bounds increase, and changes rarely.
fn preferred_position(first: usize, last: usize) -> usize {
    let mut step = STRIDE;
    while first.next_multiple_of(step) > last {
        step /= 2;
    }
    let nearest = (first.midpoint(last) + step / 2) / step * step;
    nearest.clamp(first.next_multiple_of(step), last / step * step)
}

/// A plane in another size: unchanged for the same size, Lanczos for smaller sizes, Catmull-Rom for larger ones; both keep edges sharp.
fn resized(plane: &[f32], from: Size, to: Size) -> Result<Vec<f32>> {
    if from == to {
        return Ok(plane.to_vec());
    }
    let filter = if to.pixels() < from.pixels() { FilterType::Lanczos3 } else { FilterType::CatmullRom };
    let buffer = ImageBuffer::<Luma<f32>, _>::from_raw(from.width() as u32, from.height() as u32, plane.to_vec());
    let Some(buffer) = buffer else {
        return Err(Error::new(ErrorKind::Internal, format!("a plane of {} values is not {from}", plane.len())));
    };
    Ok(resize(&buffer, to.width() as u32, to.height() as u32, filter).into_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_grow_about_their_middle_and_stay_within() {
        for ((start, length, least, limit), expected) in [
            ((40, 20, 60, 200), (20, 60)),
            ((5, 20, 60, 200), (0, 60)),
            ((180, 20, 60, 200), (140, 60)),
            ((10, 100, 60, 200), (10, 100)),
            ((10, 20, 600, 200), (0, 200)),
            ((0, 1, 1, 1), (0, 1)),
        ] {
            assert_eq!(widened(start, length, least, limit), expected);
        }
    }

    #[test]
    fn rungs_are_whole_pixels_and_hold_the_unit() {
        for (unit, expected) in
            [(8, vec![1, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45]), (4, vec![1, 1, 2, 3, 4, 6, 8]), (1, vec![1, 1, 2, 3, 4])]
        {
            assert_eq!(rungs(unit).take(expected.len()).collect::<Vec<_>>(), expected);
        }
        assert_eq!(shapes(64), [[64, 64], [88, 48], [48, 88], [128, 32], [32, 128]]);
        assert_eq!(shapes(1), [[1, 1], [1, 1], [1, 1], [2, 1], [1, 2]]);
    }

    /// Sizes of films and odd sizes; the tests combine them with regions of several sizes and positions.
    const FILMS: [(usize, usize); 8] =
        [(1920, 1080), (1280, 720), (854, 480), (3840, 2160), (1001, 777), (513, 2049), (4000, 99), (720, 576)];
    const REGIONS: [(usize, usize); 5] = [(150, 260), (40, 30), (300, 80), (31, 400), (97, 97)];

    #[test]
    fn a_region_that_shifts_keeps_its_rung_and_stays_on_the_lattice() {
        let mut ladders = 0;
        for ((width, height), (across, down)) in FILMS.into_iter().flat_map(|film| REGIONS.map(|region| (film, region))) {
            let (picture, down) = (Size::new(width, height).unwrap(), down.min(height));
            for [left, top] in [[0, 0], [width / 3, height / 3], [width - across, height - down]] {
                let mut seen = Vec::new();
                for shift in [0, 1, 2, 3, 5, 8, 13, 21, 34, 40] {
                    let place = |start: usize, room: usize| if start == room { room - shift.min(room) } else { (start + shift).min(room) };
                    let region = Rect { x: place(left, width - across), y: place(top, height - down), width: across, height: down };
                    let canvas = Canvas::on_ladder(region, picture, 8, 512).unwrap();
                    check(&canvas, region, picture, 512);
                    seen.push((canvas.rung, canvas.size, canvas.rect));
                }
                let name = format!("{across}×{down} from ({left}, {top}) on {picture}: {seen:?}");
                assert!(seen.iter().all(|(rung, size, _)| (rung, size) == (&seen[0].0, &seen[0].1)), "{name}");
                // Never backwards, and in steps of 8 cells where the margin allows it.
                let steps = seen.windows(2).filter(|pair| pair[0].2 != pair[1].2).count();
                assert!(steps <= 3, "{name}");
                ladders += usize::from(seen[0].0 > 0);
            }
        }
        assert!(ladders > 80, "{ladders} of the canvases are on the ladder");
    }

    /// Properties of every steady canvas.
    fn check(canvas: &Canvas, region: Rect, picture: Size, native: usize) {
        let (rect, size, rung) = (canvas.rect, canvas.size, canvas.rung);
        let name = format!("{region} on {picture}: {canvas:?}");
        assert!(rect.width > 0 && rect.height > 0 && rect.right() <= picture.width() && rect.bottom() <= picture.height(), "{name}");
        assert!(rect.grown(0, picture) == rect && size.width() % canvas.unit == 0 && size.height() % canvas.unit == 0, "{name}");
        assert!(size.width() <= 8 * size.height() && size.height() <= 8 * size.width(), "{name}");
        assert!(size.width().max(size.height()) <= 2 * native && size.width().min(size.height()) >= native / 4, "{name}");
        if rung == 0 {
            assert_eq!(rect, picture.rect(), "{name}");
            return;
        }
        let share = size.pixels() as f64 / (native * native) as f64;
        assert!((0.45..1.2).contains(&share), "{name}: {share}");
        let wanted = region.grown(region.width.max(region.height) / 2 + 1, picture);
        let axes = [
            (rect.x, rect.width, region.x, region.width, wanted.x, wanted.right(), picture.width(), size.width()),
            (rect.y, rect.height, region.y, region.height, wanted.y, wanted.bottom(), picture.height(), size.height()),
        ];
        for (start, length, own, own_length, from, to, limit, side) in axes {
            let cells = side / canvas.unit;
            // The incomplete cell at the border may be left out where the region does not reach it.
            assert!(start <= from && start + length + rung > to && start <= own && start + length >= own + own_length, "{name}");
            assert!(length == cells * rung || length == limit, "{name}");
            assert!(start.is_multiple_of(rung) || start + length == limit, "{name}");
        }
    }

    #[test]
    fn steady_canvases_suit_pictures_and_regions_of_every_size() {
        for (unit, native) in [(8, 512), (8, 1024), (8, 128), (4, 64), (2, 8), (1, 1)] {
            for (width, height) in [(1, 1), (3, 200), (7, 1000), (64, 64), (129, 127), (520, 515), (1023, 1500), (65_000, 2), (60, 9000)] {
                let picture = Size::new(width, height).unwrap();
                for (x, y) in [(0, 0), (width / 2, height / 3), (width - 1, height - 1)] {
                    for length in [1, 9, 100, 600, 70_000] {
                        let region = Rect { x, y, width: length.min(width - x), height: length.min(height - y) };
                        let canvas = Canvas::on_ladder(region, picture, unit, native).unwrap();
                        assert_eq!(canvas.rect.grown(0, picture), canvas.rect);
                        if native >= 64 {
                            check(&canvas, region, picture, native);
                        }
                    }
                }
            }
        }
    }
}
