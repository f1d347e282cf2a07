//! The folders in which other programs keep their models, by these programs' own settings.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::kinds::Kind;
use crate::surroundings::Surroundings;
use crate::yaml::Yaml;

/// The program that a model belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// This one: fetched.
    Own,
    /// Added by the user, by its path.
    Added,
    /// ComfyUI, as a folder or as the desktop program.
    ComfyUi,
    /// AUTOMATIC1111's web UI and Forge.
    WebUi,
    /// InvokeAI.
    InvokeAi,
    /// The plug-in krita-ai-diffusion with its server.
    KritaAiDiffusion,
    /// The cache of the Hugging Face libraries.
    HuggingFace,
}

impl Program {
    /// Its name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "D-Edit",
            Self::Added => "added",
            Self::ComfyUi => "ComfyUI",
            Self::WebUi => "AUTOMATIC1111/Forge",
            Self::InvokeAi => "InvokeAI",
            Self::KritaAiDiffusion => "krita-ai-diffusion",
            Self::HuggingFace => "Hugging Face cache",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A folder of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) program: Program,
    /// What its files are; `None` where each file has to tell.
    pub(crate) kind: Option<Kind>,
    pub(crate) folder: PathBuf,
}

/// The folders of ComfyUI's models, below its folder `models` and as keys of its settings.
const COMFY: [(&str, Kind); 6] = [
    ("checkpoints", Kind::Checkpoint),
    ("diffusers", Kind::Checkpoint),
    ("loras", Kind::Lora),
    ("vae", Kind::Vae),
    ("embeddings", Kind::Embedding),
    ("sams", Kind::Segmentation),
];
const WEB_UI: [(&str, Kind); 5] = [
    ("models/Stable-diffusion", Kind::Checkpoint),
    ("models/Lora", Kind::Lora),
    ("models/LyCORIS", Kind::Lora),
    ("models/VAE", Kind::Vae),
    ("embeddings", Kind::Embedding),
];
/// Usual names of the folders of these programs in the user's folder.
const COMFY_HOMES: [&str; 3] = ["ComfyUI", "comfy/ComfyUI", "Documents/ComfyUI"];
const WEB_UI_HOMES: [&str; 4] = ["stable-diffusion-webui", "stable-diffusion-webui-forge", "stable-diffusion-webui-reForge", "automatic"];

/// All folders of other programs that exist, without the Hugging Face cache, which has a layout of its own.
pub(crate) fn of_programs(around: &Surroundings) -> Vec<Place> {
    let mut places = Vec::new();
    let homes = |names: &[&str]| names.iter().map(|name| around.home.join(name)).collect::<Vec<_>>();
    for root in around.variable("COMFYUI_PATH").into_iter().chain(homes(&COMFY_HOMES)) {
        places.extend(of_comfy(&root, around));
    }
    for folder in &around.programs {
        places.extend(of_settings(&folder.join("ComfyUI/extra_models_config.yaml"), around));
    }
    for root in homes(&WEB_UI_HOMES) {
        places.extend(of_web_ui(&root));
    }
    let invoke = around.variable("INVOKEAI_ROOT").unwrap_or_else(|| around.home.join("invokeai"));
    places.extend(of_invoke(&invoke, around));
    for folder in &around.programs {
        let server = folder.join("krita/ai_diffusion/server");
        for models in ["ComfyUI/models", "models"] {
            places.extend(below(&server.join(models), Program::KritaAiDiffusion, &COMFY));
        }
    }
    places.retain(|place| place.folder.is_dir());
    let mut unique: Vec<Place> = Vec::new();
    for place in places {
        if unique.iter().all(|known| known.folder != place.folder) {
            unique.push(place);
        }
    }
    unique
}

/// The folders below one that a user has added: a program's own folder, or one of model files.
pub(crate) fn of_added(folder: &Path, around: &Surroundings) -> Vec<Place> {
    let mut places = of_comfy(folder, around);
    places.extend(of_web_ui(folder));
    places.extend(of_invoke(folder, around));
    places.retain(|place| place.folder.is_dir());
    if places.is_empty() {
        places.push(Place { program: Program::Added, kind: None, folder: folder.to_path_buf() });
    }
    places
}

fn below<'a>(folder: &'a Path, program: Program, names: &'a [(&str, Kind)]) -> impl Iterator<Item = Place> + 'a {
    names.iter().map(move |(name, kind)| Place { program, kind: Some(*kind), folder: folder.join(name) })
}

fn of_comfy(root: &Path, around: &Surroundings) -> Vec<Place> {
    let mut places: Vec<Place> = below(&root.join("models"), Program::ComfyUi, &COMFY).collect();
    places.extend(of_settings(&root.join("extra_model_paths.yaml"), around));
    places
}

fn of_web_ui(root: &Path) -> Vec<Place> {
    below(root, Program::WebUi, &WEB_UI).collect()
}

fn of_invoke(root: &Path, around: &Surroundings) -> Vec<Place> {
    let settings = root.join("invokeai.yaml");
    if !settings.is_file() {
        return Vec::new();
    }
    let named = Yaml::read(&settings).and_then(|settings| settings.text("models_dir").map(str::to_owned));
    let folder = around.expand(named.as_deref().unwrap_or("models"), root);
    vec![Place { program: Program::InvokeAi, kind: None, folder }]
}

/// The folders that a file of ComfyUI's settings names: sections of a `base_path` and, by kind, one path or several, a line each.
fn of_settings(file: &Path, around: &Surroundings) -> Vec<Place> {
    let Some(settings) = Yaml::read(file) else { return Vec::new() };
    let own = file.parent().unwrap_or(Path::new("."));
    let mut places = Vec::new();
    for (_, section) in settings.entries() {
        let base = section.text("base_path").map_or_else(|| own.to_path_buf(), |base| around.expand(base, own));
        for (key, kind) in COMFY {
            let paths = section.text(key).unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
            places.extend(paths.map(|path| Place { program: Program::ComfyUi, kind: Some(kind), folder: around.expand(path, &base) }));
        }
    }
    places
}

/// The folder of the Hugging Face cache.
pub(crate) fn hub(around: &Surroundings) -> PathBuf {
    let by_home = || around.variable("HF_HOME").unwrap_or_else(|| around.home.join(".cache/huggingface")).join("hub");
    around.variable("HF_HUB_CACHE").unwrap_or_else(by_home)
}
