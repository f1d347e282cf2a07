//! What the effect adds to a frame: from a host's question to the host's image, with an engine that computes next to nothing.
//!
//! `cargo xtask bundle`, `cargo build --release -p dedit-daemon --example stand_in`, then
//! `cargo run --release -p dedit-host-tests --example measure_openfx`.

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use dedit_host_tests::places;
use dedit_host_tests::process::{Group, within};
use dedit_host_tests::test_folder::TestFolder;
use ofx_test_host::{
    ClipImage, Components, Context, Depth, Host, HostSettings, Instance, InstanceSettings, Library, RenderRequest, rect, status,
};

/// Tells the second process, whose environment leads to the stand-in, that it is that one.
const SECOND: &str = "DEDIT_MEASURES";
const FRAMES: usize = 6;
const SIZE: [i32; 2] = [1920, 1080];

fn main() -> Result<()> {
    if env::var_os(SECOND).is_some() {
        return measure();
    }
    let test_folder = TestFolder::new(None)?;
    let here = env::current_exe()?;
    let mut command = Command::new(here.parent().unwrap_or(Path::new(".")).join("stand_in"));
    command.arg("--socket").arg(test_folder.socket()).arg("--data").arg(test_folder.data()).args(["--step-us", "1", "--steps", "2"]);
    let _daemon = Group::start(&mut command).context("the stand-in for the daemon is not built")?;
    within(Duration::from_secs(20), || Ok(test_folder.socket().exists().then_some(())))?.context("the stand-in does not start")?;
    let mut second = Command::new(here);
    second.envs(test_folder.environment()).env(SECOND, "1").env("DEDIT_OPENFX_CACHE", "");
    let status = second.status().context("the second process cannot be started")?;
    if status.success() { Ok(()) } else { Err(anyhow!("the second process ended with {status}")) }
}

fn measure() -> Result<()> {
    let host = Host::new(HostSettings { temporal_access: false, ..HostSettings::default() });
    let library = Library::load(&places::effects()?.join(places::BUNDLE))?;
    let connection = library.connect(&host)?;
    let described = connection.effect("org.dedit.DEdit")?.describe()?.describe_in_context(Context::General)?;
    let [width, height] = SIZE;
    let whole = rect(0, 0, width, height);
    for depth in [Depth::Byte, Depth::Short, Depth::Half, Depth::Float] {
        let settings = InstanceSettings { project_size: SIZE.map(f64::from), ..InstanceSettings::default() };
        let instance = Instance::create(&described, &settings)?;
        let image = |shift: usize| {
            ClipImage::from_fn(whole, depth, Components::Rgba, |x, y| {
                let value = |step: i32| ((x * step + y + shift as i32) % 256) as f32 / 255.0;
                [value(1), value(3), value(7), 1.0]
            })
        };
        let frames: Vec<_> = (0..FRAMES).map(image).collect();
        let source = frames.clone();
        instance.connect("Source", move |time| source[time as usize].clone())?;
        let mask = ClipImage::from_fn(whole, depth, Components::Alpha, |x, y| {
            [if (width / 4..width * 3 / 4).contains(&x) && (height / 4..height * 3 / 4).contains(&y) { 1.0 } else { 0.0 }; 4]
        });
        instance.connect("Mask", move |_| mask.clone())?;
        let mut told = Vec::new();
        for (what, edit) in [("nothing", 0), ("new", 3), ("kept", 3)] {
            instance.set("edit", edit)?;
            let mut times = Vec::new();
            for time in 0..FRAMES {
                let begun = Instant::now();
                let rendered = instance.render(&RenderRequest::new(time as f64, whole))?;
                times.push(begun.elapsed().as_millis());
                if rendered.outcome.status != status::OK {
                    return Err(anyhow!("{:?}", rendered.outcome.messages));
                }
            }
            times.sort_unstable();
            told.push(format!("{what} {} ms", times[times.len() / 2]));
        }
        println!("{depth:?}: {}", told.join(", "));
    }
    Ok(())
}
