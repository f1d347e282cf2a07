//! The imports between the files of a Rust crate: each path is resolved to the file that defines the item.

use std::path::Path;

use super::graph::Graph;
use crate::source::Crate;

/// A crate with the graph of its files.
struct Imports<'a> {
    tree: Crate<'a>,
    graph: Graph,
}

/// What a path resolves to.
#[derive(Clone, Copy)]
enum Place {
    Module(usize),
    /// An item that is defined in this file.
    Item(usize),
}

/// The imports between the files of the crate whose root is `root`. `read` gives the text of a file, or `None` where there is none.
///
/// An import through a re-export counts as an import from the file that defines the item. Where the definition is not found, for globs and for names that
/// macros declare, it counts as an import from the named module. A module's re-export of an item of its own descendants does not count.
pub(super) fn imports(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Graph {
    let tree = Crate::read(root, read);
    let mut graph = Graph::default();
    for file in &tree.files {
        graph.file(file.name.clone(), file.module.clone());
    }
    let mut imports = Imports { tree, graph };
    imports.add_arrows();
    imports.graph
}

impl Imports<'_> {
    fn add_arrows(&mut self) {
        let mut arrows = Vec::new();
        for (index, module) in self.tree.modules.iter().enumerate() {
            let has_glob = module.contents.uses.iter().any(|used| used.name == "*");
            for used in &module.contents.uses {
                let file = match self.resolve(index, &used.path, FUEL) {
                    Some(Place::Item(file)) => file,
                    // A module imported by name counts where its items are used, see below.
                    Some(Place::Module(named)) if used.name == "*" => self.tree.modules[named].file,
                    _ => continue,
                };
                let is_below = self.tree.files[file].module.starts_with(&self.tree.files[module.file].module);
                if used.public && is_below {
                    continue;
                }
                arrows.push((module.file, file, used.line));
            }
            for path in &module.contents.paths {
                let place = match &path.segments[..] {
                    [name] if has_glob => self.find_in_globs(index, name, FUEL),
                    [_] => None,
                    segments => self.resolve(index, segments, FUEL),
                };
                arrows.extend(place.map(|place| (module.file, self.file_of(place), path.line)));
            }
        }
        for (from, to, line) in arrows {
            self.graph.arrow(from, to, line);
        }
    }

    fn file_of(&self, place: Place) -> usize {
        match place {
            Place::Module(module) => self.tree.modules[module].file,
            Place::Item(file) => file,
        }
    }

    /// Resolves `path` in module `from`; `None` for other crates.
    fn resolve(&self, from: usize, path: &[String], fuel: usize) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        let mut place = match first.as_str() {
            "crate" => Place::Module(0),
            "self" => Place::Module(from),
            "super" => Place::Module(self.tree.modules[from].parent),
            name => self.find(from, name, fuel)?,
        };
        for name in rest {
            let Place::Module(module) = place else { return Some(place) };
            place = match name.as_str() {
                "super" => Place::Module(self.tree.modules[module].parent),
                name => match self.find(module, name, fuel) {
                    Some(place) => place,
                    None => return Some(Place::Item(self.tree.modules[module].file)),
                },
            };
        }
        Some(place)
    }

    /// Resolves a name in a module. `fuel` limits the number of followed imports, as these may be circular.
    fn find(&self, module: usize, name: &str, fuel: usize) -> Option<Place> {
        let here = &self.tree.modules[module];
        if let Some(child) = here.children.get(name) {
            return Some(Place::Module(*child));
        }
        if here.contents.items.contains(name) {
            return Some(Place::Item(here.file));
        }
        let fuel = fuel.checked_sub(1)?;
        let named = here.contents.uses.iter().filter(|used| used.name == name);
        named.into_iter().find_map(|used| self.resolve(module, &used.path, fuel)).or_else(|| self.find_in_globs(module, name, fuel))
    }

    fn find_in_globs(&self, module: usize, name: &str, fuel: usize) -> Option<Place> {
        let fuel = fuel.checked_sub(1)?;
        let globs = self.tree.modules[module].contents.uses.iter().filter(|used| used.name == "*");
        globs.into_iter().find_map(|used| match self.resolve(module, &used.path, fuel)? {
            Place::Module(named) if named != module => self.find(named, name, fuel),
            _ => None,
        })
    }
}

/// Limit for imports of imports.
const FUEL: usize = 12;
