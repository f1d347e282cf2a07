//! Pixels added around a picture, by edits that expand the canvas.

use dedit_protocol::request::EditVerb;
use dedit_schema::{Id, Values};
use serde::{Deserialize, Serialize};

/// Pixels added at each side. Records of results in files have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sides {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) top: u32,
    pub(crate) bottom: u32,
}

impl Sides {
    /// What an edit adds.
    pub(crate) fn of(edit: &EditVerb) -> Self {
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        match *edit {
            EditVerb::Expand { left, right, top, bottom, .. } => {
                Self { left: side(left), right: side(right), top: side(top), bottom: side(bottom) }
            }
            _ => Self::default(),
        }
    }

    /// What the values of a dialog add.
    pub(crate) fn of_values(values: &Values) -> Self {
        let [left, right, top, bottom] = [Id::Left, Id::Right, Id::Top, Id::Bottom].map(|id| values.whole(id).unwrap_or(0));
        Self { left, right, top, bottom }
    }

    /// Whether nothing is added.
    pub(crate) fn is_none(self) -> bool {
        self == Self::default()
    }

    fn each(self, other: Self, change: impl Fn(u32, u32) -> u32) -> Self {
        Self {
            left: change(self.left, other.left),
            right: change(self.right, other.right),
            top: change(self.top, other.top),
            bottom: change(self.bottom, other.bottom),
        }
    }

    /// The larger of both at each side.
    pub(crate) fn union(self, other: Self) -> Self {
        self.each(other, u32::max)
    }

    /// One after the other.
    pub(crate) fn plus(self, other: Self) -> Self {
        self.each(other, u32::saturating_add)
    }

    /// What is left of it without the other.
    pub(crate) fn minus(self, other: Self) -> Self {
        self.each(other, u32::saturating_sub)
    }

    /// The size of a picture with these pixels.
    pub(crate) fn grown(self, (width, height): (u32, u32)) -> (u32, u32) {
        let sum = |length: u32, one: u32, other: u32| length.saturating_add(one).saturating_add(other);
        (sum(width, self.left, self.right), sum(height, self.top, self.bottom))
    }

    /// The size of a picture without these pixels.
    pub(crate) fn shrunk(self, (width, height): (u32, u32)) -> (u32, u32) {
        let rest = |length: u32, one: u32, other: u32| length.saturating_sub(one).saturating_sub(other);
        (rest(width, self.left, self.right), rest(height, self.top, self.bottom))
    }

    /// How far the old picture's left upper corner lies within the larger one: right and down.
    pub(crate) fn corner(self) -> (i32, i32) {
        let side = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
        (side(self.left), side(self.top))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_add_up() {
        let (one, other) = (Sides { left: 3, ..Sides::default() }, Sides { left: 1, bottom: 2, ..Sides::default() });
        assert_eq!(one.plus(other), Sides { left: 4, bottom: 2, ..Sides::default() });
        assert_eq!(one.union(other), Sides { left: 3, bottom: 2, ..Sides::default() });
        assert_eq!(one.plus(other).minus(other), one);
        assert_eq!((other.grown((10, 10)), other.shrunk((11, 12)), one.corner()), ((11, 12), (10, 10), (3, 0)));
        // A file may say anything.
        let most = Sides { left: u32::MAX, right: u32::MAX, ..Sides::default() };
        assert_eq!((most.grown((1, 1)).0, most.shrunk((1, 1)).0, most.corner().0), (u32::MAX, 0, i32::MAX));
    }
}
