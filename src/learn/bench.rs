//! The training step that `osteon bench unet` measures; the net, batch and fields of `tools/bench_unet_torch.py`.

use super::error::LearnError;
use super::{Arithmetic, Compute, Example, ModelSpec, Recipe, SpecError, TrainOptions, Trainer};
use crate::learn::conv::Extent;
use crate::learn::net::{Batch, Parameters, UNetShape};
use serde::Serialize;
use std::sync::atomic::AtomicBool;
use thiserror::Error;

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BenchSetup {
    /// Channels of the first level.
    pub base: usize,
    /// Pixels along each side.
    pub size: usize,
    /// Slices per step.
    pub batch: usize,
    /// Levels of resolution.
    pub levels: usize,
    /// Steps; the first does not count.
    pub steps: usize,
    /// How the CPU multiplies.
    pub arithmetic: Arithmetic,
}

/// Readings of the process, handed in because this module looks at no clock.
pub struct Meter<'a> {
    /// Wall clock in seconds from any start.
    pub wall_s: &'a dyn Fn() -> f64,
    /// CPU seconds of the process.
    pub cpu_s: &'a dyn Fn() -> f64,
    /// Peak memory of the process in MiB.
    pub peak_mb: &'a dyn Fn() -> f64,
}

/// Medians over the steps, as `tools/bench_unet_torch.py` prints them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// Program and instruction path.
    pub engine: String,
    /// Arithmetic: `f32` or `bf16`.
    pub mode: String,
    /// Channels of the first level.
    pub base: usize,
    /// Pixels along each side.
    pub size: usize,
    /// Slices per step.
    pub batch: usize,
    /// Threads of the pool that the measurement ran in.
    pub threads: usize,
    /// Numbers learnt.
    pub parameters: usize,
    /// Seconds of a forward pass.
    pub forward_s: f64,
    /// Seconds of the forward pass of one slice, nothing being kept.
    pub slice_s: f64,
    /// Seconds of a whole step.
    pub step_s: f64,
    /// CPU seconds of a whole step.
    pub cpu_s: f64,
    /// Peak memory in MiB.
    pub peak_mb: f64,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// Numbers that no net can have.
    #[error(transparent)]
    Setup(#[from] SpecError),
    /// The step failed.
    #[error(transparent)]
    Learn(#[from] LearnError),
}

/// Runs steps (forward, backward, AdamW, running mean) on made-up slices in the current thread pool.
///
/// # Errors
/// If the setup is not a net's, or on stop.
pub fn bench_step(setup: BenchSetup, meter: &Meter<'_>, stop: &AtomicBool) -> Result<BenchReport, BenchError> {
    let BenchSetup { base, size, batch, levels, steps, arithmetic } = setup;
    let compute = &Compute::cpu(arithmetic);
    let spec = ModelSpec { base, depth: levels, ..ModelSpec::new("noise", "marrow", 3, "nobody") }.check()?;
    let noise = |n: usize| (((n * 7919 + n * n % 97) % 1013) as f32) / 506.0 - 1.0;
    let slices = (0..batch.max(1)).map(|b| {
        let planes = (0..size * size).map(|n| noise(n + b * 31)).collect();
        Example::new(planes, (0..size * size).map(|n| ((n / 7 + b) % 4) as u8).collect(), [size, size])
    });
    let slices: Vec<Example> = slices.collect::<Result<_, _>>()?;
    let slices: Vec<&Example> = slices.iter().collect();
    let mut trainer = Trainer::new(&spec, Recipe::default(), TrainOptions::default())?.on(compute);

    let mut step_readings = Vec::new();
    for _ in 0..steps.max(2) {
        let (wall, cpu) = ((meter.wall_s)(), (meter.cpu_s)());
        trainer.step(&slices, stop)?;
        step_readings.push(((meter.wall_s)() - wall, (meter.cpu_s)() - cpu));
    }
    let parameters = trainer.snapshot().parameter_count();
    drop(trainer);

    let shape = UNetShape::of(&spec);
    let fresh = Parameters::fresh(&shape, 0);
    let side = size.next_multiple_of(shape.multiple());
    let extent = Extent { batch: slices.len(), height: side, width: side };
    let planes: Vec<f32> = (0..extent.pixels()).map(noise).collect();
    let mut engine = compute.engine(&shape);
    let mut forward_of = |extent: Extent| {
        let mut readings = Vec::new();
        for _ in 0..steps.max(2) {
            let wall = (meter.wall_s)();
            engine.logits(&fresh, Batch { extent, planes: &planes[..extent.pixels()], dropout: None }, stop)?;
            readings.push((meter.wall_s)() - wall);
        }
        Ok::<_, LearnError>(median_after_first(readings))
    };
    let (forward_s, slice_s) = (forward_of(extent)?, forward_of(Extent { batch: 1, ..extent })?);
    let (walls, cpus): (Vec<f64>, Vec<f64>) = step_readings.into_iter().unzip();
    Ok(BenchReport {
        engine: format!("osteon {} {}", env!("CARGO_PKG_VERSION"), compute.word()),
        mode: arithmetic.word().to_owned(),
        base,
        size,
        batch: slices.len(),
        threads: rayon::current_num_threads(),
        parameters,
        forward_s,
        slice_s,
        step_s: median_after_first(walls),
        cpu_s: median_after_first(cpus),
        peak_mb: (meter.peak_mb)(),
    })
}

/// Median of all but the first; the mean of the middle two where their number is even.
fn median_after_first(mut values: Vec<f64>) -> f64 {
    let mut values = values.split_off(1.min(values.len()));
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n => (values[(n - 1) / 2] + values[n / 2]) / 2.0,
    }
}
