//! Reading the modules of a Rust crate, from its root along each `mod`; what is there for tests alone is left out.

mod tokens;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

pub(crate) use tokens::Contents;

/// A crate: the target of a package.
pub(crate) struct Crate<'a> {
    /// Gives the text of a file, or `None` where there is none.
    read: &'a dyn Fn(&Path) -> Option<String>,
    pub(crate) files: Vec<File>,
    /// The first one is the root.
    pub(crate) modules: Vec<Module>,
}

/// A source file.
pub(crate) struct File {
    /// The path from the folder of the package, with `/`.
    pub(crate) name: String,
    /// Names of the modules from the root of the crate down to this file; the root itself has none.
    pub(crate) module: Vec<String>,
}

pub(crate) struct Module {
    /// Index of the file that it stands in.
    pub(crate) file: usize,
    /// The parent; the root is its own.
    pub(crate) parent: usize,
    pub(crate) children: BTreeMap<String, usize>,
    pub(crate) contents: Contents,
}

/// Where a module's source lies, and where its children's files are looked for.
struct Source {
    file: PathBuf,
    children: PathBuf,
}

impl<'a> Crate<'a> {
    pub(crate) fn read(root: &Path, read: &'a dyn Fn(&Path) -> Option<String>) -> Self {
        let mut tree = Self { read, files: Vec::new(), modules: Vec::new() };
        tree.add_file(&Source { file: root.to_path_buf(), children: folder(root) }, &[], 0);
        tree
    }

    fn add_file(&mut self, source: &Source, module: &[String], parent: usize) -> usize {
        let text = (self.read)(&source.file).unwrap_or_else(|| panic!("{}: no such file", source.file.display()));
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", source.file.display()));
        let name = source.file.to_string_lossy().replace('\\', "/");
        self.files.push(File { name, module: module.to_vec() });
        let file = self.files.len() - 1;
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
}

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
