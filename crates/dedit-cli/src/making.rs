//! Making pictures, and writing them with the settings that make them again: what all commands that make pictures share.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use dedit_diffusion::pipeline::{GenerateRequest, Pipeline};
use dedit_models::Model;
use dedit_session::{ModelChoice, memory};
use serde_json::{Value, json};

use crate::arguments::Sampling;
use crate::console::{Console, rounded};
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::Interrupt;
use crate::output::{self, file_name};
use crate::picture::{self, Init, Lora, Settings};

/// What files say of the program that made them.
pub(crate) const MADE_BY: &str = concat!("dedit ", env!("CARGO_PKG_VERSION"));

/// A loaded model, and who is told of the work.
pub(crate) struct Making<'a> {
    pub(crate) pipeline: Pipeline,
    name: String,
    choice: ModelChoice,
    load_seconds: f64,
    console: &'a Console,
    interrupt: &'a Interrupt,
}

/// Pictures that were made and written.
pub(crate) struct Made {
    /// How the first of them is made again.
    pub(crate) settings: Settings,
    /// Steps that were done.
    pub(crate) steps: usize,
    load_seconds: f64,
    seconds: f64,
    files: Vec<String>,
}

impl<'a> Making<'a> {
    /// Loads the model.
    pub(crate) fn begin(model: Model, console: &'a Console, interrupt: &'a Interrupt) -> Result<Self> {
        let begun = Instant::now();
        console.stage("loading the model", 0, 1, None);
        let (name, choice) = (model.name(), model.choice().clone());
        let pipeline = model.load(&mut |note| console.note(note))?;
        Ok(Self { pipeline, name, choice, load_seconds: begun.elapsed().as_secs_f64(), console, interrupt })
    }

    /// A request with what the options say, and what suits the model where they say nothing.
    pub(crate) fn request(&self, prompt: &str, sampling: &Sampling) -> GenerateRequest {
        let usual = self.pipeline.request(prompt);
        let own = self.pipeline.scheduler();
        if let (Some(class), None, Some(kind)) = (self.pipeline.replaced_scheduler(), sampling.scheduler, own.kind()) {
            self.console.note(format!("the model's own scheduler, {class}, is not here; {kind} is used with its settings"));
        }
        GenerateRequest {
            steps: sampling.steps.unwrap_or(usual.steps),
            scheduler: sampling.scheduler.map(|kind| own.with_kind(kind)),
            guidance: sampling.guidance.unwrap_or(usual.guidance),
            seed: sampling.seed.unwrap_or_else(random_seed),
            ..usual
        }
    }

    /// Makes the pictures of a request and writes one to each of `files`; `init` names the picture that it starts from.
    pub(crate) fn make(&self, request: &GenerateRequest, init: Option<&str>, files: &[PathBuf]) -> Result<Made> {
        let begun = Instant::now();
        self.check_memory(request)?;
        self.interrupt.listen();
        let made = self.pipeline.generate(request, &mut |progress| {
            self.console.progress(&progress);
            if self.interrupt.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let pictures = picture::to_rgb8(&made.pictures)?;
        let settings = self.settings(request, init);
        for (i, (picture, file)) in pictures.iter().zip(files).enumerate() {
            // Whatever batch it was made in, a picture is made again alone.
            let own = Settings { seed: request.seed.wrapping_add(i as u64), ..settings.clone() };
            output::write(file, &picture::encode(picture, &own.texts()?)?)?;
        }
        let files = files.iter().map(|file| file.display().to_string()).collect();
        let (load_seconds, seconds) = (self.load_seconds, begun.elapsed().as_secs_f64());
        Ok(Made { settings, steps: made.steps, load_seconds, seconds, files })
    }

    /// Refuses what cannot fit into memory, before hours are spent or the system kills something.
    fn check_memory(&self, request: &GenerateRequest) -> Result<()> {
        let (least, Some(available)) = (self.pipeline.least_memory(request), memory::available_bytes()) else { return Ok(()) };
        if !self.pipeline.device().is_cpu() || least <= available {
            return Ok(());
        }
        let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
        let GenerateRequest { width, height, batch, .. } = request;
        let message =
            format!("{batch} × {width} × {height} pixels take at least {} of memory, and {} are available", gib(least), gib(available));
        Err(Error::new(ErrorKind::Resources, message).hint("make the picture smaller, or fewer at once"))
    }

    fn settings(&self, request: &GenerateRequest, init: Option<&str>) -> Settings {
        let kind = request.scheduler.as_ref().unwrap_or(self.pipeline.scheduler()).kind();
        Settings {
            made_by: MADE_BY.to_owned(),
            prompt: request.prompt.clone(),
            negative_prompt: request.negative_prompt.clone(),
            model: self.name.clone(),
            model_description: self.pipeline.description().to_owned(),
            width: request.width,
            height: request.height,
            steps: request.steps,
            scheduler: kind.map_or(String::new(), |kind| kind.name().to_owned()),
            guidance: request.guidance,
            seed: request.seed,
            lora: self.choice.loras.iter().map(|lora| Lora { file: file_name(Path::new(&lora.file)), scale: lora.scale }).collect(),
            init: init.zip(request.init.as_ref()).map(|(file, init)| Init { file: file.to_owned(), strength: init.strength }),
        }
    }
}

impl Made {
    /// In a line for people.
    pub(crate) fn told(&self) -> String {
        let Settings { width, height, seed, scheduler, .. } = &self.settings;
        let (files, steps, seconds) = (self.files.join(", "), self.steps, self.seconds);
        format!("{files}: {width} × {height}, {steps} steps of {scheduler}, seed {seed}, {seconds:.1} s")
    }

    /// For programs.
    pub(crate) fn report(&self) -> Value {
        let Settings { width, height, seed, scheduler, guidance, model_description, lora, .. } = &self.settings;
        json!({
            "files": self.files,
            "seed": seed,
            "seconds": rounded(self.seconds),
            "load_seconds": rounded(self.load_seconds),
            "steps": self.steps,
            "size": {"width": width, "height": height},
            "scheduler": scheduler,
            "guidance": guidance,
            "model": model_description,
            "lora": lora,
            "peak_rss_bytes": memory::peak_rss_bytes(),
        })
    }
}

/// A seed that is short enough to be typed again.
pub(crate) fn random_seed() -> u64 {
    // The standard library's hasher is keyed with the system's random numbers.
    RandomState::new().build_hasher().finish() >> 32
}
