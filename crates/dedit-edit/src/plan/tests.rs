use proptest::prelude::*;

use super::*;
use crate::edit::Vacated;
use crate::geometry::{Point, Size, Transform};
use crate::image::Samples;
use crate::prompt::{ItemRef, PromptPiece};

fn size(width: usize, height: usize) -> Size {
    Size::new(width, height).unwrap()
}

/// A room of 40×30: a wall, a table along the bottom, a ball in front of the wall and a box on the table.
fn room() -> Segmentation {
    let size = size(40, 30);
    let masks = [
        ("ball", ItemMask::from_fn(size, |x, y| (5..11).contains(&x) && (5..11).contains(&y))),
        ("box", ItemMask::from_fn(size, |x, y| (24..32).contains(&x) && (16..26).contains(&y))),
        ("table", ItemMask::from_fn(size, |_, y| y >= 20)),
    ];
    Segmentation::from_masks(size, &masks.map(|(name, mask)| (name.to_owned(), mask)), "wall").unwrap()
}

fn remove(names: &[&str], vacated: Vacated) -> Edit {
    Edit::Remove { items: names.iter().map(|name| (*name).to_owned()).collect(), vacated }
}

fn shift(item: &str, dx: f64, dy: f64) -> Edit {
    Edit::Move { item: item.to_owned(), transform: Transform::shift(dx, dy), vacated: Vacated::Nearest }
}

fn replace(item: &str, prompt: &str) -> Edit {
    Edit::Replace { item: item.to_owned(), prompt: prompt.to_owned() }
}

fn plan(edits: &[Edit]) -> EditPlan {
    EditPlan::new(&room(), Some(&room()), edits, &PlanSettings { ring: Ring::Distance(3.0), ..PlanSettings::default() }).unwrap()
}

fn owner(segmentation: &Segmentation, x: usize, y: usize) -> &str {
    &segmentation.names()[usize::from(segmentation.labels()[y * segmentation.size().width() + x])]
}

fn own(item: &str) -> PromptPiece {
    PromptPiece::Tokens(ItemRef::target(item))
}

fn words(text: &str) -> PromptPiece {
    PromptPiece::Words(text.to_owned())
}

#[test]
fn each_verb_gives_its_items_their_prompts() {
    let reference = ItemRef::reference("ball");
    let augment = |prompt: &str| Edit::Augment { item: "box".to_owned(), prompt: prompt.to_owned() };
    let cases = [
        (replace("box", " a white handbag "), ItemPrompt::Pieces(vec![words("a white handbag")])),
        (augment("a golden [v]"), ItemPrompt::Pieces(vec![words("a golden"), own("box")])),
        (augment("[v] and [v], twice"), ItemPrompt::Pieces(vec![own("box"), words("and"), own("box"), words(", twice")])),
        (Edit::SwapIn { item: "box".to_owned(), from: ItemRef::parse("reference:ball") }, ItemPrompt::tokens(reference.clone())),
        (
            Edit::Blend { item: "box".to_owned(), with: reference.clone(), amount: 0.25 },
            ItemPrompt::Blend { from: ItemRef::target("box"), to: reference, amount: 0.25 },
        ),
        (shift("box", 1.0, 1.0), ItemPrompt::tokens(ItemRef::target("box"))),
    ];
    for (edit, prompt) in cases {
        let plan = plan(std::slice::from_ref(&edit));
        for (item, found) in plan.after().names().iter().zip(plan.prompts()) {
            let expected = if item == "box" { &prompt } else { &ItemPrompt::tokens(ItemRef::target(item)) };
            assert_eq!(found, expected, "{edit:?}: {item}");
        }
    }
}

#[test]
fn a_replacement_changes_the_item_and_its_ring_and_nothing_else() {
    let plan = plan(&[replace("ball", "a balloon")]);
    let ball = room().mask(0);
    assert_eq!(plan.after(), &room());
    assert_eq!(plan.active(), ball);
    assert_eq!(plan.soft(), ball.ring(3.0).unwrap());
    assert_eq!(plan.hard(), ball.grow(3.0).unwrap().inverted());
    assert_eq!(plan.region(), Some(Rect { x: 2, y: 2, width: 12, height: 12 }));
    let kinds: Vec<(&str, ChangeKind)> = plan.changes().iter().map(|change| (change.item.as_str(), change.kind)).collect();
    assert_eq!(kinds, [("ball", ChangeKind::Prompt)]);
}

#[test]
fn the_published_ring_is_soft_and_no_part_of_the_active_region() {
    let settings = PlanSettings { ring: Ring::ShiftedCopies(3), ..PlanSettings::default() };
    let plan = EditPlan::new(&room(), None, &[replace("ball", "a balloon")], &settings).unwrap();
    let ball = room().mask(0);
    assert_eq!(plan.active(), ball);
    assert_eq!(plan.soft().threshold(f32::MIN_POSITIVE), ball.ring_of_shifted_copies(3));
}

#[test]
fn a_removed_items_pixels_go_to_the_nearest_or_the_named() {
    // The box stands half before the wall and half on the table: its upper pixels are the wall's, its lower ones the table's.
    let nearest = plan(&[remove(&["box"], Vacated::Nearest)]);
    assert_eq!(nearest.after().names(), ["ball", "table", "wall"]);
    assert_eq!((owner(nearest.after(), 28, 17), owner(nearest.after(), 28, 24)), ("wall", "table"));
    assert_eq!(nearest.active(), room().mask(1));
    assert_eq!(nearest.vacated(), room().mask(1));
    let named = plan(&[remove(&["box"], Vacated::To("table".to_owned()))]);
    assert_eq!(named.after().areas()[1], 40 * 10 + 8 * 4);
    let both = plan(&[remove(&["box", "ball"], Vacated::Nearest)]);
    assert_eq!(both.after().names(), ["table", "wall"]);
}

#[test]
fn a_moved_item_lies_in_front_and_leaves_its_place_to_the_others() {
    let plan = plan(&[shift("ball", 20.0, 8.0)]);
    assert_eq!(plan.after().areas()[0], 36);
    for (x, y, item) in [(27, 15, "ball"), (25, 18, "ball"), (7, 7, "wall"), (31, 18, "box"), (28, 22, "box")] {
        assert_eq!(owner(plan.after(), x, y), item, "({x}, {y})");
    }
    assert_eq!(plan.vacated(), room().mask(0));
    let kinds: Vec<(&str, bool)> =
        plan.changes().iter().map(|change| (change.item.as_str(), change.kind == ChangeKind::Adjusted)).collect();
    assert_eq!(kinds, [("ball", false), ("box", true), ("wall", true)]);
    // Moved next to its own place, it does not grow back over it.
    let near = self::plan(&[shift("ball", 4.0, 0.0)]);
    assert_eq!((near.after().areas()[0], owner(near.after(), 8, 8)), (36, "wall"));
}

/// Moved items start from their own pixels instead of from tokens alone.
#[test]
fn moved_pixels_are_carried_along() {
    let plan = plan(&[shift("ball", 20.0, 8.0)]);
    let values: Vec<f32> = (0..1200).map(|index| index as f32 / 1200.0).collect();
    let picture = Planes::new(size(40, 30), vec![values.clone()], None).unwrap();
    let moved = plan.transported(&picture, &picture).unwrap();
    let target = plan.after().mask(0);
    for (index, value) in values.iter().enumerate() {
        let from = if target.is_inside(index) { values[index - 8 * 40 - 20] } else { *value };
        assert!((moved.colour()[0][index] - from).abs() < 1e-6, "pixel {index}");
    }
    let other = Planes::new(size(30, 40), vec![values], None).unwrap();
    assert!(plan.transported(&other, &picture).is_err());
    assert!(plan.transported(&picture, &other).is_err());
}

#[test]
fn a_place_in_a_moved_item_came_from_where_the_item_was() {
    let turned = Edit::Move {
        item: "ball".to_owned(),
        transform: Transform { dx: 20.0, dy: 8.0, scale: 2.0, degrees: 90.0 },
        vacated: Vacated::Nearest,
    };
    // The ball's centre is (7.5, 7.5). Turned clockwise, what is now to the left of it was below it.
    for (edit, to, from) in [
        (shift("ball", 20.0, 8.0), (27.0, 15.5), (7.0, 7.5)),
        (shift("ball", 20.0, 8.0), (7.0, 7.0), (7.0, 7.0)),
        (shift("ball", 20.0, 8.0), (-9.0, 50.0), (-9.0, 50.0)),
        (turned, (23.5, 15.5), (7.5, 9.5)),
        (replace("ball", "a pear"), (7.0, 7.0), (7.0, 7.0)),
    ] {
        let found = plan(&[edit]).came_from(Point { x: to.0, y: to.1 });
        assert_eq!((found.x, found.y), from, "{to:?}");
    }
}

#[test]
fn items_swap_places_and_take_given_shapes() {
    let swapped = plan(&[Edit::Swap { item: "ball".to_owned(), with: "box".to_owned() }]);
    assert_eq!((swapped.after().mask(0), swapped.after().mask(1)), (room().mask(1), room().mask(0)));
    assert!(swapped.vacated().is_empty(), "each comes where the other leaves");
    let shape = ItemMask::from_fn(size(40, 30), |x, y| x < 4 && y < 9).feather(3.0).unwrap();
    let edit = Edit::Reshape { item: "box".to_owned(), mask: shape.clone(), vacated: Vacated::To("wall".to_owned()) };
    let reshaped = plan(&[edit]);
    assert_eq!(reshaped.after().mask(1), shape.threshold(0.5));
    assert_eq!(owner(reshaped.after(), 28, 24), "wall");
}

#[test]
fn of_several_edits_the_earlier_lies_in_front() {
    let (ball, other) = (shift("ball", 15.0, 10.0), shift("box", -2.0, -2.0));
    for (edits, front) in [([ball.clone(), other.clone()], "ball"), ([other, ball], "box")] {
        assert_eq!(owner(plan(&edits).after(), 24, 18), front);
    }
    let mixed = plan(&[shift("ball", 3.0, 0.0), replace("ball", "an apple"), remove(&["box"], Vacated::Nearest)]);
    assert_eq!(mixed.after().names(), ["ball", "table", "wall"]);
    assert_eq!(mixed.prompts()[0], ItemPrompt::Pieces(vec![words("an apple")]));
    assert_eq!(mixed.changes().len(), 5, "{:?}", mixed.changes());
}

#[test]
fn fit_gives_new_content_more_room() {
    let after = |fit: Fit, edits: &[Edit]| {
        let settings = PlanSettings { fit, ..PlanSettings::default() };
        EditPlan::new(&room(), None, edits, &settings).unwrap().after().clone()
    };
    let round = ItemMask::from_fn(size(40, 30), |x, y| x.abs_diff(22).pow(2) + y.abs_diff(8).pow(2) <= 49);
    let reshape = Edit::Reshape { item: "ball".to_owned(), mask: round.clone(), vacated: Vacated::Nearest };
    let mut edits = vec![reshape, replace("ball", "a vase")];
    assert_eq!(after(Fit::Exact, &edits).mask(0), round);
    // A tenth of the diagonal of 15×15.
    assert_eq!(after(Fit::Loose, &edits).mask(0), round.grow(2.12).unwrap());
    assert_eq!(after(Fit::Box, &edits).areas()[0], 15 * 15);
    // The room comes from items that no edit names.
    assert_eq!(owner(&after(Fit::Loose, &edits), 24, 16), "ball");
    edits.push(replace("box", "a book"));
    assert_eq!(owner(&after(Fit::Loose, &edits), 24, 16), "box");
}

#[test]
fn the_automatic_fit_follows_the_verb_and_what_is_known() {
    let after = |fit: Fit, edit: &Edit| {
        let settings = PlanSettings { fit, ..PlanSettings::default() };
        EditPlan::new(&room(), None, std::slice::from_ref(edit), &settings).unwrap().after().clone()
    };
    let augment = Edit::Augment { item: "ball".to_owned(), prompt: "a golden [v]".to_owned() };
    let swap_in = Edit::SwapIn { item: "ball".to_owned(), from: ItemRef::target("box") };
    for (edit, expected) in [
        // The same kind of thing, another kind, and others that keep their outline.
        (replace("ball", "a green football"), Fit::Loose),
        (replace("ball", "a vase"), Fit::Box),
        (augment, Fit::Exact),
        (swap_in, Fit::Exact),
    ] {
        assert_eq!(after(Fit::Auto, &edit), after(expected, &edit), "{edit:?}");
    }
}

#[test]
fn whole_pictures_and_free_regions() {
    let everything = plan(&[Edit::Reconstruct]);
    assert_eq!((everything.change(), everything.after()), (&ItemMask::full(size(40, 30)), &room()));
    let scene = plan(&[Edit::Personalize { item: "ball".to_owned(), prompt: "[v] on a beach".to_owned() }]);
    assert_eq!((scene.after().names().len(), scene.after().areas()[0]), (1, 1200));
    assert_eq!(scene.prompts(), [ItemPrompt::Pieces(vec![own("ball"), words("on a beach")])]);
    // A soft selection changes pixels by its values.
    let spot = ItemMask::from_fn(size(40, 30), |x, y| (15..19).contains(&x) && (3..7).contains(&y)).feather(4.0).unwrap();
    let settings = PlanSettings { ring: Ring::Distance(0.0), ..PlanSettings::default() };
    let refined = EditPlan::new(&room(), None, &[Edit::Refine { mask: spot.clone() }], &settings).unwrap();
    assert_eq!((refined.change(), refined.after()), (&spot, &room()));
    let also = PlanSettings { also: vec!["box".to_owned()], ring: Ring::Distance(0.0), ..PlanSettings::default() };
    let wider = EditPlan::new(&room(), None, &[replace("ball", "a lamp")], &also).unwrap();
    assert_eq!(wider.active(), room().mask(0).union(&room().mask(1)).unwrap());
}

#[test]
fn a_canvas_grows_by_its_sides() {
    let sides = Sides { left: 6, right: 0, top: 2, bottom: 0 };
    let expand = |vacated: Vacated| Edit::Expand { sides, vacated };
    let settings = PlanSettings { ring: Ring::Distance(3.0), others_kept: true, ..PlanSettings::default() };
    let plan = EditPlan::new(&room(), None, &[expand(Vacated::Nearest)], &settings).unwrap();
    assert_eq!((plan.before().size(), plan.after(), plan.sides()), (size(46, 32), plan.before(), Some(sides)));
    assert_eq!(plan.before(), &room().expanded(sides, None).unwrap());
    let at = |x: usize, y: usize| plan.change().values()[y * 46 + x];
    assert!([(0, 0), (5, 31), (45, 1)].into_iter().all(|(x, y)| at(x, y) >= 1.0), "new pixels are generated");
    assert!(at(6, 2) > 0.0 && at(6, 2) < 1.0 && at(45, 31) == 0.0, "the ring lies on old pixels");
    let wall = EditPlan::new(&room(), None, &[expand(Vacated::To("wall".to_owned()))], &settings).unwrap();
    assert_eq!(owner(wall.after(), 0, 31), "wall");
    let both = EditPlan::new(&room(), None, &[expand(Vacated::Nearest), remove(&["ball"], Vacated::Nearest)], &settings);
    assert!(both.unwrap_err().message().contains("expand concerns the whole picture"));
}

#[test]
fn edits_that_cannot_be_done_say_why() {
    let scaled = |scale: f64| Edit::Move {
        item: "ball".to_owned(),
        transform: Transform { scale, ..Transform::default() },
        vacated: Vacated::Nearest,
    };
    let reshape = |mask: ItemMask| Edit::Reshape { item: "ball".to_owned(), mask, vacated: Vacated::Nearest };
    let augment = |prompt: &str| Edit::Augment { item: "ball".to_owned(), prompt: prompt.to_owned() };
    let swap_in = |from: ItemRef| Edit::SwapIn { item: "ball".to_owned(), from };
    let table = || Vacated::To("table".to_owned());
    let cases: Vec<(Vec<Edit>, &str)> = vec![
        (vec![], "without edits"),
        (vec![replace("bal", "x")], "no item 'bal'; did you mean 'ball'?"),
        (vec![replace("ball", " ")], "the prompt is empty"),
        (vec![replace("ball", "a [v]")], "augment the item instead"),
        (vec![augment("golden")], "lacks [v]"),
        (vec![swap_in(ItemRef::reference("box"))], "there is none; learn the picture together with a reference"),
        (vec![swap_in(ItemRef::target("bocks"))], "no item 'bocks'"),
        (vec![Edit::Blend { item: "ball".to_owned(), with: ItemRef::target("box"), amount: 1.5 }], "by 1.5; give an amount from 0 to 1"),
        (vec![shift("ball", 300.0, 0.0)], "'ball' would leave the picture: its centre would be at (307.5, 7.5) of 40×30"),
        (vec![scaled(0.05)], "'ball' vanishes at scale 0.05: 0.09 pixels"),
        (vec![scaled(0.0)], "a scale of 0"),
        (vec![shift("ball", f64::NAN, 0.0)], "cannot be done"),
        (vec![reshape(ItemMask::empty(size(40, 30)))], "the new shape of item 'ball' has no pixel"),
        (vec![reshape(ItemMask::full(size(4, 3)))], "the new shape of item 'ball': the mask is 4×3"),
        (vec![reshape(ItemMask::full(size(40, 30)))], "item 'box' would vanish: 'ball' covers it"),
        (vec![shift("ball", 5.0, 0.0), remove(&["ball"], Vacated::Nearest)], "one plan is to move and to remove item 'ball'"),
        (vec![replace("ball", "a pear"), augment("a red [v]")], "one plan is to replace and to augment item 'ball'"),
        (vec![remove(&["ball"], Vacated::Nearest), replace("ball", "a pear")], "one plan is to replace and to remove item 'ball'"),
        (vec![Edit::Reconstruct, shift("ball", 1.0, 0.0)], "reconstruct concerns the whole picture"),
        (vec![Edit::Swap { item: "box".to_owned(), with: "box".to_owned() }], "with itself"),
        (vec![remove(&[], Vacated::Nearest)], "no item to remove"),
        (vec![remove(&["ball", "box", "table", "wall"], Vacated::Nearest)], "remove every item"),
        (vec![remove(&["table"], table())], "'table', which is the item that leaves them"),
        (vec![remove(&["table"], Vacated::Nearest), remove(&["ball"], table())], "'table', which is to be removed"),
        (vec![remove(&["box", "table", "wall"], Vacated::Nearest), shift("ball", 2.0, 0.0)], "'ball' is the only one left"),
        (vec![Edit::Refine { mask: ItemMask::empty(size(40, 30)) }], "refine is empty"),
        (vec![Edit::Refine { mask: ItemMask::full(size(1, 1)) }], "the region to refine: the mask is 1×1"),
    ];
    for (edits, says) in cases {
        let error = EditPlan::new(&room(), None, &edits, &PlanSettings::default()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}\nshould say: {says}");
    }
    let also = |name: &str| PlanSettings { also: vec![name.to_owned()], ..PlanSettings::default() };
    let removal = [remove(&["ball"], Vacated::Nearest)];
    assert!(EditPlan::new(&room(), None, &removal, &also("ball")).unwrap_err().to_string().contains("generated again"));
    assert!(EditPlan::new(&room(), None, &removal, &also("bok")).unwrap_err().to_string().contains("'box'?"));
    let error = EditPlan::new(&room(), Some(&room()), &[swap_in(ItemRef::reference("bix"))], &PlanSettings::default()).unwrap_err();
    assert!(error.to_string().contains("the reference picture: there is no item 'bix'; did you mean 'box'?"), "{error}");
}

#[test]
fn a_plan_can_be_looked_at() {
    let plan = plan(&[shift("ball", 10.0, 0.0)]);
    let picture = plan.picture().unwrap();
    let Samples::U8(samples) = picture.samples() else { panic!("not 8-bit") };
    let pixel = |x: usize, y: usize| &samples[(y * 40 + x) * 3..][..3];
    assert_eq!(pixel(12, 3), [255; 3], "the region's outline");
    assert_eq!(pixel(15, 8), [0; 3], "the item's outline");
    assert_ne!(pixel(17, 8), pixel(8, 8), "the item and what it left");
    assert_ne!(pixel(8, 8), pixel(38, 3), "the wall where it changes and where it stays");
    for (width, height) in [(1, 1), (1, 5), (5, 1)] {
        let items = Segmentation::from_masks(size(width, height), &[], "all").unwrap();
        let plan = EditPlan::new(&items, None, &[Edit::Reconstruct], &PlanSettings::default()).unwrap();
        assert_eq!(plan.picture().unwrap().size(), size(width, height));
    }
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let name = || prop::sample::select(vec!["ball", "box", "table", "wall"]).prop_map(str::to_owned);
    let vacated = || prop_oneof![Just(Vacated::Nearest), name().prop_map(Vacated::To)];
    let transform = (-30.0_f64..30.0, -30.0_f64..30.0, 0.1_f64..3.0, -180.0_f64..180.0).prop_map(|(dx, dy, scale, degrees)| Transform {
        dx,
        dy,
        scale,
        degrees,
    });
    prop_oneof![
        (name(), transform, vacated()).prop_map(|(item, transform, vacated)| Edit::Move { item, transform, vacated }),
        (prop::collection::vec(name(), 1..3), vacated()).prop_map(|(items, vacated)| Edit::Remove { items, vacated }),
        (name(), name()).prop_map(|(item, with)| Edit::Swap { item, with }),
        (name(), 0_usize..40, 0_usize..30, vacated()).prop_map(|(item, left, top, vacated)| {
            let mask = ItemMask::from_fn(size(40, 30), |x, y| x.abs_diff(left) < 5 && y.abs_diff(top) < 4);
            Edit::Reshape { item, mask, vacated }
        }),
        name().prop_map(|item| replace(&item, "something else")),
    ]
}

#[test]
fn what_takes_the_place_of_an_item_is_generated_around_it_too() {
    let settings = PlanSettings { margin: Margin::Share(0.25), ring: Ring::Distance(0.0), ..PlanSettings::default() };
    let of = |edit: Edit| EditPlan::new(&room(), None, &[edit], &settings).unwrap();
    // The box: 8 by 10 pixels, so 3.2 around it; to its lower half the table's pixels go, to its upper half the wall's.
    let near = room().mask(1).grow(3.2).unwrap();
    assert!(of(remove(&["box"], Vacated::Nearest)).active() == near);
    let table = of(remove(&["box"], Vacated::To("table".to_owned()))).active();
    let beyond = (0..1200).filter(|index| near.is_inside(*index) && owner(&room(), index % 40, index / 40) == "wall");
    assert!(beyond.into_iter().all(|index| !table.is_inside(index)), "the wall takes nothing, and gives nothing");
    // Pixels say the same.
    let pixels = PlanSettings { margin: Margin::Pixels(3.2), ..settings.clone() };
    assert!(EditPlan::new(&room(), None, &[remove(&["box"], Vacated::Nearest)], &pixels).unwrap().active() == near);
    // Where it goes, too.
    let moved = of(shift("ball", 20.0, 0.0));
    assert!(moved.active().is_inside(8 * 40 + 32) && !moved.active().is_inside(8 * 40 + 33));
    assert!(of(replace("ball", "a balloon")).active() == room().mask(0), "what stays has its shadow already");
}

#[test]
fn a_narrower_plan_changes_no_pixel_more_than_the_wider_one() {
    let wide = PlanSettings { ring: Ring::Distance(3.0), margin: Margin::Pixels(4.0), ..PlanSettings::default() };
    let edits = [remove(&["ball"], Vacated::Nearest)];
    let wide = EditPlan::new(&room(), None, &edits, &wide).unwrap();
    let ball = room().mask(0);
    let narrow = wide.narrowed(&ball).unwrap().unwrap();
    assert_eq!(narrow.active(), ball);
    // The ring lies around the new active region.
    assert_eq!(narrow.change(), plan(&edits).change());
    assert!(narrow.change().values().iter().zip(wide.change().values()).all(|(narrow, wide)| narrow <= wide));
    // What was no active pixel becomes none.
    assert_eq!(wide.narrowed(&ItemMask::full(ball.size())).unwrap().as_ref(), Some(&wide));
    assert_eq!(wide.narrowed(&room().mask(1)).unwrap(), None);
    assert!(wide.narrowed(&ItemMask::full(size(3, 3))).is_err());
}

#[test]
fn drawn_pixels_are_those_of_items_that_an_edit_shows() {
    let augment = Edit::Augment { item: "box".to_owned(), prompt: "a golden [v]".to_owned() };
    for (edit, drawn) in [
        (remove(&["ball"], Vacated::Nearest), None),
        (shift("ball", 4.0, 0.0), Some("ball")),
        (replace("box", "a white handbag"), Some("box")),
        (augment, Some("box")),
    ] {
        let plan = plan(std::slice::from_ref(&edit));
        let expected = drawn.map_or(ItemMask::empty(room().size()), |name| plan.after().mask(plan.after().item(name).unwrap()));
        assert_eq!(plan.drawn(), expected, "{edit:?}");
    }
}

#[test]
fn the_ring_leaves_other_items_alone_where_that_is_asked_for() {
    for (kept, reaches) in [(false, true), (true, false)] {
        let settings = PlanSettings { others_kept: kept, ring: Ring::Distance(6.0), ..PlanSettings::default() };
        let change = EditPlan::new(&room(), None, &[shift("ball", 12.0, 4.0)], &settings).unwrap().change().clone();
        let over = |item: usize| (0..1200).any(|index| room().owns(item, index) && change.values()[index] > 0.0);
        assert_eq!((over(1), over(2), over(3)), (reaches, reaches, true), "the box, the table, the wall behind them");
    }
}

proptest! {
    #[test]
    fn whatever_the_edits_every_pixel_has_one_item_and_every_item_a_pixel(
        edits in prop::collection::vec(any_edit(), 1..4),
        fit in prop::sample::select(vec![Fit::Exact, Fit::Loose, Fit::Box]),
        (margin, others_kept) in (prop::sample::select(vec![Margin::Share(0.0), Margin::Share(0.3), Margin::Pixels(4.0)]), any::<bool>()),
    ) {
        let settings = PlanSettings { fit, ring: Ring::Distance(2.0), margin, others_kept, ..PlanSettings::default() };
        match EditPlan::new(&room(), None, &edits, &settings) {
            Err(error) => prop_assert!(error.hint_text().is_some(), "an error without advice: {}", error),
            Ok(plan) => {
                let (before, after) = (plan.before(), plan.after());
                prop_assert!(after.areas().iter().all(|area| *area > 0));
                prop_assert_eq!(after.areas().iter().sum::<usize>(), 1200);
                prop_assert_eq!(after.names().len(), plan.prompts().len());
                for index in 0..1200 {
                    let (x, y) = after.size().position(index);
                    let value = plan.change().values()[index];
                    // Whatever gets another item is generated.
                    prop_assert!(owner(before, x, y) == owner(after, x, y) || value >= 1.0, "({}, {})", x, y);
                    prop_assert_eq!(plan.hard().is_inside(index), value == 0.0);
                    prop_assert_eq!(plan.active().is_inside(index), value >= 1.0);
                    prop_assert_eq!(plan.soft().values()[index] > 0.0, value > 0.0 && value < 1.0);
                }
            }
        }
    }
}

#[test]
fn regions_can_be_given() {
    let room = room();
    let prompts: Vec<ItemPrompt> = room.names().iter().map(|name| ItemPrompt::tokens(ItemRef::target(name))).collect();
    let change = ItemMask::from_fn(room.size(), |x, y| x == 0 && y == 0);
    let given = EditPlan::from_parts(room.clone(), room.clone(), prompts.clone(), change.clone()).unwrap();
    assert_eq!((given.change(), given.prompts(), given.changes().len()), (&change, prompts.as_slice(), 0));
    assert!(given.vacated().is_empty() && given.moved().is_empty());
    let refused = |prompts: Vec<ItemPrompt>, change: ItemMask| {
        EditPlan::from_parts(room.clone(), room.clone(), prompts, change).unwrap_err().to_string()
    };
    assert!(refused(Vec::new(), change.clone()).contains("were given 0 prompts"));
    assert!(refused(prompts.clone(), ItemMask::empty(room.size())).contains("no pixel may change"));
    assert!(refused(prompts, ItemMask::full(size(1, 1))).contains("1×1"));
}
