//! Fills the hole from other frames of the film.

use dedit_edit::{EngineEvent, Image, Listener, NearestSites, Neighbour, Planes, Rect, Result, Window};

use super::area::pixels;
use super::hole::Hole;
use super::paint::lay;
use super::scene::{Role, Scene};
use crate::fill::level::compressed;
use crate::fill::{Workers, window};
use crate::film::{self, ANY, Frame, Other, Shown};

/// The label of pixels that show an item which the edited picture does not have.
const UNKNOWN: u16 = u16::MAX - 1;

/// Fills what other frames show of the hole, in `result`, and marks it as shown; gives the rectangles that have changed. Frames that do not fit are left out.
pub(super) fn fill(
    scene: &Scene<'_>,
    hole: &mut Hole<'_>,
    neighbours: &[Neighbour],
    result: &mut Image,
    workers: &dyn Workers,
    listener: &mut Listener<'_>,
) -> Result<Vec<Rect>> {
    // Of a region that is to be made again, and of an item that grows, other frames show what is not wanted or not there.
    let usable: Vec<&Neighbour> = neighbours.iter().filter(|other| scene.only_leaves() && fits(scene, other)).collect();
    if usable.is_empty() {
        return Ok(Vec::new());
    }
    let mut changed = Vec::new();
    for cluster in hole.clusters() {
        let window = window(cluster, scene.size);
        let shown = shown(scene, hole, &usable, (cluster, window), workers, listener)?;
        if shown.pixels.is_empty() {
            continue;
        }
        let mut planes = Window::read(result, window, scene.picture.channels().colours())?.planes.colour().to_vec();
        let mut is_shown = vec![false; window.width * window.height];
        for (at, colour) in shown.pixels.iter().map(|at| *at as usize).zip(&shown.colours) {
            planes.iter_mut().zip(colour).for_each(|(plane, value)| plane[at] = *value);
            is_shown[at] = true;
            hole.show(window.x + at % window.width, window.y + at / window.width);
        }
        let weight = |x: usize, y: usize| {
            if is_shown[(y - window.y) * window.width + x - window.x] { hole.weight(x, y) } else { 0.0 }
        };
        lay(result, &Planes::new(window.size()?, planes, None)?, window, weight)?;
        changed.push(cluster);
    }
    Ok(changed)
}

fn fits(scene: &Scene<'_>, other: &Neighbour) -> bool {
    let is_same = |picture: &Image| picture.size() == scene.size && picture.channels().colours() == scene.picture.channels().colours();
    other.offset.is_finite() && is_same(&other.picture) && other.items.size() == scene.size
}

/// What other frames show of a part of the hole.
fn shown(
    scene: &Scene<'_>,
    hole: &Hole<'_>,
    neighbours: &[&Neighbour],
    (cluster, window): (Rect, Rect),
    workers: &dyn Workers,
    listener: &mut Listener<'_>,
) -> Result<Shown> {
    let read = Window::read(scene.picture, window, scene.picture.channels().colours())?;
    let known = pixels(window).enumerate().map(|(index, (x, y))| read.finite[index] && read.is_visible(index) && hole.is_source(x, y));
    let known: Vec<bool> = known.collect();
    let holes: Vec<bool> = pixels(window).map(|(x, y)| cluster.contains(x, y) && hole.is_hole(x, y)).collect();
    let label = |(index, (x, y)): (usize, (usize, usize))| {
        if holes[index] { hole.heir(x, y).unwrap_or(ANY) } else { scene.before(x, y) as u16 }
    };
    let labels: Vec<u16> = pixels(window).enumerate().map(label).collect();
    let reach = film::reach(window, scene.size);
    let others = neighbours.iter().map(|other| read_other(scene, hole, other, (window, reach)));
    let others: Vec<Other> = others.collect::<Result<_>>()?;
    let frame = Frame { planes: &read.planes, known: &known, hole: &holes, labels: &labels };
    let mut going = || Ok(listener(EngineEvent::Poll)?.is_continue());
    film::shown(&frame, &others, workers, &mut going)?.ok_or_else(dedit_edit::Error::cancelled)
}

/// The part `reach` of another frame.
fn read_other(scene: &Scene<'_>, hole: &Hole<'_>, other: &Neighbour, (window, reach): (Rect, Rect)) -> Result<Other> {
    let colours = scene.picture.channels().colours();
    let read = Window::read(&other.picture, reach, colours)?;
    let numbers = other.items.names().iter().map(|name| scene.plan.before().item(name).map_or(UNKNOWN, |item| item as u16));
    let numbers: Vec<u16> = numbers.collect();
    let labels = pixels(reach).map(|(x, y)| numbers[usize::from(other.items.labels()[y * scene.size.width() + x])]);
    let labels: Vec<u16> = labels.collect();
    let leaves = |label: u16| label == UNKNOWN || scene.roles[usize::from(label)] == Role::Leaves;
    // As far around what leaves as in the edited picture, and where its shadow is if that goes along.
    let near = NearestSites::new(reach.size()?, |index| leaves(labels[index]));
    let edge = hole.edge();
    let shifts = shifts(scene, other);
    let is_shade = |x: usize, y: usize| {
        shifts.iter().any(|(dx, dy)| {
            let (x, y) = (x.wrapping_add_signed(-dx), y.wrapping_add_signed(-dy));
            x < scene.size.width() && y < scene.size.height() && hole.is_hole(x, y)
        })
    };
    let is_known = |(index, (x, y)): (usize, (usize, usize))| {
        let is_far = near.as_ref().is_none_or(|near| near.distance(index) > edge);
        is_far && read.finite[index] && read.is_visible(index) && !is_shade(x, y)
    };
    let known = pixels(reach).enumerate().map(is_known).collect();
    // With an item laid in, it is no ground any more.
    let edited = other.edited.as_ref().filter(|edited| {
        scene.inserts.is_empty() && other.offset < 0.0 && edited.size() == scene.size && edited.channels().colours() == colours
    });
    let edited = edited.map(|edited| compressed_planes(&Window::read(edited, reach, colours)?.planes)).transpose()?;
    let origin = (reach.x as i64 - window.x as i64, reach.y as i64 - window.y as i64);
    Ok(Other { offset: other.offset, origin, planes: compressed_planes(&read.planes)?, known, labels, edited })
}

/// How far each item that leaves has moved, as far as it is in both frames.
fn shifts(scene: &Scene<'_>, other: &Neighbour) -> Vec<(isize, isize)> {
    let (before, boxes) = (scene.plan.before(), other.items.bounding_boxes());
    let middle = |rect: Rect| ((2 * rect.x + rect.width) as isize, (2 * rect.y + rect.height) as isize);
    let shift = |(number, name): (usize, &String)| {
        let item = before.item(name).ok().filter(|item| scene.roles[*item] == Role::Leaves)?;
        let ((from_x, from_y), (to_x, to_y)) = (middle(before.bounding_boxes()[item]), middle(boxes[number]));
        Some(((to_x - from_x).div_euclid(2), (to_y - from_y).div_euclid(2)))
    };
    other.items.names().iter().enumerate().filter_map(shift).collect()
}

fn compressed_planes(planes: &Planes) -> Result<Planes> {
    let colour = planes.colour().iter().map(|plane| plane.iter().map(|value| compressed(*value)).collect()).collect();
    Planes::new(planes.size(), colour, None)
}
