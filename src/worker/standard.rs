//! The study's standard scale of grey values: learnt over its training exams, kept in `results/`, made anew where they changed.

use super::message::{Outcome, StandardScale};
use super::task::Task;
use crate::study::{ExamRecord, ScaleFile, Study};
use crate::volume::{Landmarks, Standard};
use std::path::Path;

/// Learns the scale, or takes the one that was learnt from the same exams before.
pub(super) fn learn(task: &Task, root: &Path) -> Outcome {
    match work(task, root) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(scale) => Outcome::Standard(scale),
        Err(why) => Outcome::Failed(why),
    }
}

fn work(task: &Task, root: &Path) -> Result<StandardScale, String> {
    let study = Study::open(root).map_err(|e| e.to_string())?;
    let trainable = study.trainable().map_err(|e| e.to_string())?;
    let records: Vec<ExamRecord> =
        trainable.train().iter().map(|exam| study.exam(exam)).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
    let names: Vec<String> = records.iter().map(|r| format!("{}/{}", r.exam, r.reading_sequence)).collect();
    let file = ScaleFile::new(study.layout(), names);
    if let Some(standard) = file.load() {
        return Ok(StandardScale { standard, exams: records.len() });
    }
    let mut landmarks = Vec::new();
    for (at, record) in records.iter().enumerate() {
        task.progress(format!("Standard scale: {}", record.exam), Some(at as f32 / records.len() as f32));
        if task.cancel.is_cancelled() {
            return Err("cancelled".to_owned());
        }
        // One image at a time in memory.
        let image = record.load_image(study.layout(), &record.reading_sequence).map_err(|e| e.to_string())?;
        landmarks.extend(Landmarks::of(image.greys()));
    }
    let standard = Standard::learn(&landmarks)
        .ok_or("There is no training exam to learn a standard scale from: draw the split, or import exams, first.")?;
    file.save(&standard).map_err(|e| e.to_string())?;
    Ok(StandardScale { standard, exams: landmarks.len() })
}
