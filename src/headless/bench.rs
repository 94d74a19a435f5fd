//! `osteon bench`: measures this machine.

use super::loop_curve::{self, LoopArgs};
use super::output::{NOTHING, require_target, write_text};
use super::place;
use crate::learn::{Arithmetic, BenchSetup, Meter, bench_step};
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What `osteon bench` takes.
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: BenchWhat,
}

#[derive(Subcommand, Clone, Debug)]
enum BenchWhat {
    /// A training step of the U-Net
    Unet(UnetArgs),
    /// What the model saves a reader: exams in file order, one retraining after each
    Loop(LoopArgs),
}

#[derive(Args, Clone, Debug)]
struct UnetArgs {
    /// Channels of the first level
    #[arg(long, default_value_t = 32)]
    base: usize,
    /// Pixels along each side
    #[arg(long, default_value_t = 256)]
    size: usize,
    /// Slices per step
    #[arg(long, default_value_t = 4)]
    batch: usize,
    /// Levels of resolution
    #[arg(long, default_value_t = 4)]
    levels: usize,
    /// Threads (0: all)
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Steps; the first does not count
    #[arg(long, default_value_t = 6)]
    steps: usize,
    /// Arithmetic
    #[arg(long, value_enum, default_value = "f32")]
    mode: Mode,
    /// File for the figures, - for the screen
    #[arg(long, value_name = "FILE", default_value = "-")]
    json: PathBuf,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Mode {
    /// Single precision
    F32,
    /// Half as wide: for processors that multiply it (AMX, AVX-512 bf16), very slow elsewhere
    Bf16,
}

/// # Errors
/// If the numbers are no net's, or the file cannot be written.
pub fn run(args: &BenchArgs) -> Result<()> {
    match &args.what {
        BenchWhat::Unet(args) => unet(args),
        BenchWhat::Loop(args) => loop_curve::run(args),
    }
}

fn unet(args: &UnetArgs) -> Result<()> {
    require_target(&args.json, NOTHING)?;
    let threads = if args.threads == 0 { place::all_threads() } else { args.threads };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let started = Instant::now();
    let arithmetic = match args.mode {
        Mode::F32 => Arithmetic::F32,
        Mode::Bf16 => Arithmetic::Bf16,
    };
    let UnetArgs { base, size, batch, levels, steps, .. } = *args;
    let setup = BenchSetup { base, size, batch, levels, steps, arithmetic };
    let report = pool.install(|| {
        let meter = Meter { wall_s: &|| started.elapsed().as_secs_f64(), cpu_s: &cpu_seconds, peak_mb: &peak_mb };
        bench_step(setup, &meter, &AtomicBool::new(false))
    })?;
    write_text(&args.json, &(serde_json::to_string(&report)? + "\n")).context("the figures were not saved")
}

/// CPU seconds of this process so far; 0 where the system does not tell. Linux counts in hundredths (`USER_HZ`).
fn cpu_seconds() -> f64 {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return 0.0 };
    // The program's name stands in brackets and may hold blanks; utime and stime are fields 14 and 15.
    let after = stat.rsplit(')').next().unwrap_or("");
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Largest memory of this process so far in MiB; 0 where the system does not tell.
fn peak_mb() -> f64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0.0 };
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()).and_then(|kb| kb.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}
