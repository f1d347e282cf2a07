//! A side of the bench that is written in Rust: a process that makes one work and runs it when told, so that it can take turns with the others.
//!
//! Reads `warmup WORK`, `run WORK` and `quit` from standard input; answers one JSON object per line, the first being `{"ready": WORK}`. What goes
//! wrong is answered as `{"error": …}`. `tests/benches/candle_side` is built from this file too, so that both are measured alike.

use std::io::{BufRead as _, Write as _};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// One call of a work.
pub(super) type Work = Box<dyn FnMut() -> Result<()>>;

/// Makes `name` and serves it until `quit` or the end of the input.
pub(super) fn serve(name: &str, build: fn(&str) -> Result<Work>) -> Result<()> {
    let mut work = match build(name) {
        Ok(work) => work,
        Err(error) => return answer(&json!({"error": format!("{error:#}")})),
    };
    answer(&json!({"ready": name}))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim() == "quit" {
            break;
        }
        let outcome = obey(line.trim(), name, &mut work);
        answer(&outcome.unwrap_or_else(|error| json!({"error": format!("{error:#}")})))?;
    }
    Ok(())
}

fn obey(command: &str, name: &str, work: &mut Work) -> Result<Value> {
    match command.split_once(' ') {
        Some(("warmup", wanted)) if wanted == name => work().map(|()| json!({"warm": name})),
        Some(("run", wanted)) if wanted == name => measure(name, work),
        _ => bail!("this process answers: run {name}, warmup {name}, quit"),
    }
}

fn measure(name: &str, work: &mut Work) -> Result<Value> {
    // Lets Linux count the peak of memory from here.
    std::fs::write("/proc/self/clear_refs", "5").context("the peak of memory cannot be reset; this bench needs Linux")?;
    let (cpu, wall) = (cpu_seconds()?, Instant::now());
    work()?;
    Ok(json!({"name": name, "cpu_s": cpu_seconds()? - cpu, "wall_s": wall.elapsed().as_secs_f64(), "peak_rss_gib": peak_gib()?}))
}

/// User and system time of this process so far, over all threads.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields count from behind the parenthesised name; ticks are 1/100 s on every Linux.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| -> Result<f64> { Ok(fields.get(index).context("/proc/self/stat is too short")?.parse::<f64>()?) };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

fn peak_gib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("/proc/self/status names no peak")?;
    let kib: f64 = line.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(kib / f64::from(1 << 20))
}

fn answer(value: &Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}
