//! The library: every model of this machine by its name, and the user's choices.

use std::fs;
use std::path::{Path, PathBuf};

use dedit_error::{Error, Result};

use crate::found::{Finder, Found, size};
use crate::kinds::{Family, Kind};
use crate::known::{self, Known, Licence};
use crate::places::{Place, Program};
use crate::settings::Settings;
use crate::surroundings::Surroundings;
use crate::verify::{Verified, digest};

/// The models of this machine.
#[derive(Debug)]
pub struct Library {
    folder: PathBuf,
    around: Surroundings,
    finder: Finder,
}

/// The model that is used where none is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usual {
    /// The one that the user has chosen.
    Chosen(PathBuf),
    /// The one that the user has chosen is not there any more.
    Missing(String),
    /// The only checkpoint of this machine.
    OnlyOne(PathBuf),
    /// There are none, or several and none is chosen.
    None,
}

impl Library {
    /// That of a user whose data are in a folder; fetched models are in `models` below it.
    pub fn new(data: &Path) -> Self {
        Self::with(data, Surroundings::of_user())
    }

    /// The same with other folders of programs.
    pub fn with(data: &Path, around: Surroundings) -> Self {
        Self { folder: data.join("models"), around, finder: Finder::default() }
    }

    /// The folder of fetched models, each in a folder of its name in the layout of its origin.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a file of a known model lies after it was fetched.
    pub fn target(&self, known: &Known, file: usize) -> PathBuf {
        let file = known.files.get(file).map(known::KnownFile::path).unwrap_or_default();
        self.folder.join(&known.name).join(file)
    }

    /// All models of this machine: fetched, added, of other programs.
    pub fn found(&self) -> Vec<Found> {
        let fetched = known::all().iter().filter_map(|known| self.fetched(known));
        let mut found: Vec<Found> = fetched.collect();
        let added = Settings::read(&self.folder).unwrap_or_default().added;
        found.extend(added.iter().flat_map(|path| if path.exists() { self.finder.added(path, &self.around) } else { vec![gone(path)] }));
        found.extend(self.finder.find(&self.around).into_iter().map(known_by_size));
        let mut unique: Vec<Found> = Vec::new();
        for model in found {
            if unique.iter().all(|known| known.path != model.path) {
                unique.push(model);
            }
        }
        unique
    }

    /// A known model in the folder of fetched models, where it is complete.
    fn fetched(&self, known: &Known) -> Option<Found> {
        let paths: Vec<PathBuf> = (0..known.files.len()).map(|file| self.target(known, file)).collect();
        if !paths.iter().all(|path| path.is_file()) {
            return None;
        }
        let place = Place { program: Program::Own, kind: Some(known.kind), folder: self.folder.join(&known.name) };
        let wrong = known.files.iter().zip(&paths).find_map(|(file, path)| {
            let (is, should) = (size(path), file.bytes?);
            (is != should).then(|| format!("it has {is} bytes in place of {should}"))
        });
        let contents = self.finder.model(&paths[0], &place);
        let broken = wrong.or_else(|| contents.as_ref().and_then(|found| found.broken.clone()));
        Some(Found {
            name: known.name.clone(),
            kind: known.kind,
            family: known.family,
            inpainting: known.inpainting,
            path: paths.into_iter().next()?,
            program: Program::Own,
            bytes: size(&place.folder),
            broken,
        })
    }

    /// The model of a known name on this machine, whichever program keeps it; whole ones first.
    pub fn present(&self, known: &Known) -> Option<Found> {
        let mut found: Vec<Found> = self.found().into_iter().filter(|found| found.name == known.name).collect();
        found.sort_by_key(|found| found.broken.is_some());
        found.into_iter().next()
    }

    /// The model of a name: a known one, or that of a file or folder, with or without its ending; or of a path that [`Self::found`] gives. Whole ones
    /// first, then in the order of [`Self::found`].
    pub fn named(&self, name: &str) -> Option<Found> {
        // A fetched model is found without looking at the rest of the machine.
        let fetched = known::named(name).and_then(|known| self.fetched(known)).filter(|found| found.broken.is_none());
        fetched.or_else(|| {
            // With its ending too, as hosts show it.
            let is = |found: &Found| {
                found.name == name || found.path.file_name().is_some_and(|file| file == name) || found.path == Path::new(name)
            };
            let mut found: Vec<Found> = self.found().into_iter().filter(is).collect();
            found.sort_by_key(|found| found.broken.is_some());
            found.into_iter().next()
        })
    }

    /// The family of a file or folder, where its headers tell.
    pub fn family(&self, path: &Path) -> Option<Family> {
        self.finder.added(path, &self.around).first().and_then(|found| found.family)
    }

    /// The known LoRA by which models of a family need few steps.
    ///
    /// # Errors
    /// `Model` where there is none for the family, or it is not on this machine.
    pub fn lcm_lora(&self, family: Option<Family>) -> Result<Found> {
        let is_it = |known: &&Known| known.kind == Kind::Lora && known.family == family && known.name.starts_with("lcm-lora");
        let known = family.and_then(|_| known::all().iter().find(is_it)).ok_or_else(|| {
            let hint = "choose another quality, or a model of Stable Diffusion 1.5 or XL";
            Error::model("this model has no LCM-LoRA, which edits in few steps need").hint(hint)
        })?;
        self.named(&known.name).filter(|found| found.broken.is_none()).ok_or_else(|| {
            Error::model(format!("edits in few steps need {}, which is not on this machine", known.title))
                .hint(format!("{}, or in D-Edit's window Models", fetch_hint(known)))
        })
    }

    /// The error for a name that [`Self::named`] does not find: where the name is known, it says how the model is fetched.
    pub fn missing(&self, name: &str) -> Error {
        let error = Error::model("there is no such model").at(name);
        match known::named(name) {
            Some(known) => Error::model(format!("{} is not on this machine", known.title)).hint(fetch_hint(known)),
            None => error.hint("dedit model list shows those that are there"),
        }
    }

    /// The model that is used where none is named.
    pub fn usual(&self) -> Usual {
        let chosen = Settings::read(&self.folder).unwrap_or_default().default;
        if let Some(chosen) = chosen {
            let path = Path::new(&chosen);
            if path.is_absolute() && path.exists() {
                return Usual::Chosen(path.to_path_buf());
            }
            return self.named(&chosen).map_or(Usual::Missing(chosen), |found| Usual::Chosen(found.path));
        }
        let mut usable: Vec<Found> = self.found().into_iter().filter(is_usable).collect();
        // The same model in two programs is one.
        usable.sort_by(|one, other| one.name.cmp(&other.name));
        usable.dedup_by(|one, other| one.name == other.name);
        match usable.as_slice() {
            [only] => Usual::OnlyOne(only.path.clone()),
            _ => Usual::None,
        }
    }

    /// The path of the segment-anything model that is used where none is named: the chosen one, else a fetched one in the order of the table, else the
    /// first that is found.
    pub fn usual_segmentation(&self) -> Option<PathBuf> {
        // Other files of PyTorch, which are not looked into, may be of other kinds, such as SAM 2.
        let is_told = |found: &Found| {
            known::named(&found.name).is_some() || found.path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"))
        };
        let is_usable = |found: &Found| found.kind == Kind::Segmentation && found.broken.is_none();
        let chosen = Settings::read(&self.folder).unwrap_or_default().segmentation.and_then(|chosen| {
            let path = PathBuf::from(&chosen);
            if path.is_absolute() && path.exists() { Some(path) } else { self.named(&chosen).filter(is_usable).map(|found| found.path) }
        });
        let known = || known::all().iter().filter(|known| known.kind == Kind::Segmentation);
        chosen
            .or_else(|| known().find_map(|known| self.fetched(known).filter(is_usable)).map(|found| found.path))
            .or_else(|| self.found().into_iter().filter(is_usable).find(is_told).map(|found| found.path))
    }

    /// Chooses the model that is used where none is named; `None` chooses none. A segment-anything model is chosen for finding items.
    ///
    /// # Errors
    /// `Model` where it is not there, is broken, or is neither a checkpoint nor a segment-anything model.
    pub fn set_default(&self, name: Option<&str>) -> Result<()> {
        if let Some(name) = name {
            let path = Path::new(name);
            let found = if path.is_absolute() && path.exists() {
                self.finder.added(path, &self.around).into_iter().next()
            } else {
                self.named(name)
            };
            let found = found.ok_or_else(|| self.missing(name))?;
            if let Some(broken) = &found.broken {
                return Err(Error::model(format!("this model is broken: {broken}")).at(&found.path).hint("fetch or copy it again"));
            }
            if found.kind == Kind::Segmentation {
                return Settings::change(&self.folder, |settings| settings.segmentation = Some(name.to_owned()));
            }
            if found.kind != Kind::Checkpoint {
                return Err(Error::model(format!("this is no checkpoint but a file of the kind {}", found.kind)).at(&found.path));
            }
        }
        Settings::change(&self.folder, |settings| {
            settings.default = name.map(str::to_owned);
            if name.is_none() {
                settings.segmentation = None;
            }
        })
    }

    /// Checks that the user's choices can be read.
    ///
    /// # Errors
    /// `Usage` where their file is damaged.
    pub fn check_settings(&self) -> Result<()> {
        Settings::read(&self.folder).map(drop)
    }

    /// The name or path that was chosen with [`Self::set_default`].
    pub fn chosen(&self) -> Option<String> {
        Settings::read(&self.folder).unwrap_or_default().default
    }

    /// Adds a file, a folder in the layout of diffusers, or a folder of models or of another program, where it lies; gives the models in it.
    ///
    /// # Errors
    /// `Usage` where there is none.
    pub fn add(&self, path: &Path) -> Result<Vec<Found>> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        if !path.exists() {
            return Err(Error::usage("there is no such file or folder").at(path));
        }
        let found = self.finder.added(&path, &self.around);
        if found.is_empty() {
            let hint = "give a .safetensors file, a diffusers folder, or the folder of ComfyUI, AUTOMATIC1111, Forge or InvokeAI";
            return Err(Error::usage("there is no model here that can be used").at(path).hint(hint));
        }
        Settings::change(&self.folder, |settings| {
            if !settings.added.contains(&path) {
                settings.added.push(path);
            }
        })?;
        Ok(found)
    }

    /// Removes a model: a fetched one from disk, an added one from the list. Those of other programs stay. It is the default no more. Gives the bytes
    /// that were freed.
    ///
    /// # Errors
    /// `Model` where there is none, or another program keeps it.
    pub fn remove(&self, name: &str) -> Result<u64> {
        let whole = std::path::absolute(name).unwrap_or_else(|_| name.into());
        let fetched = |known: &&Known| known.name == name || (0..known.files.len()).any(|file| self.target(known, file) == whole);
        if let Some(known) = known::all().iter().find(fetched) {
            let folder = self.folder.join(&known.name);
            if folder.is_dir() {
                let bytes = size(&folder);
                fs::remove_dir_all(&folder).map_err(|error| dedit_files::cannot_write(&error, &folder))?;
                let sums = format!("{}/", known.name);
                Settings::change(&self.folder, |settings| {
                    settings.sums.retain(|file, _| !file.starts_with(&sums));
                    settings.default.take_if(|chosen| *chosen == known.name || Path::new(chosen).starts_with(&folder));
                })?;
                return Ok(bytes);
            }
        }
        let settings = Settings::read(&self.folder)?;
        let named = |path: &PathBuf| {
            *path == whole || path.file_stem().is_some_and(|stem| stem == name) || path.file_name().is_some_and(|own| own == name)
        };
        if let Some(path) = settings.added.iter().find(|path| named(path)).cloned() {
            let is_default =
                |chosen: &mut String| Path::new(chosen).starts_with(&path) || path.file_stem().is_some_and(|stem| stem == &**chosen);
            Settings::change(&self.folder, |settings| {
                settings.added.retain(|added| *added != path);
                settings.default.take_if(is_default);
            })?;
            return Ok(0);
        }
        match self.named(name) {
            Some(found) => {
                Err(Error::model(format!("this model is kept by another program ({}) and stays there", found.program)).at(found.path))
            }
            None => Err(Error::model("there is no such model").at(name).hint("dedit model list shows those that are there")),
        }
    }

    /// Compares the files of a model with their SHA-256, or looks at their headers where none is known. `heard` is told the bytes read so far, and says
    /// whether to go on.
    ///
    /// # Errors
    /// `Cancelled` where `heard` says stop; where a file cannot be read.
    pub fn verify(&self, found: &Found, heard: &mut dyn FnMut(u64) -> bool) -> Result<Verified> {
        if let Some(broken) = &found.broken {
            return Ok(Verified::Broken(broken.clone()));
        }
        let settings = Settings::read(&self.folder)?;
        let Some(known) = known::named(&found.name) else { return Ok(Verified::Whole) };
        let own = found.program == Program::Own;
        let mut compared = true;
        for (number, file) in known.files.iter().enumerate() {
            let path = if own { self.target(known, number) } else { found.path.clone() };
            let recorded = settings.sums.get(&format!("{}/{}", known.name, file.path())).filter(|_| own);
            let Some(expected) = file.sha256.as_ref().or(recorded) else {
                compared = false;
                continue;
            };
            let sum = digest(&path, heard).map_err(|error| match error.kind() {
                std::io::ErrorKind::Interrupted => Error::cancelled(),
                _ => Error::model(format!("it cannot be read ({error})")).at(&path),
            })?;
            if sum != *expected {
                return Ok(Verified::Broken(format!("its SHA-256 is {sum} in place of {expected}")));
            }
        }
        Ok(if compared { Verified::Same } else { Verified::Whole })
    }

    /// The SHA-256 of a file of a known model: that of the table, else the one recorded when it was fetched.
    pub fn sum(&self, known: &Known, file: usize) -> Option<String> {
        let file = known.files.get(file)?;
        let recorded = || Settings::read(&self.folder).ok()?.sums.get(&format!("{}/{}", known.name, file.path())).cloned();
        file.sha256.clone().or_else(recorded)
    }

    /// Records the SHA-256 of a file that was fetched.
    ///
    /// # Errors
    /// Where the settings cannot be written.
    pub fn record_sum(&self, known: &Known, file: usize, sum: &str) -> Result<()> {
        let Some(file) = known.files.get(file) else { return Ok(()) };
        Settings::change(&self.folder, |settings| _ = settings.sums.insert(format!("{}/{}", known.name, file.path()), sum.to_owned()))
    }

    /// Whether a licence was accepted.
    pub fn is_accepted(&self, licence: &Licence) -> bool {
        Settings::read(&self.folder).is_ok_and(|settings| settings.accepted.contains(&licence.link))
    }

    /// Accepts a licence, once and for all models under it.
    ///
    /// # Errors
    /// Where the settings cannot be written.
    pub fn accept(&self, licence: &Licence) -> Result<()> {
        Settings::change(&self.folder, |settings| _ = settings.accepted.insert(licence.link.clone()))
    }
}

/// How a known model is fetched, as a hint.
pub(crate) fn fetch_hint(known: &Known) -> String {
    format!("fetch it with dedit model fetch {}", known.name)
}

/// Whether it is a whole diffusion model of a family that the engine knows.
pub fn is_usable(found: &Found) -> bool {
    found.kind == Kind::Checkpoint && found.family.is_some() && found.broken.is_none()
}

/// An added file that is not there any more.
fn gone(path: &Path) -> Found {
    Found {
        name: path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        kind: Kind::Checkpoint,
        family: None,
        inpainting: false,
        path: path.to_path_buf(),
        program: Program::Added,
        bytes: 0,
        broken: Some("it is not there any more".to_owned()),
    }
}

/// A model of another program gets the name by which it is known. In the Hugging Face cache the repository says which it is.
fn known_by_size(found: Found) -> Found {
    let is = |known: &&Known| {
        let [file] = known.files.as_slice() else { return false };
        let cached = file.hub().map(|(repo, _)| format!("models--{}", repo.replace('/', "--")));
        let in_repository = found.program == Program::HuggingFace
            && cached.is_some_and(|cached| found.path.components().any(|part| part.as_os_str() == cached.as_str()))
            && found.path.file_name().is_some_and(|name| name == file.path());
        in_repository || file.is(&found.path, found.bytes)
    };
    match known::all().iter().find(is) {
        Some(known) => Found { name: known.name.clone(), ..found },
        None => found,
    }
}
