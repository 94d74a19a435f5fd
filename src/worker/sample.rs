//! The sample study: synthetic knees from `phantom`, nothing from a patient.

use super::hub::WorkerConfig;
use super::message::Outcome;
use super::scratch::made_whole;
use super::summary::summarise;
use super::task::Task;
use crate::io::{self, Watch, write_image_nifti};
use crate::phantom::knee;
use crate::study::{Assistance, ImportOptions, Part, PatientMap, Protocol, ReaderCode, ReaderRule, Split, Study};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::path::Path;

/// Seed of the shipped sample.
pub const SAMPLE_SEED: u64 = 2022;
/// What the sample study is called.
pub const SAMPLE_NAME: &str = "Sample knees";
/// What each exam of the sample is for, in the order of making.
pub const SAMPLE_PARTS: [Part; 6] = [Part::Train, Part::Train, Part::Train, Part::Validate, Part::Validate, Part::Test];

/// Makes the sample study, or finds it already there.
pub(super) fn make(task: &Task, config: &WorkerConfig, pool: &rayon::ThreadPool, root: &Path) -> Outcome {
    let made = if root.join("study.toml").is_file() { Ok(()) } else { pool.install(|| made_whole(root, |folder| build(task, folder))) };
    match made.and_then(|()| summarise(root, &config.scratch_root, Vec::new())) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(summary) => Outcome::Study(Box::new(summary)),
        Err(why) => Outcome::Failed(why),
    }
}

/// Reader 1 reads with the model's help, the four others alone.
fn protocol() -> Protocol {
    let reader = |number: u32| {
        let assistance = if number == 1 { Assistance::FromStart } else { Assistance::None };
        ReaderCode::new(&format!("R{number}")).ok().map(|code| ReaderRule { code, assistance })
    };
    Protocol::sample().with_readers((1..=5).filter_map(reader).collect())
}

/// The exams take the way that any images take: written as files, read, imported.
fn build(task: &Task, root: &Path) -> Result<(), String> {
    let study = Study::init(root, SAMPLE_NAME, &protocol()).map_err(|e| e.to_string())?;
    let mut rng = ChaCha8Rng::seed_from_u64(SAMPLE_SEED);
    let mut parts = Vec::new();
    for (number, part) in SAMPLE_PARTS.into_iter().enumerate() {
        task.progress("Making the sample study", Some(number as f32 / SAMPLE_PARTS.len() as f32));
        if task.cancel.is_cancelled() {
            return Err("cancelled".to_owned());
        }
        let exam = knee(SAMPLE_SEED, number as u32).map_err(|e| e.to_string())?;
        let folder = tempfile::tempdir().map_err(|e| format!("No temporary folder can be made: {e}; make room and try again."))?;
        for (name, image) in [("water", exam.water()), ("fat", exam.fat())] {
            write_image_nifti(&folder.path().join(format!("knee{number}_{name}.nii.gz")), image).map_err(|e| e.to_string())?;
        }
        let list = format!("exam,patient\nknee{number},patient{number}\n");
        let patients = PatientMap::parse(&list, Path::new("sample")).map_err(|e| e.to_string())?;
        let options = ImportOptions { patients, ..ImportOptions::default() };
        let reading = io::read_path(folder.path(), &Watch::quiet()).map_err(|e| e.to_string())?;
        let report = study.import(reading.volumes, &options, &mut rng, &Watch::quiet()).map_err(|e| e.to_string())?;
        parts.extend(report.exams.into_iter().map(|e| (e.patient, part)));
    }
    let mut split = Split::load(study.layout()).map_err(|e| e.to_string())?;
    for (patient, part) in parts {
        split.assign(patient, part);
    }
    split.save(study.layout()).map_err(|e| e.to_string())
}
