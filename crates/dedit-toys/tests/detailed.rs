//! Properties of detailed scenes that training and evaluation rely on.

use dedit_toys::{Cast, Drawing, Ground, Kind, Material, Scene, draw};

const SIDE: u32 = 96;

fn count(drawing: &Drawing, number: u8) -> usize {
    drawing.labels.pixels().filter(|pixel| pixel.0[0] == number).count()
}

#[test]
fn a_seed_and_a_cast_are_a_scene() {
    let mut sizes = [0; 6];
    for (seed, cast) in (0..300).flat_map(|seed| [(seed, Cast::Seen), (seed, Cast::Unseen)]) {
        let scene = Scene::detailed(seed, cast);
        assert_eq!(scene, Scene::detailed(seed, cast));
        sizes[scene.toys.len()] += 1;
        let unseen = scene.toys.iter().filter(|toy| Kind::UNSEEN.contains(&toy.kind)).count();
        match cast {
            Cast::Seen => {
                assert!(unseen == 0 && Ground::ALL.contains(&scene.ground), "seed {seed}: training would see {}", scene.caption());
            }
            Cast::Unseen => assert!(Kind::UNSEEN.contains(&scene.toys[0].kind), "seed {seed}: {}", scene.caption()),
        }
        for (index, toy) in scene.toys.iter().enumerate() {
            assert!(scene.has_room(toy, Some(index)), "seed {seed}: {} stands in the way", toy.name());
            assert!(scene.toys[..index].iter().all(|other| other.kind != toy.kind), "seed {seed}: two of a kind");
        }
    }
    assert!(sizes.into_iter().all(|scenes| scenes > 8), "scenes by their number of toys: {sizes:?}");
    assert_ne!(Scene::detailed(1, Cast::Seen).caption(), Scene::detailed(1, Cast::Unseen).caption());
    assert!(Kind::SEEN.len() == 22 && Kind::UNSEEN.len() == 8 && Ground::UNSEEN.len() == 4);
}

#[test]
fn drawings_repeat_and_their_masks_hold_every_toy() {
    for (seed, cast) in (0..24).flat_map(|seed| [(seed, Cast::Seen), (seed, Cast::Unseen)]) {
        let scene = Scene::detailed(seed, cast);
        let drawing = draw(&scene, SIDE);
        if seed < 4 {
            let again = draw(&scene, SIDE);
            assert!(drawing.picture == again.picture && drawing.labels == again.labels && drawing.shadows == again.shadows, "seed {seed}");
        }
        for (index, toy) in scene.toys.iter().enumerate() {
            let (number, extent) = (index as u8 + 1, scene.extent(toy));
            let area = (extent.max - extent.min) * SIDE as f32;
            let share = count(&drawing, number) as f32 / (area.x * area.y);
            assert!((0.12..1.2).contains(&share), "seed {seed}: {} fills {share} of its extent", toy.name());
            for (x, y, _) in drawing.labels.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] == number) {
                let (x, y) = (x as f32 / SIDE as f32, y as f32 / SIDE as f32);
                let (low, high) = (extent.min - 0.06, extent.max + 0.06);
                assert!((low.x..high.x).contains(&x) && (low.y..high.y).contains(&y), "seed {seed}: {} reaches ({x}, {y})", toy.name());
            }
        }
        let bare = drawing.labels.pixels().zip(drawing.shadows.pixels()).all(|(label, shadow)| label.0[0] == 0 || shadow.0[0] == 0);
        assert!(bare, "seed {seed}: a toy's pixel is in the ground's shadows");
    }
}

#[test]
fn a_scene_without_a_toy_differs_round_it_alone() {
    let mut looked_at = 0;
    for seed in 0..30 {
        let scene = Scene::detailed(seed, Cast::Seen);
        // Through glass other toys are seen, which may be the one that is taken away.
        if scene.toys.len() < 2 || scene.toys.iter().any(|toy| toy.material == Material::Glass) {
            continue;
        }
        let (before, without) = (draw(&scene, SIDE), draw(&scene.without(0), SIDE));
        let area = count(&before, 1);
        let changed = |label: u8, shadow: Option<u8>| {
            let pixels = before.picture.pixels().zip(without.picture.pixels()).zip(before.labels.pixels().zip(before.shadows.pixels()));
            let of = pixels.filter(|(_, (pixel, shade))| pixel.0[0] == label && shadow.is_none_or(|shadow| shade.0[0] == shadow));
            of.fold((0, 0), |(all, changed), ((one, other), _)| (all + 1, changed + usize::from(one != other)))
        };
        assert!(changed(1, None).1 * 100 > area * 93, "seed {seed}: {} of {area} pixels of the toy changed", changed(1, None).1);
        let (shaded, lighter) = changed(0, Some(1));
        assert!(lighter * 100 >= shaded * 95, "seed {seed}: {lighter} of {shaded} pixels of its shadow changed");
        let (ground, touched) = changed(0, Some(0));
        assert!(touched < area * 4 + 60 && touched * 3 < ground, "seed {seed}: {touched} of {ground} pixels of ground changed");
        for other in 2..=scene.toys.len() as u8 {
            assert_eq!(count(&before, other), count(&without, other - 1), "seed {seed}: the outline of toy {other}");
        }
        looked_at += 1;
    }
    assert!(looked_at > 5, "{looked_at} scenes");
}

#[test]
fn every_material_shows_and_has_a_word() {
    let scene = (0..40).map(|seed| Scene::detailed(seed, Cast::Seen)).find(|scene| scene.toys.len() == 1).unwrap();
    let pictures: Vec<_> = Material::EVERY
        .iter()
        .map(|material| {
            let toy = dedit_toys::Toy { material: *material, ..scene.toys[0] };
            (toy.prompt(), draw(&scene.with(0, toy), SIDE))
        })
        .collect();
    for (index, (prompt, drawing)) in pictures.iter().enumerate() {
        for (other, drawn) in &pictures[..index] {
            assert_ne!(prompt, other);
            assert!(drawing.labels == drawn.labels, "{prompt} and {other} have one outline");
            let differ = drawing.picture.pixels().zip(drawn.picture.pixels()).filter(|(one, two)| one != two).count();
            assert!(differ * 4 > count(drawing, 1), "{prompt} and {other}: {differ} pixels");
        }
    }
}
