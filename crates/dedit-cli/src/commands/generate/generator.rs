//! Plain diffusion in this process: pictures are generated, and written with the settings that reproduce them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use dedit_diffusion::pipeline::{GenerateRequest, Pipeline};
use dedit_models::Model;
use dedit_session::{ModelChoice, memory};
use serde_json::{Value, json};

use crate::arguments::{Sampling, random_seed};
use crate::console::Console;
use crate::error::Result;
use crate::format::rounded;
use crate::interrupt::Interrupt;
use crate::output::{self, file_name};
use crate::picture::{self, Embedding, Init, Lora, MADE_BY, Settings};

/// A loaded model.
pub(super) struct Generator<'a> {
    pub(super) pipeline: Pipeline,
    name: String,
    choice: ModelChoice,
    load_seconds: f64,
    console: &'a Console,
    interrupt: &'a Interrupt,
}

/// Pictures that were generated and written.
pub(super) struct Generated {
    /// The settings of the first of them.
    pub(super) settings: Settings,
    /// Steps that were done.
    pub(super) steps: usize,
    load_seconds: f64,
    seconds: f64,
    files: Vec<String>,
}

impl<'a> Generator<'a> {
    /// Loads the model.
    pub(super) fn load(model: Model, console: &'a Console, interrupt: &'a Interrupt) -> Result<Self> {
        let begun = Instant::now();
        console.stage("loading the model", 0, 1, None);
        let (name, choice) = (model.name(), model.choice().clone());
        let pipeline = model.load(&mut |note| console.note(note))?;
        Ok(Self { pipeline, name, choice, load_seconds: begun.elapsed().as_secs_f64(), console, interrupt })
    }

    /// A request with what the options say, and what suits the model where they say nothing.
    pub(super) fn request(&self, prompt: &str, sampling: &Sampling) -> GenerateRequest {
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

    /// Generates the pictures of a request and writes one to each of `files`; `init` names the picture that it starts from.
    pub(super) fn generate(&self, request: &GenerateRequest, init: Option<&str>, files: &[PathBuf]) -> Result<Generated> {
        let begun = Instant::now();
        self.check_memory(request)?;
        self.interrupt.listen();
        let output = self.pipeline.generate(request, &mut |progress| {
            self.console.progress(&progress);
            if self.interrupt.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let pictures = picture::to_rgb8(&output.pictures)?;
        let settings = self.settings(request, init);
        for (i, (picture, file)) in pictures.iter().zip(files).enumerate() {
            // Reproducing one picture needs its own seed, not that of its batch.
            let own = Settings { seed: request.seed.wrapping_add(i as u64), ..settings.clone() };
            output::write(file, &picture::encode(picture, &own.texts()?)?)?;
        }
        let files = files.iter().map(|file| file.display().to_string()).collect();
        let (load_seconds, seconds) = (self.load_seconds, begun.elapsed().as_secs_f64());
        Ok(Generated { settings, steps: output.steps, load_seconds, seconds, files })
    }

    /// An error where the request cannot fit into memory: it may otherwise fail only after hours.
    fn check_memory(&self, request: &GenerateRequest) -> Result<()> {
        if !self.pipeline.device().is_cpu() {
            return Ok(());
        }
        let GenerateRequest { width, height, batch, .. } = request;
        let what = format!("a batch of {batch} × {width} × {height} pixels");
        memory::check(&what, self.pipeline.least_memory(request), memory::available_bytes())
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
            embedding: self
                .choice
                .embeddings
                .iter()
                .map(|embedding| Embedding { file: file_name(Path::new(&embedding.file)), name: embedding.name.clone() })
                .collect(),
            clip_skip: self.choice.clip_skip,
            init: init.zip(request.init.as_ref()).map(|(file, init)| Init { file: file.to_owned(), strength: init.strength }),
        }
    }
}

impl Generated {
    /// One line for people.
    pub(super) fn summary(&self) -> String {
        let Settings { width, height, seed, scheduler, .. } = &self.settings;
        let (files, steps, seconds) = (self.files.join(", "), self.steps, self.seconds);
        format!("{files}: {width} × {height}, {steps} steps of {scheduler}, seed {seed}, {seconds:.1} s")
    }

    /// The JSON report.
    pub(super) fn report(&self) -> Value {
        let Settings { width, height, seed, scheduler, guidance, model_description, lora, embedding, clip_skip, .. } = &self.settings;
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
            "embedding": embedding,
            "clip_skip": clip_skip,
            "peak_rss_bytes": memory::peak_rss_bytes(),
        })
    }
}
