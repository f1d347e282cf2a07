//! The imports between the files of a Rust crate: modules are followed from the crate's root, and each path to the file that defines what it names.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use super::graph::Graph;
use super::tokens::{self, Contents};

/// The modules of a crate.
struct Crate<'a> {
    read: &'a dyn Fn(&Path) -> Option<String>,
    graph: Graph,
    /// The first one is the root.
    modules: Vec<Module>,
}

struct Module {
    file: usize,
    /// The parent; the root is its own.
    parent: usize,
    children: BTreeMap<String, usize>,
    contents: Contents,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Place {
    Module(usize),
    /// An item that is defined in this file.
    Item(usize),
}

/// Where a module's source lies, and where its children's files are looked for.
struct Source {
    file: PathBuf,
    children: PathBuf,
}

/// The imports between the files of the crate whose root is `root`. `read` gives the text of a file, or `None` where there is none.
///
/// An import through a re-export is an import from the file that defines the item; what cannot be followed to its definition, such as a glob or a name that
/// a macro makes, is an import from the module that is named. A re-export of something below the module itself is no import: it only gives it a name.
pub(super) fn imports(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Graph {
    let mut tree = Crate { read, graph: Graph::default(), modules: Vec::new() };
    tree.add_file(&Source { file: root.to_path_buf(), children: folder(root) }, &[], 0);
    tree.add_arrows();
    tree.graph
}

impl Crate<'_> {
    fn add_file(&mut self, source: &Source, module: &[String], parent: usize) -> usize {
        let text = (self.read)(&source.file).unwrap_or_else(|| panic!("{}: no such file", source.file.display()));
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", source.file.display()));
        let file = self.graph.file(source.file.to_string_lossy().replace('\\', "/"), module.to_vec());
        self.add_module(&tokens.into_iter().collect::<Vec<_>>(), source, module, (file, parent))
    }

    fn add_module(&mut self, tokens: &[TokenTree], source: &Source, path: &[String], (file, parent): (usize, usize)) -> usize {
        let mut contents = tokens::contents(tokens);
        let declared = std::mem::take(&mut contents.children);
        let index = self.modules.len();
        self.modules.push(Module { file, parent, children: BTreeMap::new(), contents });
        for child in declared {
            let below: Vec<String> = path.iter().cloned().chain([child.name.clone()]).collect();
            let module = match child.body {
                Some(body) => {
                    let source = Source { file: source.file.clone(), children: source.children.join(&child.name) };
                    self.add_module(&body, &source, &below, (file, index))
                }
                None => self.add_file(&self.child(source, &child.name, child.path.as_deref()), &below, index),
            };
            self.modules[index].children.insert(child.name, module);
        }
        index
    }

    /// Where the file of `mod name;` lies: `name.rs`, `name/mod.rs`, or the place that `#[path]` gives.
    fn child(&self, source: &Source, name: &str, path: Option<&str>) -> Source {
        if let Some(path) = path {
            let file = normal(&folder(&source.file).join(path));
            let children = folder(&file);
            return Source { file, children };
        }
        let children = source.children.join(name);
        let flat = source.children.join(format!("{name}.rs"));
        let file = if (self.read)(&flat).is_some() { flat } else { children.join("mod.rs") };
        Source { file, children }
    }

    fn add_arrows(&mut self) {
        let mut arrows = Vec::new();
        for (index, module) in self.modules.iter().enumerate() {
            let has_glob = module.contents.uses.iter().any(|used| used.name == "*");
            for used in &module.contents.uses {
                let file = match self.resolve(index, &used.path, FUEL) {
                    Some(Place::Item(file)) => file,
                    // A module that is brought in counts where something of it is named, below.
                    Some(Place::Module(named)) if used.name == "*" => self.modules[named].file,
                    _ => continue,
                };
                let is_below = self.graph.files[file].module.starts_with(&self.graph.files[module.file].module);
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
            Place::Module(module) => self.modules[module].file,
            Place::Item(file) => file,
        }
    }

    /// What `path` leads to from module `from`; nothing if it leads out of the crate.
    fn resolve(&self, from: usize, path: &[String], fuel: usize) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        let mut place = match first.as_str() {
            "crate" => Place::Module(0),
            "self" => Place::Module(from),
            "super" => Place::Module(self.modules[from].parent),
            name => self.find(from, name, fuel)?,
        };
        for name in rest {
            let Place::Module(module) = place else { return Some(place) };
            place = match name.as_str() {
                "super" => Place::Module(self.modules[module].parent),
                name => match self.find(module, name, fuel) {
                    Some(place) => place,
                    None => return Some(Place::Item(self.modules[module].file)),
                },
            };
        }
        Some(place)
    }

    /// What `name` is in a module. `fuel` bounds the number of imports that are followed, for those that go in a circle.
    fn find(&self, module: usize, name: &str, fuel: usize) -> Option<Place> {
        let here = &self.modules[module];
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
        let globs = self.modules[module].contents.uses.iter().filter(|used| used.name == "*");
        globs.into_iter().find_map(|used| match self.resolve(module, &used.path, fuel)? {
            Place::Module(named) if named != module => self.find(named, name, fuel),
            _ => None,
        })
    }
}

/// How many imports of imports are followed.
const FUEL: usize = 12;

fn folder(file: &Path) -> PathBuf {
    file.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
