//! `cargo xtask evaluate [--scenes N] [--seed S] [--json FILE]`: how good edits are, on drawn scenes that no training has seen.
//!
//! For every scene there is a true answer to every edit: the scene drawn again as the edit would have it. It is edited in several ways
//! ([`Method`]), all but one by the same model, and each result is measured against the truth ([`Measured`]). Scenes follow from seeds alone, and every one counts.
//!
//! `--photos`: how well holes in photographs are filled without weights, and how well things are lifted out of them. `--film`: how well a thing is removed from films. `--clicks`: how well things are found by
//! a box and by clicks, without weights.

mod case;
mod classifier;
mod clicks;
mod clock;
mod film;
mod kept;
mod measure;
mod method;
mod photos;
mod plate;
mod report;
mod things;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use candle_core::Device;
use clap::Args;
use dedit_diffusion::Checkpoint;
use dedit_diffusion::pipeline::Pipeline;
use dedit_engine::Engine;

use case::{Asked, Case};
use classifier::Classifier;
use kept::Kept;
use measure::{Input, Measured};
use method::{Method, Setup};

use crate::workspace::Workspace;

/// Options of the evaluation.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Fills holes in the photographs of tests/data/photos and lifts things out of them without weights, instead of editing scenes
    #[arg(long)]
    photos: bool,
    /// Removes a thing from films that are drawn from a photograph, without weights, instead of editing scenes
    #[arg(long, conflicts_with = "photos")]
    film: bool,
    /// Finds things in photographs and this many in drawn scenes, by a box and by one to three clicks, without weights, instead of editing scenes
    #[arg(long, value_name = "THINGS", num_args = 0..=1, default_missing_value = "200", conflicts_with_all = ["photos", "film"])]
    clicks: Option<usize>,
    /// Photographs of another folder, JPEG or PNG
    #[arg(long, value_name = "DIR", requires = "photos")]
    folder: Option<PathBuf>,
    /// Does the same by other programs too, where they are installed: G'MIC and Python's cv2 fill holes, cv2 finds things
    #[arg(long, conflicts_with = "film")]
    vs_peers: bool,
    /// How many scenes
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    scenes: u32,
    /// Seed of the first scene, or of the holes in photographs; the model was trained on those below 1,000,000, and its classifier on those from 3,000,000 to 3,999,999
    #[arg(long, default_value_t = 7_000_000)]
    seed: u64,
    /// Writes the figures to a file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measures these ways of editing alone
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<Method>,
    /// Measures these edits alone
    #[arg(long, value_name = "EDIT", num_args = 1.., value_enum, default_values_t = Asked::ALL)]
    edits: Vec<Asked>,
    /// Settings of edits by items in place of the usual ones, as a JSON object: '{"plate":null}' for edits without a clean plate
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// Keeps what is learned in a folder, and takes from it what is there already
    #[arg(long, value_name = "DIR")]
    learned: Option<PathBuf>,
    /// Passes to an update of the published learning, instead of its 5: at 1 it takes a fifth of the time
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=5))]
    reference_accumulation: u32,
    /// Keeps what is measured in a file, a line for each scene and way, and leaves out what is there already
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Writes each scene's results side by side into a folder
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    /// Engines at once, each on one thread
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    jobs: u32,
    /// A model other than the built-in one
    #[arg(long, value_name = "PATH")]
    model: Option<PathBuf>,
}

/// One scene in one way.
type Task<'a> = (&'a Case, Method);

/// Measures, prints the table, and writes the figures where asked.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    for folder in options.pictures.iter().chain(&options.learned) {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    if options.photos {
        let folder = options.folder.clone().unwrap_or_else(|| workspace.root().join("tests/data/photos"));
        print!("{}", photos::run(&folder, options.seed, options.pictures.as_deref(), options.vs_peers)?);
        let things = things::outlined(&workspace.root().join("tests/data/photos"))?;
        print!("\n{}", photos::lifted(&folder, &things, options.seed, options.pictures.as_deref())?);
        return Ok(ExitCode::SUCCESS);
    }
    if options.film {
        print!("{}", film::run(&workspace.root().join("tests/data/photos/coffee.jpg"), options.pictures.as_deref())?);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(drawn) = options.clicks {
        print!("{}", clicks::run(&workspace.root().join("tests/data/photos"), drawn, options.seed, options.vs_peers)?);
        return Ok(ExitCode::SUCCESS);
    }
    scenes(options)
}

fn scenes(options: &Options) -> Result<ExitCode> {
    let begun = Instant::now();
    let cache = tempfile::tempdir().context("there is no room for the model")?;
    let model = match &options.model {
        Some(path) => path.clone(),
        None => dedit_toys::model::unpack(cache.path()).context("the built-in model cannot be unpacked")?,
    };
    let classifier = Classifier::built_in()?;
    let cases: Vec<Case> = (options.seed..).filter_map(Case::new).take(options.scenes as usize).collect();
    let on_real = case::real_accuracy(&cases, &classifier)?;
    let methods: Vec<Method> = Method::ALL.into_iter().filter(|method| options.only.is_empty() || options.only.contains(method)).collect();
    let mut kept = Kept::open(options.resume.as_deref())?;
    let tasks: Vec<Task<'_>> = cases.iter().flat_map(|case| methods.iter().map(move |method| (case, *method))).collect();
    let left: Vec<Task<'_>> = tasks.iter().filter(|(case, method)| kept.get(case.seed, *method).is_none()).copied().collect();
    let settings = options.settings.as_deref().map(serde_json::from_str).transpose().context("--settings is no JSON object")?;
    let setup = Setup {
        asked: &options.edits,
        accumulation: options.reference_accumulation as usize,
        settings: settings.as_ref(),
        learned: options.learned.as_deref(),
    };
    let work = Work { options, setup: &setup, model: &model, classifier: &classifier, left: &left, next: AtomicUsize::new(0), begun };
    let shared = Mutex::new(&mut kept);
    let failed: Vec<anyhow::Error> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs).map(|_| scope.spawn(|| work.go(&shared))).collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().map_err(|_| anyhow::anyhow!("a worker ended early")).and_then(|done| done).err())
            .collect()
    });
    if let Some(error) = failed.into_iter().next() {
        return Err(error);
    }
    let input: Vec<Input> = cases.iter().map(|case| Input::of(case, &classifier)).collect::<Result<_>>()?;
    let by_method: Vec<(Method, Vec<Measured>)> =
        methods.iter().map(|method| (*method, cases.iter().filter_map(|case| kept.get(case.seed, *method).cloned()).collect())).collect();
    ensure!(by_method.iter().all(|(_, measured)| measured.len() == cases.len()), "some scenes were not measured");
    let report = report::json(&by_method, &input, on_real);
    print!("{}", report::table(&by_method, &input, on_real));
    println!("evaluated {} scenes from seed {} in {:.0} s", cases.len(), options.seed, begun.elapsed().as_secs_f64());
    if let Some(file) = &options.json {
        std::fs::write(file, format!("{report:#}\n")).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the workers share.
struct Work<'a> {
    options: &'a Options,
    setup: &'a Setup<'a>,
    model: &'a std::path::Path,
    classifier: &'a Classifier,
    left: &'a [Task<'a>],
    next: AtomicUsize,
    begun: Instant,
}

impl Work<'_> {
    /// Does tasks until none is left. An engine of its own on one thread beside another such is faster than one on two: the networks are small.
    fn go(&self, kept: &Mutex<&mut Kept>) -> Result<()> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().context("no thread could be started")?;
        pool.install(|| {
            let mut engine = Engine::new(Pipeline::load(&Checkpoint::open(self.model)?, &Device::Cpu)?)?;
            while let Some((case, method)) = self.left.get(self.next.fetch_add(1, Ordering::SeqCst)) {
                let results = method.edit(&mut engine, case, self.setup)?;
                let measured = Measured::of(case, &results, self.classifier)?;
                if let Some(folder) = &self.options.pictures {
                    results.strip(case).save(folder.join(format!("{}-{method}.png", case.seed)))?;
                }
                let mut kept = kept.lock().map_err(|_| anyhow::anyhow!("another worker failed"))?;
                kept.add(case.seed, *method, measured)?;
                let done = self.next.load(Ordering::SeqCst).min(self.left.len());
                eprintln!("{done}/{} {} {method}, {:.0} s", self.left.len(), case.seed, self.begun.elapsed().as_secs_f64());
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
