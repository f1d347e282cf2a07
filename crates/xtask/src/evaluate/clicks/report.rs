//! The tables.

use std::fmt::Write as _;

use super::{CLICKS, Found, Row};
use crate::evaluate::things::Group;

/// How many of the worst things are listed.
const WORST: usize = 10;

/// A way of segmenting: its name and its figures of a thing.
type Way = (&'static str, fn(&Row) -> Option<Found>);

const WAYS: [Way; 2] = [("without weights", |row| Some(row.ours)), ("OpenCV's GrabCut", |row| row.peer)];

/// The means of each group, and the things of photographs and the worst of the scenes.
pub(super) fn tables(rows: &[Row]) -> String {
    let mut text =
        "| things | way | box | 1 click | 2 clicks | 3 clicks | s a box | s a click |\n|---|---|---|---|---|---|---|---|\n".to_owned();
    let groups: [(&str, &[Group]); 4] = [
        ("photographs", &[Group::Tuned, Group::HeldOut]),
        ("of which tuned on", &[Group::Tuned]),
        ("of which held out", &[Group::HeldOut]),
        ("drawn scenes", &[Group::Drawn]),
    ];
    for (name, groups) in groups {
        for (way, figures) in WAYS {
            let found: Vec<Found> = rows.iter().filter(|row| groups.contains(&row.group)).filter_map(figures).collect();
            if !found.is_empty() {
                let _ = writeln!(text, "| {} {name} | {way} | {} |", found.len(), cells(&mean(&found)));
            }
        }
    }
    let _ = writeln!(text, "\n| photograph, thing | box | 1 click | 2 clicks | 3 clicks |\n|---|---|---|---|---|");
    for row in rows.iter().filter(|row| row.group != Group::Drawn) {
        let held_out = if row.group == Group::HeldOut { " (held out)" } else { "" };
        let _ = writeln!(text, "| {}{held_out} | {} |", row.thing, overlaps(&row.ours));
    }
    let mut drawn: Vec<&Row> = rows.iter().filter(|row| row.group == Group::Drawn).collect();
    drawn.sort_by(|a, b| a.ours.clicks[0].total_cmp(&b.ours.clicks[0]));
    let _ = writeln!(text, "\nThe worst things of the scenes by one click:");
    for row in drawn.into_iter().take(WORST) {
        let _ = writeln!(text, "- {}: box {:.3}, one click {:.3}", row.thing, row.ours.from_box, row.ours.clicks[0]);
    }
    text
}

fn mean(found: &[Found]) -> Found {
    let of = |value: &dyn Fn(&Found) -> f64| found.iter().map(value).sum::<f64>() / found.len() as f64;
    let clicks: [f64; CLICKS] = std::array::from_fn(|count| of(&|found| found.clicks[count]));
    Found { from_box: of(&|found| found.from_box), clicks, seconds: [0, 1].map(|way| of(&|found| found.seconds[way])) }
}

fn overlaps(found: &Found) -> String {
    let all = std::iter::once(found.from_box).chain(found.clicks);
    all.map(|overlap| format!("{overlap:.3}")).collect::<Vec<_>>().join(" | ")
}

fn cells(found: &Found) -> String {
    format!("{} | {:.2} | {:.2}", overlaps(found), found.seconds[0], found.seconds[1])
}
