//! Results as new layers above the picture: the region that an edit changed, with what it may have changed as the layer's mask.

use dedit_protocol::Pixels;
use dedit_protocol::answer::{Edited, Region};
use dedit_protocol::request::{EditOptions, PlanOptions};
use gimp_host::{Channels, Colours, Host, Item, Rect, SampleType, Samples, UndoStep};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{Failure, FailureKind};
use crate::ground::{Ground, format_of_results};
use crate::noted;
use crate::pixels;
use crate::source::Source;

/// The name of what is noted on a result's layer.
const EDIT: &str = "dedit-edit";

/// What is noted on a result's layer: enough to make it again, and to go on from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Note {
    /// The session.
    pub(crate) session: String,
    /// The revision of the session that it is.
    pub(crate) revision: Option<u64>,
    /// The revision that was edited.
    pub(crate) base: u64,
    /// The tattoo of the layer that was edited; 0 for all that was visible.
    pub(crate) source: u32,
    /// Digest of the picture before.
    pub(crate) before: String,
    /// Digest of the picture with the result in it.
    pub(crate) digest: String,
    /// What was done, as the daemon was told.
    pub(crate) edits: Vec<Value>,
    /// What was changed and how, as the daemon was told.
    pub(crate) plan: PlanOptions,
    pub(crate) options: EditOptions,
    /// The seed.
    pub(crate) seed: u64,
    /// Whether nothing was learned for it.
    pub(crate) draft: bool,
    /// The model's name.
    pub(crate) model: String,
    /// Everything else that decided how it came out.
    pub(crate) settings: Value,
    /// Whether its layer leaves the alpha of the picture as it is.
    pub(crate) clipped: bool,
}

impl Note {
    /// The note of a layer that is a result. One that is not understood is none.
    pub(crate) fn of(host: &dyn Host, layer: Item) -> Option<Self> {
        let note = host.item_note(layer, EDIT).ok().flatten()?;
        serde_json::from_slice(&note).ok()
    }
}

/// A result that becomes a layer.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) edited: Edited,
    /// The pixels of its region.
    pub(crate) pixels: Pixels,
    /// How far each pixel of the whole picture may change, 0 … 1.
    pub(crate) changes: Vec<f32>,
    /// What was done, as the daemon was told.
    pub(crate) edits: Vec<Value>,
    pub(crate) plan: PlanOptions,
    pub(crate) options: EditOptions,
    pub(crate) session: String,
    /// The layer's name.
    pub(crate) name: String,
}

/// Puts results into the image, in one undo step: one as a layer, several as a group of which the first is visible. What they replace is hidden.
///
/// # Errors
/// What GIMP refuses.
pub(crate) fn put(host: &dyn Host, source: &Source, ground: &Ground, made: &[Made], hide: Option<Item>) -> Result<Vec<Item>, Failure> {
    let source = &source.as_it_lies(host)?;
    let place = place(host, source, hide.or(ground.topmost))?;
    let step = UndoStep::begin(host, source.image)?;
    let mut inserted = Vec::new();
    let layers = put_all(host, source, ground, made, place, &mut inserted).inspect_err(|_| {
        // Nothing is left half done.
        for layer in inserted {
            let _ = host.remove_layer(source.image, layer);
        }
    })?;
    if let Some(hidden) = hide {
        host.set_visible(hidden, false)?;
    }
    // The picture stays the one that is worked on.
    if let Some(layer) = source.layer {
        host.select_layer(source.image, layer)?;
    }
    drop(step);
    if let Some(made) = made.first() {
        noted::note(host, source, &made.session)?;
    }
    host.flush();
    Ok(layers)
}

/// Makes the layers; those that lie beside the picture are told as soon as they are there.
fn put_all(
    host: &dyn Host,
    source: &Source,
    ground: &Ground,
    made: &[Made],
    (parent, position): (Option<Item>, i32),
    inserted: &mut Vec<Item>,
) -> Result<Vec<Item>, Failure> {
    if let [made] = made {
        let layer = new_layer(host, source, made)?;
        host.insert_layer(source.image, layer, parent, position)?;
        inserted.push(layer);
        fill(host, source, ground, made, layer)?;
        return Ok(vec![layer]);
    }
    let name = made.first().map(|made| made.name.as_str()).unwrap_or_default();
    let group = host.new_group(source.image, name)?;
    host.insert_layer(source.image, group, parent, position)?;
    inserted.push(group);
    let mut layers = Vec::with_capacity(made.len());
    for (i, made) in made.iter().enumerate() {
        let layer = new_layer(host, source, made)?;
        host.insert_layer(source.image, layer, Some(group), i as i32)?;
        fill(host, source, ground, made, layer)?;
        if i > 0 {
            host.set_visible(layer, false)?;
        }
        layers.push(layer);
    }
    Ok(layers)
}

/// Above the result that is the topmost one; without one above the source, in its group; for all that is visible on top.
fn place(host: &dyn Host, source: &Source, topmost: Option<Item>) -> Result<(Option<Item>, i32), Failure> {
    let Some(layer) = source.layer else { return Ok((None, 0)) };
    let parent = host.parent(layer)?;
    let Some(mut above) = topmost else { return Ok((parent, host.position(layer)?)) };
    // A result among variations stands for their group.
    while host.parent(above)? != parent {
        match host.parent(above)? {
            Some(group) => above = group,
            None => return Ok((parent, host.position(layer)?)),
        }
    }
    Ok((parent, host.position(above)?.min(host.position(layer)?)))
}

/// An empty layer where the result belongs.
fn new_layer(host: &dyn Host, source: &Source, made: &Made) -> Result<Item, Failure> {
    let Region { x, y, width, height } = made.edited.region;
    let picture = (source.size.0 as usize, source.size.1 as usize);
    let fits = x + width <= picture.0 && y + height <= picture.1 && made.changes.len() == picture.0 * picture.1;
    if !fits || width == 0 || height == 0 || (made.pixels.width() as usize, made.pixels.height() as usize) != (width, height) {
        return Err(Failure::new(FailureKind::Internal, "the result does not fit the picture"));
    }
    let layer = host.new_layer(source.image, &made.name, (width as u32, height as u32), true)?;
    host.set_offsets(layer, source.offsets.0.saturating_add(x as i32), source.offsets.1.saturating_add(y as i32))?;
    Ok(layer)
}

/// Fills a layer with the result, masks it, and notes on it how it was made.
fn fill(host: &dyn Host, source: &Source, ground: &Ground, made: &Made, layer: Item) -> Result<(), Failure> {
    let Region { width, height, .. } = made.edited.region;
    let area = Rect { x: 0, y: 0, width: width as u32, height: height as u32 };
    let (samples, clipped) = samples(host, source, made)?;
    host.write(layer, area, format_of_results(source), &samples)?;
    if clipped {
        host.clip_to_backdrop(layer)?;
    }
    let mask = host.add_mask(layer)?;
    host.write(mask, area, pixels::of_mask(source.format), &mask_of(made, source))?;
    let digest = ground.digest_with(host, source, made, (layer, clipped))?;
    let note = note(source, made, (ground.digest.clone(), digest), clipped);
    let written = serde_json::to_vec(&note).map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?;
    Ok(host.set_item_note(layer, EDIT, &written)?)
}

/// The layer's samples, and whether it is to leave the alpha below it as it is.
///
/// Half-transparent pixels laid over themselves would be less transparent. Where nothing lies below the picture, its own alpha can shine through instead.
fn samples(host: &dyn Host, source: &Source, made: &Made) -> Result<(Samples, bool), Failure> {
    let samples = pixels::received(made.pixels.samples().clone());
    let channels = source.format.channels.count();
    if matches!(source.format.channels, Channels::Rgb | Channels::Grey) {
        return Ok((pixels::opaque(samples, channels), false));
    }
    let shares = pixels::shares(&samples);
    let is_soft = shares.chunks_exact(channels).any(|pixel| pixel.last().is_some_and(|alpha| *alpha > 0.0 && *alpha < 1.0));
    if !is_soft || !is_lowest(host, source)? {
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

/// Full wherever the edit may have changed something: what it made is blended with the picture already.
fn mask_of(made: &Made, source: &Source) -> Samples {
    let Region { x, y, width, height } = made.edited.region;
    let picture_width = source.size.0 as usize;
    let rows = made.changes.chunks_exact(picture_width).skip(y).take(height);
    let full = rows.flat_map(|row| row[x..x + width].iter().map(|change| *change > 0.0));
    match source.format.samples {
        SampleType::U8 => Samples::U8(full.map(|full| if full { u8::MAX } else { 0 }).collect()),
        SampleType::U16 => Samples::U16(full.map(|full| if full { u16::MAX } else { 0 }).collect()),
        SampleType::F32 => Samples::F32(full.map(|full| if full { 1.0 } else { 0.0 }).collect()),
    }
}

fn note(source: &Source, made: &Made, (before, digest): (String, String), clipped: bool) -> Note {
    let Edited { revision, base, seed, draft, ref model, ref settings, .. } = made.edited;
    Note {
        session: made.session.clone(),
        revision,
        base,
        source: source.tattoo,
        before,
        digest,
        edits: made.edits.clone(),
        plan: made.plan.clone(),
        options: made.options.clone(),
        seed,
        draft,
        model: model.clone(),
        settings: settings.clone(),
        clipped,
    }
}

#[cfg(test)]
mod tests {
    use dedit_protocol::Samples as Sent;

    use super::*;
    use crate::fake::{Fake, IMAGE};
    use crate::source::of_layer;

    /// A result of two by two pixels at 1, 1, of which the last may not change.
    fn made(value: u8, picture: usize, channels: u8) -> Made {
        let region = Region { x: 1, y: 1, width: 2, height: 2 };
        let mut changes = vec![0.0; picture * picture];
        for at in [picture + 1, picture + 2, 2 * picture + 1] {
            changes[at] = 0.3;
        }
        Made {
            edited: Edited { region, revision: Some(1), seed: 5, ..Edited::default() },
            pixels: Pixels::new(2, 2, channels, Sent::U8(vec![value; 4 * usize::from(channels)])).unwrap(),
            changes,
            edits: Vec::new(),
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
        let ground = Ground::read(&fake, &source, None).unwrap();
        let before = ground.digest.clone();
        let [result] = put(&fake, &source, &ground, &[made(200, 4, 3)], None).unwrap()[..] else { panic!() };
        assert_eq!(fake.within(None).iter().position(|item| *item == result), Some(1));
        assert_eq!(fake.within(None)[2..], [layer, below]);
        assert_eq!(fake.with(result, |layer| (layer.name.clone(), layer.offsets, layer.size)), ("Remove bag".to_owned(), (4, 3), (2, 2)));
        let mask = fake.layer_mask(result).unwrap().unwrap();
        assert_eq!(fake.with(mask, |mask| mask.samples.clone()), [1.0, 1.0, 1.0, 0.0]);
        assert_eq!((fake.steps(), fake.selected_layers(IMAGE).unwrap()), ((1, 1), vec![layer]));
        assert_eq!(noted::sessions(&fake, &source).unwrap(), ["abc"]);
        // What stands there now is exactly what was noted; where it is hidden, it is the picture again.
        let now = Ground::read(&fake, &source, None).unwrap();
        assert_eq!(
            (now.made.map(|note| (note.session, note.revision, note.seed)), now.topmost),
            (Some(("abc".to_owned(), Some(1), 5)), Some(result))
        );
        assert_eq!(Ground::read(&fake, &source, Some(result)).unwrap().digest, before);
        fake.with(result, |layer| layer.visible = false);
        assert_eq!(Ground::read(&fake, &source, None).unwrap().digest, before);
        // Where it was painted on, it is another picture.
        fake.with(result, |layer| (layer.visible, layer.samples[0]) = (true, 0.0));
        assert!(Ground::read(&fake, &source, None).unwrap().made.is_none());
    }

    #[test]
    fn variations_are_a_group_in_one_step_and_what_they_replace_is_hidden() {
        let (fake, layer) = Fake::picture(4, 4);
        let source = of_layer(&fake, layer);
        let ground = Ground::read(&fake, &source, None).unwrap();
        let draft = put(&fake, &source, &ground, &[made(1, 4, 3)], None).unwrap()[0];
        let layers = put(&fake, &source, &ground, &[made(2, 4, 3), made(3, 4, 3)], Some(draft)).unwrap();
        let group = fake.parent(layers[0]).unwrap().unwrap();
        assert_eq!((fake.within(Some(group)), fake.within(None)), (layers.clone(), vec![group, draft, layer]));
        assert_eq!([layers[0], layers[1], draft].map(|layer| fake.is_visible(layer).unwrap()), [true, false, false]);
        assert_eq!(fake.steps(), (2, 2));
        // The next result lies above the group.
        let ground = Ground::read(&fake, &source, None).unwrap();
        assert_eq!(ground.topmost, Some(layers[0]));
        let next = put(&fake, &source, &ground, &[made(4, 4, 3)], None).unwrap()[0];
        assert_eq!(fake.within(None), [next, group, draft, layer]);
    }

    #[test]
    fn soft_alpha_shows_through_where_nothing_lies_below() {
        for (is_alone, alpha, clipped) in [(true, 128, true), (true, 255, false), (false, 128, false)] {
            let (fake, bottom) = Fake::picture(4, 4);
            let layer = if is_alone { bottom } else { fake.layer("cut out", (0, 0), (4, 4), true) };
            fake.with(layer, |layer| layer.alpha = true);
            let source = of_layer(&fake, layer);
            let ground = Ground::read(&fake, &source, None).unwrap();
            let result = put(&fake, &source, &ground, &[made(alpha, 4, 4)], None).unwrap()[0];
            assert_eq!(fake.with(result, |layer| layer.clipped), clipped);
            let expected = if clipped { 1.0 } else { f32::from(alpha) / 255.0 };
            assert!((fake.with(result, |layer| layer.samples[3]) - expected).abs() < 1e-6);
            assert!(Ground::read(&fake, &source, None).unwrap().made.is_some(), "{is_alone} {alpha}");
        }
    }

    #[test]
    fn a_result_goes_where_its_picture_has_gone_or_nowhere() {
        let (fake, layer) = Fake::picture(4, 4);
        let source = of_layer(&fake, layer);
        let ground = Ground::read(&fake, &source, None).unwrap();
        fake.with(layer, |layer| layer.offsets = (-7, 9));
        let result = put(&fake, &source, &ground, &[made(1, 4, 3)], None).unwrap()[0];
        assert_eq!(fake.with(result, |layer| layer.offsets), (-6, 10));
        fake.with(layer, |layer| layer.size = (3, 4));
        let failure = put(&fake, &source, &ground, &[made(1, 4, 3)], None).unwrap_err();
        assert!(failure.message.contains("'picture' was resized") && failure.to_string().contains("History"), "{failure}");
        fake.with(layer, |layer| (layer.size, layer.alpha) = ((4, 4), true));
        assert!(put(&fake, &source, &ground, &[made(1, 4, 3)], None).unwrap_err().message.contains("converted"));
        assert_eq!((fake.within(None).len(), fake.steps()), (2, (1, 1)));
    }

    #[test]
    fn what_fails_halfway_leaves_no_layer() {
        let (fake, layer) = Fake::picture(4, 4);
        let source = of_layer(&fake, layer);
        let ground = Ground::read(&fake, &source, None).unwrap();
        let mut beyond = made(1, 4, 3);
        beyond.edited.region.x = 3;
        let failure = put(&fake, &source, &ground, &[made(1, 4, 3), beyond], None).unwrap_err();
        assert!(failure.message.contains("does not fit"));
        assert_eq!((fake.within(None), fake.steps()), (vec![layer], (1, 1)));
    }

    #[test]
    fn what_was_erased_or_made_fainter_is_seen_so() {
        let (fake, layer) = Fake::picture(4, 4);
        let source = of_layer(&fake, layer);
        let before = Ground::read(&fake, &source, None).unwrap();
        let result = put(&fake, &source, &before, &[made(255, 4, 3)], None).unwrap()[0];
        let red = |ground: &Ground| match ground.pixels.samples() {
            Sent::U8(samples) => samples[(4 + 1) * 3],
            _ => panic!(),
        };
        let below = red(&before);
        assert_eq!(red(&Ground::read(&fake, &source, None).unwrap()), 255);
        for (change, expected) in [
            (
                &(|layer: &mut crate::fake::Thing| layer.opacity = 0.5) as &dyn Fn(&mut crate::fake::Thing),
                f32::midpoint(255.0, f32::from(below)).round() as u8,
            ),
            (&|layer| (layer.opacity, layer.samples[3]) = (1.0, 0.0), below),
        ] {
            fake.with(result, change);
            let now = Ground::read(&fake, &source, None).unwrap();
            assert_eq!((red(&now), now.made.is_none()), (expected, true));
        }
        fake.with(result, |layer| (layer.samples[3], layer.applies_mask) = (1.0, false));
        let now = Ground::read(&fake, &source, None).unwrap();
        assert!(now.made.is_none(), "the fourth pixel is seen too");
    }
}
