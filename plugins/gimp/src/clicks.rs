//! The clicks and the box that say where an item is.

/// What is known of an item that is looked for, in pixels of the picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Clicks {
    pub(crate) inside: Vec<[usize; 2]>,
    pub(crate) outside: Vec<[usize; 2]>,
    /// Left, top, width and height.
    pub(crate) region: Option<[usize; 4]>,
}

impl Clicks {
    /// With one place more, of the item or beside it. A place that was said to be the other is so no more.
    pub(crate) fn with(&self, (x, y): (usize, usize), is_inside: bool) -> Self {
        let mut clicks = self.clone();
        let (to, from) = if is_inside { (&mut clicks.inside, &mut clicks.outside) } else { (&mut clicks.outside, &mut clicks.inside) };
        from.retain(|place| *place != [x, y]);
        if !to.contains(&[x, y]) {
            to.push([x, y]);
        }
        clicks
    }

    /// A box with these corners.
    pub(crate) fn in_box(a: (usize, usize), b: (usize, usize)) -> Self {
        let (left, top) = (a.0.min(b.0), a.1.min(b.1));
        let region = [left, top, a.0.max(b.0) - left + 1, a.1.max(b.1) - top + 1];
        Self { region: Some(region), ..Self::default() }
    }

    /// Whether there is nothing of the item itself.
    pub(crate) fn is_empty(&self) -> bool {
        self.inside.is_empty() && self.region.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_of_the_item_or_not() {
        let clicks = Clicks::default().with((3, 4), true).with((3, 4), true).with((5, 5), false);
        assert_eq!((clicks.inside.as_slice(), clicks.outside.as_slice()), (&[[3, 4]][..], &[[5, 5]][..]));
        let clicks = clicks.with((3, 4), false);
        assert_eq!((clicks.inside.len(), clicks.outside.as_slice(), clicks.is_empty()), (0, &[[5, 5], [3, 4]][..], true));
        assert_eq!(Clicks::in_box((9, 2), (5, 7)).region, Some([5, 2, 5, 6]));
        assert!(!Clicks::in_box((9, 2), (9, 2)).is_empty());
    }
}
