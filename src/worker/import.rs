//! Importing in two steps: what would come in is read and shown; what a person chose is imported.

use super::files;
use super::hub::WorkerConfig;
use super::message::{ImportLook, ImportPreview, ImportSource, Outcome};
use super::pools::Pools;
use super::task::Task;
use crate::study::{ImportOptions, ImportPlan, ImportTable, PatientMap, Study};
use crate::volume::{Image, percentile};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The import that waits for a person; one at a time. Its lock is taken by the threads of tasks only, never by those of the pool: a
/// pool thread that waits for its helpers takes up other work meanwhile, and would wait for a lock that it holds itself.
#[derive(Default)]
pub(super) struct PendingImport(Mutex<Option<ImportPlan>>);

/// A preview has at most so many columns and rows.
const LARGEST_PREVIEW: usize = 1400;

impl PendingImport {
    /// Reads the sources and keeps the plan.
    pub fn look(&self, task: &Task, pools: &Pools, source: ImportSource) -> Outcome {
        // The one before may hold images in memory.
        self.forget();
        match pools.jobs.install(|| plan(task, &source)) {
            _ if task.cancel.is_cancelled() => Outcome::Cancelled,
            Ok((plan, skipped)) => {
                let table = plan.table().clone();
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
                Outcome::ImportLook(Box::new(ImportLook { source, table, skipped }))
            }
            Err(why) => Outcome::Failed(why),
        }
    }

    /// Makes a picture of one sequence.
    pub fn preview(&self, pools: &Pools, at: [usize; 2], slice: Option<usize>) -> Outcome {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_ref().and_then(|plan| pools.reading.install(|| plan.image(at))) {
            Some(Ok(image)) => Outcome::ImportPreview(Box::new(preview(&image, at, slice))),
            Some(Err(error)) => Outcome::Failed(error.to_string()),
            None => Outcome::Cancelled,
        }
    }

    /// Imports what the person chose.
    pub fn carry_out(&self, task: &Task, pools: &Pools, config: &WorkerConfig, root: &Path, table: ImportTable) -> Outcome {
        let Some(plan) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Outcome::Failed("The images to be imported are no longer at hand: choose them again.".to_owned());
        };
        files::finish(task, pools.jobs.install(|| bring_in(task, config, root, plan, table)))
    }

    /// Lets the images go.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn plan(task: &Task, source: &ImportSource) -> Result<(ImportPlan, Vec<String>), String> {
    let study = Study::open(&source.root).map_err(|e| e.to_string())?;
    let patients = source.patients.as_deref().map(PatientMap::load).transpose().map_err(|e| e.to_string())?.unwrap_or_default();
    let reading = files::read(task, &source.path)?;
    let mut skipped = files::skipped(&reading);
    let options = ImportOptions { patients, link: source.link.clone(), ..ImportOptions::default() };
    let plan = ImportPlan::new(study.layout(), study.protocol(), reading.volumes, &options).map_err(|e| e.to_string())?;
    if let ([(path, why), ..], true) = (plan.refused(), plan.table().exams.is_empty()) {
        return Err(format!("{}: {why}.", path.display()));
    }
    // Foremost: of files that were skipped only a few are named.
    skipped.splice(..0, plan.left_out().iter().map(|(path, why)| format!("{}: {why}", path.display())));
    skipped.splice(..0, plan.refused().iter().map(|(_, why)| why.clone()));
    Ok((plan, skipped))
}

fn bring_in(
    task: &Task,
    config: &WorkerConfig,
    root: &Path,
    mut plan: ImportPlan,
    table: ImportTable,
) -> Result<super::message::StudySummary, String> {
    plan.correct(table)?;
    let study = Study::open(root).map_err(|e| e.to_string())?;
    let mut rng = files::fresh_randomness()?;
    let report = files::watched(task, "Importing", |watch| plan.carry_out(study.layout(), &mut rng, watch));
    let report = report.map_err(|e| e.to_string())?;
    let mut remarks: Vec<String> = report.failed.iter().map(|(path, why)| format!("{}: {why}", path.display())).collect();
    if report.exams.is_empty() && remarks.is_empty() {
        remarks.push("No exam came in: the study has these images already.".to_owned());
    }
    super::summary::summarise(root, &config.scratch_root, remarks)
}

/// Grey values as brightness between the 0.5th and 99.5th percentile, the rows from the top as stored.
fn preview(image: &Image, at: [usize; 2], slice: Option<usize>) -> ImportPreview {
    let [ni, nj, nk] = image.grid().shape();
    let slice = slice.map(|k| k.min(nk - 1));
    let (black, white) = match (percentile(image.values(), 0.5), percentile(image.values(), 99.5)) {
        (Some(low), Some(high)) if high > low => (low, high),
        _ => image.range(),
    };
    let step = ni.max(nj).div_ceil(LARGEST_PREVIEW).max(1);
    let shown = [ni.div_ceil(step), nj.div_ceil(step)];
    let slices = slice.map_or(0..nk, |k| k..k + 1);
    let mut grey = Vec::with_capacity(shown[0] * shown[1]);
    for j in 0..shown[1] {
        for i in 0..shown[0] {
            let mut brightest = 0_u8;
            // Every pixel counts: letters may be one pixel thin.
            for k in slices.clone() {
                for (di, dj) in (0..step * step).map(|n| (n % step, n / step)) {
                    let voxel = [(i * step + di).min(ni - 1), (j * step + dj).min(nj - 1), k];
                    let share = ((image.get(voxel) - black) / (white - black).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
                    let share = if image.inverted_on_display() { 1.0 - share } else { share };
                    brightest = brightest.max((share * 255.0).round() as u8);
                }
            }
            grey.push(brightest);
        }
    }
    ImportPreview { at, slice, slices: nk, size: [ni, nj], shown, grey }
}
