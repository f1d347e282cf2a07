//! The engine without weights: what an edit needs is copied from the picture itself.
//!
//! The way of an edit: `scene` says what becomes of each item; `draw` cuts out (`cutout`, `light`) what is laid elsewhere; `shadow` finds shadows; `hole`
//! collects what has to be filled; `frames` fills what other frames of a film show of it, `paint` the rest, one window after another; at last the items
//! are laid where they go (`layer`).

mod area;
mod cutout;
mod draw;
mod frames;
mod ground;
mod hole;
mod layer;
mod learned;
mod light;
mod paint;
mod scene;
mod shadow;

use std::ops::ControlFlow;
use std::sync::Arc;

use dedit_edit::{
    Edit, EditOptions, Edited, Engine, EngineEvent, Error, ErrorKind, Image, LearnOptions, Learned, Listener, Picture, Rect, Result, Size,
    Stage, Subject, Window, Work, changed_outside,
};

use self::area::Area;
use self::draw::Sprite;
use self::hole::Hole;
use self::learned::Nothing;
use self::scene::{Role, Scene};
use crate::fill::{Workers, window};

/// Bytes per pixel of a window while it is filled: colours as floats and what is known of each pixel.
const OF_WINDOW: u64 = 64;
/// Bytes per pixel of a result: samples of 32 bits, four of them.
const OF_RESULT: u64 = 16;
/// Most pixels of a window that is taken for granted.
const WINDOW: u64 = 1 << 20;

/// An engine that removes, moves and inserts items by what pictures show. It learns nothing, and knows no words.
pub struct Patches {
    workers: Box<dyn Workers + Send>,
}

impl Patches {
    /// An engine that computes on these threads.
    pub fn new(workers: Box<dyn Workers + Send>) -> Self {
        Self { workers }
    }
}

impl Engine for Patches {
    fn description(&self) -> &'static str {
        "Patches (no weights)"
    }

    fn fingerprint(&self) -> &'static str {
        "patches 1"
    }

    fn learns(&self) -> bool {
        false
    }

    fn draft(&self, pictures: &[Subject<'_>], _: &LearnOptions) -> Result<Arc<dyn Learned>> {
        Nothing::of(pictures)
    }

    fn check_state(&self, _: &[Subject<'_>], _: &LearnOptions, _: &[u8]) -> Result<()> {
        Err(Error::new(ErrorKind::Input, "there is no learning to go on with").hint("edit at once: nothing has to be learned"))
    }

    fn learn(&mut self, pictures: &[Subject<'_>], _: &LearnOptions, _: Option<&[u8]>, _: &mut Listener<'_>) -> Result<Arc<dyn Learned>> {
        Nothing::of(pictures)
    }

    fn read_learned(&self, _: &[u8]) -> Result<Arc<dyn Learned>> {
        Nothing::of(&[])
    }

    fn same_inputs(&self, _: &dyn Learned, _: &dyn Learned) -> bool {
        true
    }

    /// What is carried elsewhere takes its shadow along: then everything is done at once.
    fn canvas(&self, region: Rect, picture: Size, edits: &[Edit], _: &EditOptions) -> Rect {
        let stays = |edit: &Edit| matches!(edit, Edit::Remove { .. } | Edit::Refine { .. });
        if edits.iter().all(stays) { window(region, picture) } else { picture.rect() }
    }

    fn edit(&mut self, learned: &dyn Learned, work: &Work<'_>, listener: &mut Listener<'_>) -> Result<Edited> {
        let &Work { picture, plan, edits, .. } = work;
        let scene = Scene::new(picture, plan, edits)?;
        let (result, region) = if edits.contains(&Edit::Reconstruct) {
            (picture.clone(), scene.region)
        } else {
            check_visible(&scene)?;
            run(&scene, learned, work, self.workers.as_ref(), listener)?
        };
        let (before, after, change) = (picture.crop(region)?, result.crop(region)?, plan.change().crop(region)?);
        Ok(Edited {
            changed_pixels_outside: changed_outside(&before, &after, &change)?,
            picture: result,
            region,
            steps: 0,
            settings: r#"{"engine":"patches"}"#.to_owned(),
        })
    }

    fn least_memory(&self, size: Size) -> u64 {
        let pixels = size.pixels() as u64;
        OF_RESULT * pixels + OF_WINDOW * pixels.min(WINDOW)
    }
}

/// The edited picture, and the rectangle around what has changed.
fn run(
    scene: &Scene<'_>,
    learned: &dyn Learned,
    work: &Work<'_>,
    workers: &dyn Workers,
    listener: &mut Listener<'_>,
) -> Result<(Image, Rect)> {
    go_on(listener, EngineEvent::Step { stage: Stage::Filling, step: 0, of: paint::STEPS, loss: None, seconds_left: None })?;
    let mut sprites = sprites(scene, learned)?;
    go_on(listener, EngineEvent::Poll)?;
    let mut covered = Area::new(scene.region);
    for sprite in &sprites {
        sprite.cover(scene, &mut covered);
    }
    let shadows = shadows(scene)?;
    go_on(listener, EngineEvent::Poll)?;
    let areas: Vec<Area<u8>> = shadows.iter().map(|(_, area)| area.clone()).collect();
    let mut result = scene.picture.clone();
    let mut changed = if let Some(plate) = work.plate.filter(|_| scene.only_leaves()) {
        vec![paint::lay_plate(scene, plate, &mut result)?]
    } else {
        let mut hole = Hole::new(scene, &covered, &areas)?;
        go_on(listener, EngineEvent::Poll)?;
        let mut changed = frames::fill(scene, &mut hole, work.neighbours, &mut result, workers, listener)?;
        changed.extend(paint::paint(scene, &hole, work.options.seed, &mut result, workers, listener)?);
        changed
    };
    for (item, shadow) in &shadows {
        for sprite in sprites.iter_mut().filter(|sprite| sprite.item == *item && sprite.has_own_shadow()) {
            sprite.take_shadow(scene, &result, shadow)?;
        }
    }
    // The first lies in front.
    for sprite in sprites.iter().rev() {
        changed.extend(sprite.draw(scene, &mut result)?);
    }
    Ok((result, changed.into_iter().reduce(Rect::hull).unwrap_or(scene.region)))
}

/// An error where the listener says to stop.
fn go_on(listener: &mut Listener<'_>, event: EngineEvent<'_>) -> Result<()> {
    match listener(event)? {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::cancelled()),
    }
}

fn sprites(scene: &Scene<'_>, learned: &dyn Learned) -> Result<Vec<Sprite>> {
    let sprite = |insert: &scene::Insert| {
        let source = match insert.from.picture {
            Picture::Target => (scene.picture, scene.plan.before()),
            Picture::Reference => Nothing::reference(learned)?,
        };
        Sprite::new(scene, insert, source)
    };
    scene.inserts.iter().map(sprite).collect()
}

/// The shadows of the items that leave their pixels.
fn shadows(scene: &Scene<'_>) -> Result<Vec<(usize, Area<u8>)>> {
    let leaving = (0..scene.roles.len()).filter(|item| scene.roles[*item] == Role::Leaves);
    let found = leaving.map(|item| Ok(shadow::shadow(scene, item)?.map(|shadow| (item, shadow))));
    found.filter_map(Result::transpose).collect()
}

/// Fails where nothing that may change is visible: the edit would not be, either.
fn check_visible(scene: &Scene<'_>) -> Result<()> {
    if !scene.picture.channels().has_alpha() {
        return Ok(());
    }
    let window = Window::read(scene.picture, scene.region, scene.picture.channels().colours())?;
    let mut inside = area::pixels(scene.region).enumerate();
    if inside.any(|(index, (x, y))| window.is_visible(index) && scene.room(x, y) > 0.0) {
        return Ok(());
    }
    let message = format!("the region to edit, {}, is fully transparent, and alpha stays as it is", scene.region);
    Err(Error::input(message).hint("make it visible first, or edit another region"))
}
