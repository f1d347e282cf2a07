//! What edits come to for this engine: which items leave their pixels, and what is laid where.

use dedit_edit::{ChangeKind, Edit, EditPlan, Error, ErrorKind, Image, ItemMask, ItemRef, Placement, Rect, Result, Sides, Size};
use dedit_schema::Verb;

/// What becomes of an item's pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// They stay.
    Kept,
    /// They are filled with what lies behind: the item goes away, or is laid somewhere.
    Leaves,
    /// Some stay, some are given up, and some are added to them.
    Reshaped,
}

/// Where an inserted item goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Where the plan moves it.
    Moved(Placement),
    /// Into this box, as large as it fits without distortion, standing on its lower edge.
    Box(Rect),
}

/// An item that is laid into the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Insert {
    /// The item of the picture whose place it takes.
    pub(super) item: usize,
    /// What is shown there.
    pub(super) from: ItemRef,
    /// Where.
    pub(super) place: Place,
    /// Whether light and colour are matched to the new surroundings.
    pub(super) relit: bool,
}

/// The edits of a picture, by pixel.
pub(super) struct Scene<'a> {
    pub(super) picture: &'a Image,
    pub(super) plan: &'a EditPlan,
    pub(super) size: Size,
    /// The smallest rectangle around the pixels that may change.
    pub(super) region: Rect,
    /// By the number of an item before the edits.
    pub(super) roles: Vec<Role>,
    /// The first lies in front.
    pub(super) inserts: Vec<Insert>,
    /// The regions to fill again.
    pub(super) refined: Vec<&'a ItemMask>,
    /// By the number of an item after the edits: its number before.
    numbers: Vec<u16>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(picture: &'a Image, plan: &'a EditPlan, edits: &'a [Edit]) -> Result<Self> {
        edits.iter().try_for_each(check)?;
        plan.before().check_picture(picture)?;
        let numbers = plan.after().names().iter().map(|name| Ok(plan.before().item(name)? as u16)).collect::<Result<_>>()?;
        let size = picture.size();
        let mut scene = Self {
            picture,
            plan,
            size,
            region: plan.region().unwrap_or(size.rect()),
            roles: vec![Role::Kept; plan.before().names().len()],
            inserts: Vec::new(),
            refined: Vec::new(),
            numbers,
        };
        edits.iter().try_for_each(|edit| scene.read(edit))?;
        Ok(scene)
    }

    fn read(&mut self, edit: &'a Edit) -> Result<()> {
        match edit {
            Edit::Remove { items, .. } => items.iter().try_for_each(|item| self.leaves(item).map(|_| ())),
            Edit::Move { item, .. } => {
                let place = Place::Moved(self.placement(item)?);
                self.insert(item, ItemRef::target(item), place, false)
            }
            Edit::Reshape { item, .. } => {
                let number = self.plan.before().item(item)?;
                self.roles[number] = Role::Reshaped;
                Ok(())
            }
            Edit::Swap { item, with } => [(item, with), (with, item)].into_iter().try_for_each(|(item, other)| {
                let place = Place::Box(self.plan.before().bounding_boxes()[self.plan.before().item(other)?]);
                self.insert(item, ItemRef::target(item), place, true)
            }),
            Edit::SwapIn { item, from } => {
                let place = Place::Box(self.after(item)?);
                self.insert(item, from.clone(), place, true)
            }
            Edit::Refine { mask } => {
                self.refined.push(mask);
                Ok(())
            }
            // Refused before, or without a part in what follows.
            Edit::Reconstruct
            | Edit::Expand { .. }
            | Edit::Replace { .. }
            | Edit::Augment { .. }
            | Edit::Blend { .. }
            | Edit::Personalize { .. } => Ok(()),
        }
    }

    fn leaves(&mut self, item: &str) -> Result<usize> {
        let number = self.plan.before().item(item)?;
        self.roles[number] = Role::Leaves;
        Ok(number)
    }

    /// An item that is moved and becomes another one is laid once: as the other, where the move goes.
    fn insert(&mut self, item: &str, from: ItemRef, place: Place, relit: bool) -> Result<()> {
        let number = self.leaves(item)?;
        let insert = Insert { item: number, from, place, relit };
        match self.inserts.iter_mut().find(|known| known.item == number) {
            Some(known) if insert.from != ItemRef::target(item) => *known = insert,
            Some(_) => {}
            None => self.inserts.push(insert),
        }
        Ok(())
    }

    fn placement(&self, item: &str) -> Result<Placement> {
        let mut placements = self.plan.changes().iter().filter(|change| change.item == item).filter_map(|change| match change.kind {
            ChangeKind::Moved(placement) => Some(placement),
            _ => None,
        });
        placements.next_back().ok_or_else(|| other_plan(item))
    }

    /// Where an item will be.
    fn after(&self, item: &str) -> Result<Rect> {
        self.plan.changes().iter().find(|change| change.item == item).and_then(|change| change.after).ok_or_else(|| other_plan(item))
    }

    /// The item of a pixel before the edits.
    pub(super) fn before(&self, x: usize, y: usize) -> usize {
        usize::from(self.plan.before().labels()[y * self.size.width() + x])
    }

    /// The item of a pixel after the edits, by its number before.
    pub(super) fn after_at(&self, x: usize, y: usize) -> usize {
        usize::from(self.numbers[usize::from(self.plan.after().labels()[y * self.size.width() + x])])
    }

    /// How far a pixel may change, 0 … 1. The plan's ring falls slowly, for networks that blend; here only its outer quarter fades.
    pub(super) fn room(&self, x: usize, y: usize) -> f32 {
        (self.plan.change().values()[y * self.size.width() + x] * 4.0).min(1.0)
    }

    pub(super) fn role_at(&self, x: usize, y: usize) -> Role {
        self.roles[self.before(x, y)]
    }

    /// Whether what has to be filled is what leaving items leave, which a clean plate shows.
    pub(super) fn only_leaves(&self) -> bool {
        self.refined.is_empty() && self.plan.sides().is_none() && !self.roles.contains(&Role::Reshaped)
    }

    /// Where the old pixels of an expanded canvas lie.
    pub(super) fn old(&self) -> Option<Rect> {
        let Sides { left, top, right, bottom } = self.plan.sides()?;
        Some(Rect { x: left, y: top, width: self.size.width() - left - right, height: self.size.height() - top - bottom })
    }
}

/// Refuses edits that need words to become pixels.
pub(super) fn check(edit: &Edit) -> Result<()> {
    if !Verb::from_id(edit.verb()).is_some_and(Verb::needs_model) {
        return Ok(());
    }
    let message = format!("{} needs a diffusion model, and {} is none", edit.verb(), crate::NAME);
    Err(Error::new(ErrorKind::Model, message).hint(
        "fetch one in D-Edit's window Models, or with `dedit model fetch NAME`; or name the folder or file of a Stable Diffusion checkpoint: in a \
         dialog under More, Model; on the command line by --model",
    ))
}

fn other_plan(item: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the plan does not say where item '{item}' goes"))
}
