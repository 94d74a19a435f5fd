//! `osteon bench loop`: plays exams in file order with a reader's masks as the corrections, and prints what is left to do.

use super::folder_cases::{files_of, pair};
use super::output::{is_stdout, require_target, write_json, write_text};
use super::patterns::FilePattern;
use super::place;
use super::plan_file::read_plan;
use super::progress::Progress;
use crate::consensus::{MARROW_LEVELS, level_name};
use crate::learn::Objective;
use crate::report::{CorrectionCurve, correction_plot};
use crate::worker::folder::{CurvePoint, CurveProgress, CurveWish, LEAVES, play_corrections};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// Exams whose means are compared, counted from 1: early and late.
const SPANS: [[usize; 2]; 2] = [[2, 4], [8, 10]];

#[derive(Args, Clone, Debug)]
pub(super) struct LoopArgs {
    /// Images, one pattern per sequence: 'DIR/*_water.nii.gz,DIR/*_fat.nii.gz'
    #[arg(long, value_name = "GLOB,…")]
    images: String,
    /// The corrector's masks: 'DIR/*_reader1.nii.gz'
    #[arg(long, value_name = "GLOB")]
    labels: String,
    /// Exams to play, in the order of their names
    #[arg(long, default_value_t = 10)]
    exams: usize,
    /// Steps of the retraining after every exam
    #[arg(long, default_value_t = 300)]
    steps: u32,
    /// Where weights and batches come from
    #[arg(long, default_value_t = place::DEFAULT_SEED)]
    seed: u64,
    /// How one net is trained, as a JSON file with any part of a plan (docs/learning.md)
    #[arg(long, value_name = "FILE.json")]
    spec: Option<PathBuf>,
    /// Channels of the first level: those of the model in the window
    #[arg(long, default_value_t = 16)]
    base: usize,
    /// What the learning rate is multiplied by in retrainings, above 0 to 1
    #[arg(long, default_value_t = 1.0)]
    retraining_rate: f64,
    /// File for the figures, - for the screen
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// File for the curves as a drawing
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
}

/// # Errors
/// If a file cannot be read, or there are too few exams for a curve.
pub(super) fn run(args: &LoopArgs) -> Result<()> {
    place::tell_device();
    let patterns = FilePattern::list(&args.images)?;
    let masks = FilePattern::new(&args.labels, 1)?;
    let mut cases = pair(&patterns, &masks)?;
    cases.truncate(args.exams.max(2));
    if cases.len() < 2 {
        bail!("one exam is no curve; name at least two");
    }
    if !(args.retraining_rate > 0.0 && args.retraining_rate <= 1.0) {
        bail!("--retraining-rate is {}, but must be above 0 and at most 1", args.retraining_rate);
    }
    let mut plan = read_plan(args.spec.as_deref())?;
    let as_in_window = args.spec.is_none();
    // One net, as in the window.
    (plan.base, plan.members) = (args.base, 1);
    if as_in_window {
        plan.objective = Objective::BESIDE_READER;
    }
    plan.check().map_err(|why| anyhow!(why))?;
    let wish = CurveWish {
        sequences: patterns.iter().map(FilePattern::word).collect(),
        corrector: masks.word(),
        steps: args.steps,
        seed: args.seed,
        plan,
        as_in_window,
        retraining_rate: args.retraining_rate,
    };
    let read: Vec<PathBuf> = files_of(&cases, None).into_iter().chain(args.spec.clone()).collect();
    args.json.as_deref().map_or(Ok(()), |path| require_target(path, &read))?;
    args.svg.as_deref().map_or(Ok(()), |path| require_target(path, read.iter().chain(&args.json)))?;
    let bar = Progress::new();
    bar.stage("Playing the loop");
    let all = cases.len();
    let mut show = |event: &CurveProgress| match event {
        CurveProgress::Exam(point) => bar.stage(&line(point)),
        CurveProgress::Step { exam, step, loss } => {
            let done = (*exam as f32 - 1.0 + *step as f32 / wish.steps.max(1) as f32) / (all as f32 - 1.0);
            bar.at(done, &format!("Retraining after exam {exam} of {all}, step {step} of {}, loss {loss:.3}", wish.steps));
        }
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(place::all_threads()).build().context("the threads could not be started")?;
    let stop = AtomicBool::new(false);
    let points = pool.install(|| play_corrections(&cases, &wish, &stop, &mut show)).map_err(|why| anyhow!(why))?;
    bar.finish();
    let points = points.context("the play was stopped")?;
    if args.json.as_deref().is_none_or(|path| !is_stdout(path)) {
        table(&points);
    }
    if let Some(path) = &args.json {
        write_json(path, &figures(&points, &wish))?;
    }
    if let Some(path) = &args.svg {
        write_text(path, &correction_plot(&curves(&points)))?;
    }
    Ok(())
}

/// Both curves, strokes once per share that may stay wrong.
fn curves(points: &[CurvePoint]) -> Vec<CorrectionCurve> {
    let of =
        |name: String, share: &dyn Fn(&CurvePoint) -> Option<f64>| CorrectionCurve { name, shares: points.iter().map(share).collect() };
    let mut curves = vec![of("voxels relabelled, of those painted".to_owned(), &CurvePoint::voxel_ratio)];
    for (n, leaves) in LEAVES.iter().enumerate() {
        let name = format!("strokes of a simulated brush, {:.0} % of a level may stay wrong", leaves * 100.0);
        curves.push(of(name, &|point: &CurvePoint| point.strokes[n].ratio()));
    }
    curves
}

fn line(point: &CurvePoint) -> String {
    let strokes = point.strokes.iter().map(|s| format!("{} of {} strokes ({})", s.to_correct, s.from_empty, ratio(s.ratio())));
    let strokes = strokes.collect::<Vec<_>>().join(", ");
    let dice = point.dice.iter().map(|dice| ratio(*dice)).collect::<Vec<_>>().join(" / ");
    let voxels = format!("{} of {} voxels relabelled ({})", point.relabelled, point.painted, ratio(point.voxel_ratio()));
    let dice = if dice.is_empty() { dice } else { format!(", Dice {dice}") };
    format!("{}: {voxels}, {strokes}{dice}", point.name)
}

fn table(points: &[CurvePoint]) {
    println!("Relabelled of painted voxels; strokes from the proposal of strokes from empty slices, leaving {LEAVES:?} of a level wrong");
    for (n, point) in points.iter().enumerate() {
        println!("{:>3}  {}", n + 1, line(point));
    }
    for span in SPANS {
        let (voxels, strokes) = means(points, span);
        let strokes = strokes.map(ratio).join(", ");
        println!("mean of exams {} to {}: voxels {}, strokes {strokes}", span[0], span[1], ratio(voxels));
    }
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.2}"))
}

/// Mean of the ratios (voxels, then strokes) over the exams of a span where they are defined; `None` where an exam of it was not played.
fn means(points: &[CurvePoint], [first, last]: [usize; 2]) -> (Option<f64>, [Option<f64>; LEAVES.len()]) {
    let mean = |of: &dyn Fn(&CurvePoint) -> Option<f64>| {
        let known: Vec<f64> = points.get(first - 1..last)?.iter().filter_map(of).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    (mean(&CurvePoint::voxel_ratio), std::array::from_fn(|n| mean(&|p| p.strokes[n].ratio())))
}

fn figures(points: &[CurvePoint], wish: &CurveWish) -> Value {
    let exam = |point: &CurvePoint| {
        json!({
            "exam": point.name,
            "painted_voxels": point.painted,
            "relabelled_voxels": point.relabelled,
            "voxel_ratio": point.voxel_ratio(),
            "strokes": point.strokes.iter().zip(LEAVES).map(|(s, leave)| json!({
                "may_stay_wrong": leave, "from_empty": s.from_empty, "to_correct": s.to_correct, "ratio": s.ratio(),
            })).collect::<Vec<_>>(),
            "dice": MARROW_LEVELS.iter().map(|level| level_name(level)).zip(&point.dice).collect::<BTreeMap<_, _>>(),
        })
    };
    let spans = SPANS.map(|span| {
        let (voxels, strokes) = means(points, span);
        json!({"exams": span, "voxel_ratio": voxels, "stroke_ratio": strokes})
    });
    json!({
        "corrector": wish.corrector,
        "sequences": wish.sequences,
        "steps_per_retraining": wish.steps,
        "plan": wish.plan,
        "retrainings_as_in_window": wish.as_in_window,
        "retraining_rate": wish.retraining_rate,
        "seed": wish.seed,
        "rule": "relabelled = voxels where proposal and mask differ; painted = voxels with a label in the mask; \
                 strokes = those of one simulated brush, from the proposal and from empty slices, until on each slice at most that share of each level is wrong",
        "exams": points.iter().map(exam).collect::<Vec<_>>(),
        "means": spans,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::folder::Strokes;

    #[test]
    fn means_are_over_the_exams_named_and_absent_where_one_was_not_played() {
        let point = |n: u64| CurvePoint {
            name: format!("e{n}"),
            painted: if n == 3 { 0 } else { 10 },
            relabelled: n,
            strokes: [Strokes { from_empty: 4, to_correct: n as usize }; LEAVES.len()],
            dice: Vec::new(),
        };
        let points: Vec<CurvePoint> = (1..=9).map(point).collect();
        let (voxels, strokes) = means(&points, SPANS[0]);
        assert!((voxels.unwrap() - 0.3).abs() < 1e-9 && strokes.iter().all(|s| (s.unwrap() - 0.75).abs() < 1e-9));
        assert_eq!(means(&points, SPANS[1]), (None, [None; LEAVES.len()]));
    }
}
