//! From clicks to a region: the likeliest around the first, corrected by each further one.

use dedit_edit::{Result, Size};

use crate::candidates::{Cells, Regions};
use crate::hint::Hint;
use crate::parts::parts;
use crate::refine::{Refined, Said, depths, refined};
use crate::score::{AGREED, Features, STEADY};
use crate::view::View;

/// Weights of a region after a further click, fitted like those of the score: how deep the click is in what it changes, of the deepest; whether all clicks are in
/// one part; and the area that it changes, as a share of the larger region. One corrects large errors first.
const CORRECTS: f32 = 0.74;
const JOINED: f32 = 0.31;
const CHANGES: f32 = 0.58;
/// Two regions that overlap by more than this agree.
const ALIKE: f32 = 0.8;
/// Most further clicks that each choose a region; those before are kept to, but choose none.
const MOST_CLICKS: usize = 6;

/// A region that the clicks may mean.
struct Candidate {
    inside: Vec<bool>,
    cells: Cells,
    score: f32,
}

/// The region of the clicks, for each cell of the view.
pub(crate) fn region(view: &View, hint: &Hint) -> Result<Vec<bool>> {
    let cells = |points: &[(usize, usize)]| -> Vec<usize> { points.iter().filter_map(|point| view.cell(*point)).collect() };
    let all = Said { inside: cells(&hint.inside), outside: cells(&hint.outside) };
    let Some(first) = all.inside.first().copied() else { return Ok(vec![false; view.grid.pixels()]) };
    let regions = Regions::new(view);
    let around = regions.around(first);
    let mut said = Said { inside: vec![first], outside: Vec::new() };
    let mut found = likeliest(view, &around, &said, None)?;
    let further = all.inside.iter().skip(1).map(|cell| (*cell, true)).chain(all.outside.iter().map(|cell| (*cell, false)));
    let further: Vec<(usize, bool)> = further.collect();
    for (number, (click, is_item)) in further.iter().enumerate() {
        // A click in the same cell as one of the other kind says nothing here.
        if said.inside.contains(click) || said.outside.contains(click) {
            continue;
        }
        if *is_item {
            said.inside.push(*click);
        } else {
            said.outside.push(*click);
        }
        if found[*click] == *is_item || number + MOST_CLICKS < further.len() {
            continue;
        }
        let changes = regions.around(*click).into_iter().map(|change| changed(&found, &change, *is_item));
        let starts: Vec<Vec<bool>> = around.iter().cloned().chain(changes).filter(|start| agrees(start, &said)).collect();
        found = likeliest(view, &starts, &said, Some((&found, *click)))?;
    }
    Ok(found)
}

/// A region with another added or taken away.
fn changed(region: &[bool], change: &[bool], add: bool) -> Vec<bool> {
    region.iter().zip(change).map(|(inside, change)| if add { *inside || *change } else { *inside && !*change }).collect()
}

/// Whether a region holds all that is said to be inside, and nothing that is said not to be.
fn agrees(region: &[bool], said: &Said) -> bool {
    said.inside.iter().all(|cell| region[*cell]) && !said.outside.iter().any(|cell| region[*cell])
}

/// The best of some regions, refined. `corrected` is the region before, and the click that corrects it. Without any region, what is said is all there is.
fn likeliest(view: &View, starts: &[Vec<bool>], said: &Said, corrected: Option<(&[bool], usize)>) -> Result<Vec<bool>> {
    let mut candidates = on_all_cores(starts, |start| candidate(view, start, said, corrected))?;
    let agreed = |one: &Candidate| candidates.iter().filter(|other| one.cells.overlap(&other.cells) > ALIKE).count();
    let counts: Vec<usize> = candidates.iter().map(agreed).collect();
    let total = candidates.len().max(1) as f32;
    for (candidate, count) in candidates.iter_mut().zip(counts) {
        candidate.score += AGREED * count as f32 / total;
    }
    let best = candidates.into_iter().reduce(|best, next| if next.score > best.score { next } else { best });
    Ok(best.map_or_else(|| (0..view.grid.pixels()).map(|cell| said.inside.contains(&cell)).collect(), |best| best.inside))
}

fn candidate(view: &View, start: &[bool], said: &Said, corrected: Option<(&[bool], usize)>) -> Result<Candidate> {
    let refined: Refined = refined(view, start, said)?;
    let cells = Cells::new(&refined.inside);
    let mut score = Features::of(view, &refined, said.inside[0]).score() + STEADY * cells.overlap(&Cells::new(start));
    if let Some((before, click)) = corrected {
        score += correction(view.grid, before, &refined.inside, said, click);
    }
    Ok(Candidate { inside: refined.inside, cells, score })
}

/// How well a region corrects the one before where the click is.
fn correction(grid: Size, before: &[bool], now: &[bool], said: &Said, click: usize) -> f32 {
    let area = |set: &[bool]| set.iter().filter(|is_in| **is_in).count();
    let was = before[click];
    let change: Vec<bool> = before.iter().zip(now).map(|(before, now)| before != now && *before == was).collect();
    let depth = depths(grid, &change);
    let deep = depth[click].max(0.0) / depth.iter().copied().fold(1.0, f32::max);
    let (part, _) = parts(grid, now);
    let joined = said.inside.iter().all(|cell| part[*cell] == part[said.inside[0]]);
    let changed = area(&change) as f32 / area(before).max(area(now)).max(1) as f32;
    CORRECTS * deep + JOINED * f32::from(u8::from(joined)) + CHANGES * changed
}

/// A value for each start, in their order, computed on as many threads as there are processors.
fn on_all_cores<T: Sync, R: Send>(starts: &[T], compute: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let each = starts.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let compute = &compute;
        let workers: Vec<_> =
            starts.chunks(each).map(|chunk| scope.spawn(move || chunk.iter().map(compute).collect::<Result<Vec<R>>>())).collect();
        let mut all = Vec::with_capacity(starts.len());
        for worker in workers {
            all.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(all)
    })
}
