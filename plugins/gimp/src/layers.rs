//! Results as new layers above the picture: the region that an edit changed, masked to the pixels that it may have changed.

use dedit_protocol::answer::{Edited, Region};
use gimp_host::{Channels, Colours, Host, Item, Rect, SampleType, Samples, UndoStep};

use crate::composite::{Composite, Overlay};
use crate::failure::Failure;
use crate::record::ResultRecord;
use crate::result::EditResult;
use crate::sides::Sides;
use crate::source::Source;
use crate::{convert, pixels, sessions};

/// Inserts results into the image, in one undo step: one as a layer, several as a group of which the first is visible. `replaced` is hidden. Where
/// the results reach beyond the canvas because their edit was to expand it, it grows in the same step.
///
/// # Errors
/// What GIMP refuses; then no layer is left.
pub(crate) fn insert(
    host: &dyn Host,
    source: &Source,
    composite: &Composite,
    results: &[EditResult],
    replaced: Option<Item>,
) -> Result<Vec<Item>, Failure> {
    let sides = results.first().map(|result| result.sides).unwrap_or_default();
    let source = &source.current(host, replaced)?.grown(sides);
    let place = place(host, source, replaced.or(composite.topmost))?;
    let step = UndoStep::begin(host, source.image)?;
    let mut inserted = Vec::new();
    let layers = insert_all(host, source, composite, results, place, &mut inserted).inspect_err(|_| {
        for layer in inserted {
            let _ = host.remove_layer(source.image, layer);
        }
    })?;
    if !sides.is_none() {
        show_whole(host, source)?;
    }
    if let Some(replaced) = replaced {
        host.set_visible(replaced, false)?;
    }
    // The next edit is of the picture, not of this result alone.
    if let Some(layer) = source.layer {
        host.select_layer(source.image, layer)?;
    }
    drop(step);
    if let Some(result) = results.first() {
        sessions::remember(host, source, &result.session)?;
    }
    host.flush();
    Ok(layers)
}

/// Enlarges the canvas where the picture reaches beyond it.
fn show_whole(host: &dyn Host, source: &Source) -> Result<(), Failure> {
    let ((x, y), (width, height), canvas) = (source.offsets, source.size, host.image_size(source.image)?);
    let beyond = |at: i32, length: u32, canvas: u32| {
        let after = i64::from(at) + i64::from(length) - i64::from(canvas);
        (u32::try_from(-i64::from(at)).unwrap_or(0), u32::try_from(after).unwrap_or(0))
    };
    let ((left, right), (top, bottom)) = (beyond(x, width, canvas.0), beyond(y, height, canvas.1));
    let sides = Sides { left, right, top, bottom };
    if !sides.is_none() {
        host.resize_canvas(source.image, sides.grown(canvas), sides.corner())?;
    }
    Ok(())
}

/// Inserts the layers at a place: a parent and a position in it. `inserted` gets what lies beside the picture, also where this fails.
fn insert_all(
    host: &dyn Host,
    source: &Source,
    composite: &Composite,
    results: &[EditResult],
    (parent, position): (Option<Item>, i32),
    inserted: &mut Vec<Item>,
) -> Result<Vec<Item>, Failure> {
    if let [result] = results {
        let layer = new_layer(host, source, result)?;
        host.insert_layer(source.image, layer, parent, position)?;
        inserted.push(layer);
        fill(host, source, composite, result, layer)?;
        return Ok(vec![layer]);
    }
    let name = results.first().map(|result| result.name.as_str()).unwrap_or_default();
    let group = host.new_group(source.image, name)?;
    host.insert_layer(source.image, group, parent, position)?;
    inserted.push(group);
    let mut layers = Vec::with_capacity(results.len());
    for (i, result) in results.iter().enumerate() {
        let layer = new_layer(host, source, result)?;
        host.insert_layer(source.image, layer, Some(group), i as i32)?;
        fill(host, source, composite, result, layer)?;
        if i > 0 {
            host.set_visible(layer, false)?;
        }
        layers.push(layer);
    }
    Ok(layers)
}

/// Above the topmost result; without one above the source, in its group; for all that is visible on top.
fn place(host: &dyn Host, source: &Source, topmost: Option<Item>) -> Result<(Option<Item>, i32), Failure> {
    let Some(layer) = source.layer else { return Ok((None, 0)) };
    let parent = host.parent(layer)?;
    let Some(mut above) = topmost else { return Ok((parent, host.position(layer)?)) };
    // A variation lies in a group, which lies beside the source.
    while host.parent(above)? != parent {
        match host.parent(above)? {
            Some(group) => above = group,
            None => return Ok((parent, host.position(layer)?)),
        }
    }
    Ok((parent, host.position(above)?.min(host.position(layer)?)))
}

/// An empty layer of the result's size and place.
fn new_layer(host: &dyn Host, source: &Source, result: &EditResult) -> Result<Item, Failure> {
    let Region { x, y, width, height } = result.edited.region;
    let picture = (source.size.0 as usize, source.size.1 as usize);
    let fits = x + width <= picture.0 && y + height <= picture.1 && result.changes.len() == width * height;
    if !fits || width == 0 || height == 0 || (result.pixels.width() as usize, result.pixels.height() as usize) != (width, height) {
        return Err(Failure::internal("the result does not fit the picture"));
    }
    let layer = host.new_layer(source.image, &result.name, (width as u32, height as u32), true)?;
    host.set_offsets(layer, source.offsets.0.saturating_add(x as i32), source.offsets.1.saturating_add(y as i32))?;
    Ok(layer)
}

/// Fills a layer with a result, masks it, and attaches the record of how it was made.
fn fill(host: &dyn Host, source: &Source, composite: &Composite, result: &EditResult, layer: Item) -> Result<(), Failure> {
    let Region { width, height, .. } = result.edited.region;
    let area = Rect { x: 0, y: 0, width: width as u32, height: height as u32 };
    let (samples, clipped) = samples(host, source, result)?;
    host.write(layer, area, pixels::with_alpha(source.format), &samples)?;
    if clipped {
        host.clip_to_backdrop(layer)?;
    }
    let mask = host.add_mask(layer)?;
    host.write(mask, area, pixels::of_mask(source.format), &mask_of(result, source))?;
    let digest = composite.digest_with(host, source, result, Overlay { layer, clipped })?;
    record(source, result, (composite.digest.clone(), digest), clipped).attach(host, layer)
}

/// The layer's samples, and whether it is clipped to the backdrop.
///
/// A half-transparent pixel over the same pixel is less transparent than one. Where nothing lies below the picture, an opaque layer that is clipped
/// keeps the picture's alpha. One that expands the canvas is never clipped: nothing lies below its new pixels.
fn samples(host: &dyn Host, source: &Source, result: &EditResult) -> Result<(Samples, bool), Failure> {
    let samples = pixels::received(result.pixels.samples().clone());
    let channels = source.format.channels.count();
    if matches!(source.format.channels, Channels::Rgb | Channels::Grey) {
        return Ok((pixels::opaque(samples, channels), false));
    }
    let shares = pixels::shares(&samples);
    let is_soft = shares.chunks_exact(channels).any(|pixel| pixel.last().is_some_and(|alpha| *alpha > 0.0 && *alpha < 1.0));
    if !is_soft || !result.sides.is_none() || !is_lowest(host, source)? {
        return Ok((samples, false));
    }
    let colours: Vec<f32> = shares.chunks_exact(channels).flat_map(|pixel| pixel[..channels - 1].iter().copied()).collect();
    Ok((pixels::opaque(pixels::from_shares(&colours, samples.sample_type()), channels - 1), true))
}

/// Whether nothing lies below the picture.
fn is_lowest(host: &dyn Host, source: &Source) -> Result<bool, Failure> {
    let lowest = host.layers(source.image)?.last().copied();
    Ok(source.layer.is_none() || (source.layer == lowest && host.colours(source.image)? != Colours::Indexed))
}

/// Full or empty and nothing between: the daemon has blended the soft border already.
fn mask_of(result: &EditResult, source: &Source) -> Samples {
    let full = result.changes.iter().map(|change| *change > 0.0);
    match source.format.samples {
        SampleType::U8 => Samples::U8(full.map(|full| if full { u8::MAX } else { 0 }).collect()),
        SampleType::U16 => Samples::U16(full.map(|full| if full { u16::MAX } else { 0 }).collect()),
        SampleType::F32 => Samples::F32(full.map(|full| if full { 1.0 } else { 0.0 }).collect()),
    }
}

fn record(source: &Source, result: &EditResult, (before, digest): (String, String), clipped: bool) -> ResultRecord {
    let Edited { revision, base, seed, draft, ref model, ref settings, .. } = result.edited;
    ResultRecord {
        session: result.session.clone(),
        revision,
        base,
        source: source.tattoo,
        before,
        digest,
        edits: result.edit.iter().map(convert::edit_record).collect(),
        plan: convert::plan_record(&result.plan),
        options: convert::options_record(&result.options),
        seed,
        draft,
        model: model.clone(),
        settings: settings.clone(),
        clipped,
        sides: if result.sides.is_none() { Sides::default() } else { source.added },
    }
}

#[cfg(test)]
mod tests {
    use dedit_protocol::request::{EditOptions, PlanOptions};
    use dedit_protocol::{Pixels, Samples as Sent};

    use super::*;
    use crate::fake::{Fake, IMAGE};
    use crate::source::of_layer;

    /// A result of two by two pixels at 1, 1, of which the last may not change.
    fn sample(value: u8, channels: u8) -> EditResult {
        let region = Region { x: 1, y: 1, width: 2, height: 2 };
        EditResult {
            edited: Edited { region, revision: Some(1), seed: 5, ..Edited::default() },
            sides: Sides::default(),
            pixels: Pixels::new(2, 2, channels, Sent::U8(vec![value; 4 * usize::from(channels)])).unwrap(),
            changes: vec![0.3, 0.3, 0.3, 0.0],
            edit: None,
            plan: PlanOptions::default(),
            options: EditOptions::default(),
            session: "abc".to_owned(),
            name: "Remove bag".to_owned(),
        }
    }

    #[test]
    fn a_result_is_a_layer_above_the_picture_and_the_picture_goes_on_from_it() {
        let (fake, below) = Fake::picture(8, 8);
        let layer = fake.layer("picture", (3, 2), (4, 4), false);
        fake.layer("text", (0, 0), (8, 8), true);
        let source = of_layer(&fake, layer);
        let composite = Composite::read(&fake, &source, None).unwrap();
        let before = composite.digest.clone();
        let [result] = insert(&fake, &source, &composite, &[sample(200, 3)], None).unwrap()[..] else { panic!() };
        assert_eq!(fake.within(None).iter().position(|item| *item == result), Some(1));
        assert_eq!(fake.within(None)[2..], [layer, below]);
        assert_eq!(fake.with(result, |layer| (layer.name.clone(), layer.offsets, layer.size)), ("Remove bag".to_owned(), (4, 3), (2, 2)));
        let mask = fake.layer_mask(result).unwrap().unwrap();
        assert_eq!(fake.with(mask, |mask| mask.samples.clone()), [1.0, 1.0, 1.0, 0.0]);
        assert_eq!((fake.steps(), fake.selected_layers(IMAGE).unwrap()), ((1, 1), vec![layer]));
        assert_eq!(sessions::of_layer(&fake, &source).unwrap(), ["abc"]);
        // What stands there now is exactly what was noted; where it is hidden, it is the picture again.
        let now = Composite::read(&fake, &source, None).unwrap();
        assert_eq!(
            (now.result.map(|record| (record.session, record.revision, record.seed)), now.topmost),
            (Some(("abc".to_owned(), Some(1), 5)), Some(result))
        );
        assert_eq!(Composite::read(&fake, &source, Some(result)).unwrap().digest, before);
        fake.with(result, |layer| layer.visible = false);
        assert_eq!(Composite::read(&fake, &source, None).unwrap().digest, before);
        // Where it was painted on, it is another picture.
        fake.with(result, |layer| (layer.visible, layer.samples[0]) = (true, 0.0));
        assert!(Composite::read(&fake, &source, None).unwrap().result.is_none());
    }

    #[test]
    fn variations_are_a_group_in_one_step_and_what_they_replace_is_hidden() {
        let (fake, layer) = Fake::picture(4, 4);
        let source = of_layer(&fake, layer);
        let composite = Composite::read(&fake, &source, None).unwrap();
        let draft = insert(&fake, &source, &composite, &[sample(1, 3)], None).unwrap()[0];
        let layers = insert(&fake, &source, &composite, &[sample(2, 3), sample(3, 3)], Some(draft)).unwrap();
        let group = fake.parent(layers[0]).unwrap().unwrap();
        assert_eq!((fake.within(Some(group)), fake.within(None)), (layers.clone(), vec![group, draft, layer]));
        assert_eq!([layers[0], layers[1], draft].map(|layer| fake.is_visible(layer).unwrap()), [true, false, false]);
        assert_eq!(fake.steps(), (2, 2));
        // The next result lies above the group.
        let composite = Composite::read(&fake, &source, None).unwrap();
        assert_eq!(composite.topmost, Some(layers[0]));
        let next = insert(&fake, &source, &composite, &[sample(4, 3)], None).unwrap()[0];
        assert_eq!(fake.within(None), [next, group, draft, layer]);
    }

    #[test]
    fn soft_alpha_shows_through_where_nothing_lies_below() {
        for (is_alone, alpha, clipped) in [(true, 128, true), (true, 255, false), (false, 128, false)] {
            let (fake, bottom) = Fake::picture(4, 4);
            let layer = if is_alone { bottom } else { fake.layer("cut out", (0, 0), (4, 4), true) };
            fake.with(layer, |layer| layer.alpha = true);
            let source = of_layer(&fake, layer);
            let composite = Composite::read(&fake, &source, None).unwrap();
            let result = insert(&fake, &source, &composite, &[sample(alpha, 4)], None).unwrap()[0];
            assert_eq!(fake.with(result, |layer| layer.clipped), clipped);
            let expected = if clipped { 1.0 } else { f32::from(alpha) / 255.0 };
            assert!((fake.with(result, |layer| layer.samples[3]) - expected).abs() < 1e-6);
            assert!(Composite::read(&fake, &source, None).unwrap().result.is_some(), "{is_alone} {alpha}");
        }
    }

    #[test]
    fn a_result_goes_where_its_picture_has_gone_or_nowhere() {
        let (fake, layer) = Fake::picture(4, 4);
        let source = of_layer(&fake, layer);
        let composite = Composite::read(&fake, &source, None).unwrap();
        fake.with(layer, |layer| layer.offsets = (-7, 9));
        let result = insert(&fake, &source, &composite, &[sample(1, 3)], None).unwrap()[0];
        assert_eq!(fake.with(result, |layer| layer.offsets), (-6, 10));
        fake.with(layer, |layer| layer.size = (3, 4));
        let failure = insert(&fake, &source, &composite, &[sample(1, 3)], None).unwrap_err();
        assert!(failure.message.contains("'picture' was resized") && failure.to_string().contains("History"), "{failure}");
        fake.with(layer, |layer| (layer.size, layer.alpha) = ((4, 4), true));
        assert!(insert(&fake, &source, &composite, &[sample(1, 3)], None).unwrap_err().message.contains("converted"));
        assert_eq!((fake.within(None).len(), fake.steps()), (2, (1, 1)));
    }

    /// Two columns at the left and a row at the bottom of a picture of four by four pixels.
    const SIDES: Sides = Sides { left: 2, right: 0, top: 0, bottom: 1 };

    /// A result that covers all of the larger canvas but the last pixel of the old picture.
    fn expanded(value: u8) -> EditResult {
        let mut changes = vec![1.0; 30];
        changes[3 * 6 + 5] = 0.0;
        EditResult {
            edited: Edited { region: Region { x: 0, y: 0, width: 6, height: 5 }, revision: Some(1), ..Edited::default() },
            sides: SIDES,
            pixels: Pixels::new(6, 5, 3, Sent::U8(vec![value; 90])).unwrap(),
            changes,
            ..sample(value, 3)
        }
    }

    #[test]
    fn the_canvas_grows_with_the_result_and_the_next_edit_is_of_all_of_it() {
        let (fake, layer) = Fake::picture(4, 4);
        let text = fake.layer("text", (-3, 1), (4, 4), true);
        let source = of_layer(&fake, layer);
        let composite = Composite::read(&fake, &source, None).unwrap();
        let result = insert(&fake, &source, &composite, &[expanded(200)], None).unwrap()[0];
        assert_eq!((fake.image_size(IMAGE).unwrap(), fake.steps()), ((6, 5), (1, 1)));
        let offsets = [result, layer, text].map(|item| fake.offsets(item).unwrap());
        assert_eq!(offsets, [(0, 0), (2, 0), (-1, 1)]);
        let record = ResultRecord::of(&fake, result).unwrap();
        assert_eq!((record.sides, record.before), (SIDES, composite.digest.clone()));

        let grown = of_layer(&fake, layer);
        assert_eq!((grown.offsets, grown.size, grown.added), ((0, 0), (6, 5), SIDES));
        let now = Composite::read(&fake, &grown, None).unwrap();
        assert_eq!(now.result.map(|record| record.digest), Some(record.digest));
        let next = insert(&fake, &grown, &Composite::read(&fake, &grown, None).unwrap(), &[sample(9, 3)], None).unwrap()[0];
        assert_eq!((fake.offsets(next).unwrap(), fake.image_size(IMAGE).unwrap()), ((1, 1), (6, 5)));
        assert!(Composite::read(&fake, &of_layer(&fake, layer), None).unwrap().result.is_some());

        // Twice in a row: the second one is of the larger picture.
        let twice = EditResult {
            edited: Edited { region: Region { x: 0, y: 0, width: 7, height: 1 }, revision: Some(3), ..Edited::default() },
            sides: Sides { left: 1, ..Sides::default() },
            pixels: Pixels::new(7, 1, 3, Sent::U8(vec![5; 21])).unwrap(),
            changes: vec![1.0; 7],
            ..sample(5, 3)
        };
        let grown = of_layer(&fake, layer);
        insert(&fake, &grown, &Composite::read(&fake, &grown, None).unwrap(), &[twice], None).unwrap();
        let all = of_layer(&fake, layer);
        assert_eq!((all.offsets, all.size, fake.image_size(IMAGE).unwrap()), ((0, 0), (7, 5), (7, 5)));

        // Without the results the picture is what it was.
        for item in fake.within(None).into_iter().filter(|item| ![layer, text].contains(item)) {
            fake.with(item, |layer| layer.visible = false);
        }
        let alone = of_layer(&fake, layer);
        assert_eq!((alone.offsets, alone.size), ((3, 0), (4, 4)));
        assert_eq!(Composite::read(&fake, &alone, None).unwrap().digest, composite.digest);
    }

    #[test]
    fn a_result_that_replaces_another_has_its_canvas_already() {
        for is_visible in [false, true] {
            let (fake, layer) = Fake::picture(4, 4);
            let call = gimp_host::Call {
                procedure: String::new(),
                mode: gimp_host::RunMode::NonInteractive,
                image: Some(IMAGE),
                drawables: vec![layer],
                values: Vec::new(),
            };
            let find = || Source::find(&fake, &call, if is_visible { "visible" } else { "layer" }).unwrap();
            let source = find();
            let composite = Composite::read(&fake, &source, None).unwrap();
            let of = |value| {
                let channels = source.format.channels.count() as u8;
                let pixels = Pixels::new(6, 5, channels, Sent::U8(vec![value; 30 * usize::from(channels)])).unwrap();
                EditResult { pixels, ..expanded(value) }
            };
            let draft = insert(&fake, &source, &composite, &[of(1)], None).unwrap()[0];
            // After learning, for a source that was read before the draft.
            let learned = insert(&fake, &source, &composite, &[of(2)], Some(draft)).unwrap()[0];
            assert_eq!((fake.offsets(learned).unwrap(), fake.image_size(IMAGE).unwrap()), ((0, 0), (6, 5)), "{is_visible}");
            // Made again, for a source that is read now.
            let without = find().without(&fake, learned).unwrap();
            assert_eq!((without.offsets, without.size, without.added), ((2, 0), (4, 4), Sides::default()));
            let before = Composite::read(&fake, &without, Some(learned)).unwrap();
            let again = insert(&fake, &without, &before, &[of(3)], Some(learned)).unwrap()[0];
            assert_eq!((fake.offsets(again).unwrap(), fake.image_size(IMAGE).unwrap()), ((0, 0), (6, 5)), "{is_visible}");
            assert_eq!(ResultRecord::of(&fake, again).unwrap().sides, SIDES);
            fake.resize_canvas(IMAGE, (9, 9), (0, 0)).unwrap();
            let outcome = insert(&fake, &source, &composite, &[of(4)], Some(draft));
            assert_eq!(outcome.is_err(), is_visible, "{outcome:?}");
        }
    }

    #[test]
    fn a_canvas_grows_only_as_far_as_the_picture_needs() {
        let (fake, _) = Fake::picture(20, 20);
        let layer = fake.layer("small", (1, 10), (4, 4), false);
        let source = of_layer(&fake, layer);
        let composite = Composite::read(&fake, &source, None).unwrap();
        let result = insert(&fake, &source, &composite, &[expanded(7)], None).unwrap()[0];
        assert_eq!((fake.image_size(IMAGE).unwrap(), fake.offsets(result).unwrap()), ((21, 20), (0, 10)));
    }

    #[test]
    fn what_fails_halfway_leaves_no_layer() {
        let (fake, layer) = Fake::picture(4, 4);
        let source = of_layer(&fake, layer);
        let composite = Composite::read(&fake, &source, None).unwrap();
        let mut beyond = sample(1, 3);
        beyond.edited.region.x = 3;
        let failure = insert(&fake, &source, &composite, &[sample(1, 3), beyond], None).unwrap_err();
        assert!(failure.message.contains("does not fit"));
        assert_eq!((fake.within(None), fake.steps()), (vec![layer], (1, 1)));
    }

    #[test]
    fn what_was_erased_or_made_fainter_is_seen_so() {
        let (fake, layer) = Fake::picture(4, 4);
        let source = of_layer(&fake, layer);
        let before = Composite::read(&fake, &source, None).unwrap();
        let result = insert(&fake, &source, &before, &[sample(255, 3)], None).unwrap()[0];
        let red = |composite: &Composite| match composite.pixels.samples() {
            Sent::U8(samples) => samples[(4 + 1) * 3],
            _ => panic!(),
        };
        let below = red(&before);
        assert_eq!(red(&Composite::read(&fake, &source, None).unwrap()), 255);
        for (change, expected) in [
            (
                &(|layer: &mut crate::fake::Thing| layer.opacity = 0.5) as &dyn Fn(&mut crate::fake::Thing),
                f32::midpoint(255.0, f32::from(below)).round() as u8,
            ),
            (&|layer| (layer.opacity, layer.samples[3]) = (1.0, 0.0), below),
        ] {
            fake.with(result, change);
            let now = Composite::read(&fake, &source, None).unwrap();
            assert_eq!((red(&now), now.result.is_none()), (expected, true));
        }
        fake.with(result, |layer| (layer.samples[3], layer.applies_mask) = (1.0, false));
        let now = Composite::read(&fake, &source, None).unwrap();
        assert!(now.result.is_none(), "the fourth pixel is seen too");
    }
}
