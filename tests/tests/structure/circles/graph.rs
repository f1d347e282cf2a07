//! The files of one crate or Python source tree as a graph, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A source file.
#[derive(Debug)]
pub(super) struct File {
    /// The path that a report shows.
    pub(super) name: String,
    /// Names of the modules from the root of the crate down to this file; the root itself has none.
    pub(super) module: Vec<String>,
}

/// Which file imports which.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) files: Vec<File>,
    /// From a file to the files that it imports from, each with the line of the first such import.
    arrows: Vec<BTreeMap<usize, usize>>,
}

impl Graph {
    /// Adds a file and returns its index.
    pub(super) fn file(&mut self, name: String, module: Vec<String>) -> usize {
        self.files.push(File { name, module });
        self.arrows.push(BTreeMap::new());
        self.files.len() - 1
    }

    /// Adds an import; a file's imports from itself are left out.
    pub(super) fn arrow(&mut self, from: usize, to: usize, line: usize) {
        if from != to {
            let first = self.arrows[from].entry(to).or_insert(line);
            *first = line.min(*first);
        }
    }

    pub(super) fn arrow_count(&self) -> usize {
        self.arrows.iter().map(BTreeMap::len).sum()
    }

    /// The circles that are not allowed, one line for each: `a.rs:3 → b.rs:7 → a.rs`, with the line numbers of the imports.
    ///
    /// A circle is allowed if one of its files is the module that contains the modules of all others, directly or at a deeper level.
    pub(super) fn circles(&self) -> Vec<String> {
        let mut found = BTreeSet::new();
        for group in self.faulty_groups() {
            let before = found.len();
            for &from in &group {
                for &to in self.arrows[from].keys().filter(|to| group.contains(to)) {
                    let circle = self.shortest(to, from, &group).filter(|circle| self.holder(circle).is_none());
                    found.extend(circle.map(smallest_first));
                }
            }
            if found.len() == before {
                found.insert(group.into_iter().collect());
            }
        }
        let mut lines: Vec<String> = found.iter().map(|circle| self.describe(circle)).collect();
        lines.sort();
        lines
    }

    /// Strongly connected sets of files without a file that contains all others.
    ///
    /// In a set with a file that contains all others, every circle through this file is allowed; it is removed and the rest is split again. A set without such a
    /// file has a circle that is not allowed: if each of its circles had a containing file, those of two circles with a common file would be ancestors of this
    /// file, so one would contain the other, and one file would contain the whole set.
    fn faulty_groups(&self) -> Vec<BTreeSet<usize>> {
        let mut open = vec![(0..self.files.len()).collect::<BTreeSet<_>>()];
        let mut faulty = Vec::new();
        while let Some(files) = open.pop() {
            for mut group in self.groups(files) {
                match self.holder(group.iter().collect::<Vec<_>>()) {
                    Some(holder) => {
                        group.remove(&holder);
                        open.push(group);
                    }
                    None => faulty.push(group),
                }
            }
        }
        faulty
    }

    /// The strongly connected components, of two or more files, of the graph restricted to `files`.
    fn groups(&self, mut files: BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
        let mut groups = Vec::new();
        while let Some(&file) = files.first() {
            let reached = self.reach(file, &files);
            let group: BTreeSet<usize> = reached.into_iter().filter(|&other| self.reach(other, &files).contains(&file)).collect();
            files.remove(&file);
            files.retain(|other| !group.contains(other));
            if group.len() > 1 {
                groups.push(group);
            }
        }
        groups
    }

    /// All files of `within` that can be reached from `file` by at least one arrow.
    fn reach(&self, file: usize, within: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![file];
        while let Some(from) = open.pop() {
            open.extend(self.arrows[from].keys().filter(|to| within.contains(to) && reached.insert(**to)));
        }
        reached
    }

    /// The shortest path from one file to another inside `within`, with both ends.
    fn shortest(&self, from: usize, to: usize, within: &BTreeSet<usize>) -> Option<Vec<usize>> {
        let mut before = BTreeMap::from([(from, from)]);
        let mut open = VecDeque::from([from]);
        while let Some(at) = open.pop_front() {
            if at == to {
                let mut way = vec![to];
                while way[way.len() - 1] != from {
                    way.push(before[&way[way.len() - 1]]);
                }
                way.reverse();
                return Some(way);
            }
            for &next in self.arrows[at].keys().filter(|next| within.contains(next)) {
                before.entry(next).or_insert_with(|| {
                    open.push_back(next);
                    at
                });
            }
        }
        None
    }

    /// The file among `files` whose module contains those of all others.
    fn holder<'a>(&self, files: impl IntoIterator<Item = &'a usize>) -> Option<usize> {
        let files: Vec<usize> = files.into_iter().copied().collect();
        let top = *files.iter().min_by_key(|file| self.files[**file].module.len())?;
        files.iter().all(|file| self.files[*file].module.starts_with(&self.files[top].module)).then_some(top)
    }

    fn describe(&self, circle: &[usize]) -> String {
        let steps = circle.iter().zip(circle.iter().cycle().skip(1)).map(|(from, to)| match self.arrows[*from].get(to) {
            Some(line) => format!("{}:{line} → ", self.files[*from].name),
            None => format!("{} … ", self.files[*from].name),
        });
        steps.collect::<String>() + &self.files[circle[0]].name
    }
}

/// A circle, begun at its smallest index.
fn smallest_first(mut circle: Vec<usize>) -> Vec<usize> {
    let first = circle.iter().enumerate().min_by_key(|(_, file)| **file).map_or(0, |(at, _)| at);
    circle.rotate_left(first);
    circle
}
