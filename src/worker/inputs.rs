//! The images that a model takes of an exam, all on the grid of the one that is read.

use super::exam::on_reading_grid;
use crate::learn::ModelSpec;
use crate::study::{ExamCode, ExamRecord, SequenceRecord, Study};
use crate::volume::Image;

/// Names of the sequences that a new model takes: the first of the protocol, then those of the others that every exam has where
/// its reading sequence lies.
///
/// # Errors
/// One sentence, if an exam cannot be read.
pub(super) fn common_sequences(study: &Study) -> Result<Vec<String>, String> {
    let names = study.protocol().sequences();
    let Some((first, others)) = names.split_first() else { return Ok(vec!["reading".to_owned()]) };
    let mut common: Vec<_> = others.iter().collect();
    for record in study.exams().map_err(|e| e.to_string())? {
        let Ok(reading) = record.sequence(&record.reading_sequence) else { continue };
        let first_is_read = record.reading_sequence == *first;
        common.retain(|name| first_is_read && record.sequence(name).is_ok_and(|other| other.can_be_laid_on(reading)));
    }
    Ok(std::iter::once(first).chain(common).map(ToString::to_string).collect())
}

/// Loads what a model takes; the image that is read comes first. A model of one sequence takes the one that is read.
///
/// # Errors
/// One sentence that names the exam and the sequence that is missing, or the file that cannot be read.
pub(super) fn load(study: &Study, record: &ExamRecord, spec: &ModelSpec) -> Result<Vec<Image>, String> {
    let reading = record.load_image(study.layout(), &record.reading_sequence).map_err(|e| e.to_string())?;
    if spec.sequences.len() < 2 {
        return Ok(vec![reading]);
    }
    let mut images = Vec::with_capacity(spec.sequences.len());
    for wanted in &spec.sequences {
        if same(wanted, record.reading_sequence.as_str()) {
            images.push(reading.clone());
            continue;
        }
        let found = found(record, spec, wanted)?;
        let image = record.load_image(study.layout(), &found.name).map_err(|e| e.to_string())?;
        images.push(on_reading_grid(image, &reading));
    }
    Ok(images)
}

/// Whether an exam has every sequence that a model takes.
///
/// # Errors
/// One sentence, if the exam cannot be read.
pub(super) fn has_all(study: &Study, exam: &ExamCode, spec: &ModelSpec) -> Result<bool, String> {
    let record = study.exam(exam).map_err(|e| e.to_string())?;
    Ok(require(&record, spec).is_ok())
}

/// # Errors
/// One sentence that names the exam and the sequence that is missing or cannot be laid on the one that is read.
pub(super) fn require(record: &ExamRecord, spec: &ModelSpec) -> Result<(), String> {
    if spec.sequences.len() < 2 {
        return Ok(());
    }
    spec.sequences.iter().try_for_each(|wanted| found(record, spec, wanted).map(drop))
}

/// The sequence of an exam that a model takes.
fn found<'a>(record: &'a ExamRecord, spec: &ModelSpec, wanted: &str) -> Result<&'a SequenceRecord, String> {
    let found = record.sequences.iter().find(|s| same(wanted, s.name.as_str()));
    let found = found.ok_or_else(|| missing(spec, &record.exam, wanted))?;
    if found.can_be_laid_on(record.reading().map_err(|e| e.to_string())?) {
        return Ok(found);
    }
    Err(format!(
        "The model takes {}, but {wanted} of {} has another place in space than the images that are read, or none: it cannot be laid on \
         them. Train again, and the model learns from what every exam has.",
        spec.sequences.join(" and "),
        record.exam
    ))
}

/// What a model takes of an open exam, whose first sequence is the one that is read.
///
/// # Errors
/// One sentence that names the exam and the sequence that is missing.
pub fn among<'a>(sequences: &'a [(String, Image)], exam: &ExamCode, spec: &ModelSpec) -> Result<Vec<&'a Image>, String> {
    let Some((_, reading)) = sequences.first() else { return Err(format!("{exam} has no image.")) };
    if spec.sequences.len() < 2 {
        return Ok(vec![reading]);
    }
    let find = |wanted: &String| {
        let found = sequences.iter().find(|(name, _)| same(wanted, name));
        found.map(|(_, image)| image).ok_or_else(|| missing(spec, exam, wanted))
    };
    spec.sequences.iter().map(find).collect()
}

/// Why training begins anew instead of going on from a version: it takes a sequence that an exam lacks now.
pub(super) fn begun_anew(version: u32, spec: &ModelSpec, common: &[String]) -> Option<String> {
    let gone = spec.sequences.iter().find(|wanted| spec.sequences.len() > 1 && !common.iter().any(|c| same(c, wanted)))?;
    let has = common.join(" and ");
    Some(format!("It was trained anew, from {has} alone: version {version} takes {gone}, too, which not every exam has."))
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn missing(spec: &ModelSpec, exam: &ExamCode, wanted: &str) -> String {
    format!(
        "The model takes {}, but {exam} has no sequence {wanted}; train again, and the model learns from what every exam has.",
        spec.sequences.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    fn image(value: f32) -> Image {
        let grid = Arc::new(Grid::new([2, 2, 1], Affine::from_spacing(Spacing::UNIT)).unwrap());
        Image::new(grid, vec![value; 4]).unwrap()
    }

    #[test]
    fn a_model_takes_its_sequences_by_name_and_one_of_a_single_sequence_what_is_read() {
        let exam = ExamCode::new("K-001").unwrap();
        let open = [("Water".to_owned(), image(1.0)), ("other".to_owned(), image(2.0)), ("fat".to_owned(), image(3.0))];
        let mut spec = ModelSpec::new("whatever", "marrow", 3, "R1");
        let first = |spec: &ModelSpec| among(&open, &exam, spec).map(|found| found.iter().map(|i| i.values()[0]).collect::<Vec<_>>());
        assert_eq!(first(&spec).unwrap(), [1.0]);
        spec.sequences = vec!["water".into(), "fat".into()];
        assert_eq!(first(&spec).unwrap(), [1.0, 3.0]);
        spec.sequences = vec!["water".into(), "stir".into()];
        let why = first(&spec).unwrap_err();
        assert!(why.contains("water and stir") && why.contains("K-001 has no sequence stir"), "{why}");
    }
}
