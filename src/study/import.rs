//! Bringing images into a study: grouped by visit, under random codes, without a word about who the patient is.

mod making;
mod once;

use super::code::{fresh_exam_code, fresh_patient_code};
use super::incoming::Planned;
use super::link::{LinkEntry, LinkList, LinkedSequence, Person};
use super::read::WriteLock;
use super::store::file_sha256;
use super::{ExamCode, ExamError, ExamRecord, FindingRecord, Layout, PatientCode, SequenceName, SequenceRecord, Side, Split, StudyError};
use crate::io::{Finding, FindingCode, IoError, sweep_abandoned, write_image_nifti};
use rand::Rng;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

pub(super) use making::Making;
pub(super) use once::{Once, once};

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// New exams.
    pub exams: Vec<ImportedExam>,
    /// Source files whose volumes the study had already.
    pub already_there: Vec<PathBuf>,
    /// Source files that could not be imported, and why.
    pub failed: Vec<(PathBuf, String)>,
}

/// One exam that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedExam {
    /// Its new code.
    pub exam: ExamCode,
    /// Its patient's code.
    pub patient: PatientCode,
    /// Its sequences.
    pub sequences: Vec<SequenceName>,
}

/// Writes exams into a study, one visit at a time.
pub(super) struct Importer<'s> {
    layout: &'s Layout,
    link: LinkList,
    exams: HashSet<ExamCode>,
    /// Source hashes of the study's other exams, those included that another program brings meanwhile.
    there: HashSet<String>,
    patients: HashSet<PatientCode>,
    /// Patients met in this import, by what identifies them.
    met: HashMap<String, PatientCode>,
    report: ImportReport,
}

impl<'s> Importer<'s> {
    /// `not_whole` as in [`super::ImportOptions`].
    pub fn new(layout: &'s Layout, link: Option<&Path>, not_whole: &[ExamCode], already_there: Vec<PathBuf>) -> Result<Self, StudyError> {
        sweep_abandoned(&layout.exams());
        let codes = layout.exam_codes().map_err(|e| StudyError::list(layout.exams(), e))?;
        let whole = codes.iter().filter(|code| !not_whole.contains(code));
        let records = whole.map(|code| ExamRecord::load(layout, code)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            layout,
            link: LinkList::open(link, layout)?,
            exams: codes.iter().cloned().collect(),
            patients: records.iter().map(|r| r.patient.clone()).collect(),
            there: records.into_iter().flat_map(|r| r.sequences).flat_map(|s| s.sources).collect(),
            met: HashMap::new(),
            report: ImportReport { already_there, ..ImportReport::default() },
        })
    }

    /// What came of it.
    pub fn into_report(self) -> ImportReport {
        self.report
    }

    /// Imports one visit as an exam.
    pub fn take(&mut self, visit: Vec<Planned>, rng: &mut impl Rng) -> Result<(), StudyError> {
        let Some(first) = visit.first() else { return Ok(()) };
        let person = first.volume.person.clone();
        let wanted = visit.iter().find(|planned| planned.reading).map(|planned| planned.name.clone());
        let side = shared_side(&visit);
        let exam = self.fresh_code(rng);
        let paths: Vec<PathBuf> = visit.iter().map(|planned| planned.volume.path.clone()).collect();
        let making = Making::begin(self.layout, &exam)?;
        let (sequences, linked) = self.images(visit, making.folder())?;
        // The one that was to be read may have failed.
        let reading = wanted.filter(|name| sequences.iter().any(|s| s.name == *name));
        let Some(reading) = reading.or_else(|| Some(sequences.first()?.name.clone())) else { return Ok(()) };
        self.settle(making, Written { exam, person, side, reading, sequences, linked, paths }, rng)
    }

    fn fresh_code(&self, rng: &mut impl Rng) -> ExamCode {
        fresh_exam_code(rng, |c| self.exams.contains(c) || self.link.has_exam(c))
    }

    /// Writes the images of a visit; those that cannot be read are reported.
    fn images(&mut self, visit: Vec<Planned>, folder: &Path) -> Result<(Vec<SequenceRecord>, Vec<LinkedSequence>), StudyError> {
        let (mut sequences, mut linked) = (Vec::new(), Vec::new());
        for planned in visit {
            let (path, volume) = (planned.volume.path.clone(), &planned.volume);
            let name = planned.name.clone();
            let link = LinkedSequence { name, series_uid: volume.series_uid.clone(), sources: volume.sources.clone() };
            match sequence(planned, folder) {
                Ok(record) => {
                    sequences.push(record);
                    linked.push(link);
                }
                Err(StudyError::Io(error)) if !matches!(error, IoError::Save(_)) => self.report.failed.push((path, error.to_string())),
                Err(error) => return Err(error),
            }
        }
        Ok((sequences, linked))
    }

    /// Gives an exam whose images are written its codes, its line in the link list and its name. The list is this program's alone
    /// meanwhile: another one may have given codes away while images were written.
    fn settle(&mut self, making: Making, written: Written, rng: &mut impl Rng) -> Result<(), StudyError> {
        let Written { exam, person, side, reading, mut sequences, linked, paths } = written;
        let alone = self.link.alone()?;
        let _alone_in_study = WriteLock::wait(&self.layout.exams())?;
        if self.came_meanwhile(&sequences)? {
            self.report.already_there.extend(paths);
            return Ok(());
        }
        let exam = if self.link.has_exam(&exam) || self.exams.contains(&exam) { self.fresh_code(rng) } else { exam };
        let (patient, part) = self.patient(person.key(), &mut sequences, rng);
        let record = ExamRecord::new(exam.clone(), patient.clone(), side, reading, sequences);
        record.save_in(making.folder())?;
        let split = match part {
            Some(part) => Split::change(self.layout, |split| _ = split.assign(patient.clone(), part))?,
            None => Split::load(self.layout)?,
        };
        // The link first: a line too many does no harm, an exam that nobody can name any more does.
        let part = split.part(&patient);
        self.link.append(&alone, LinkEntry { exam: exam.clone(), patient: patient.clone(), part, person, sequences: linked })?;
        making.finish(self.layout, &exam)?;
        self.exams.insert(exam.clone());
        self.patients.insert(patient.clone());
        let sequences = record.sequences.into_iter().map(|s| s.name).collect();
        self.report.exams.push(ImportedExam { exam, patient, sequences });
        Ok(())
    }

    /// Whether another program has brought every one of these images since the import was planned.
    fn came_meanwhile(&mut self, sequences: &[SequenceRecord]) -> Result<bool, StudyError> {
        for code in self.layout.exam_codes().map_err(|e| StudyError::list(self.layout.exams(), e))? {
            if self.exams.contains(&code) || !self.layout.exam_record(&code).is_file() {
                continue;
            }
            let record = ExamRecord::load(self.layout, &code)?;
            self.there.extend(record.sequences.into_iter().flat_map(|s| s.sources));
            self.patients.insert(record.patient);
            self.exams.insert(code);
        }
        let has_come = |s: &SequenceRecord| !s.sources.is_empty() && s.sources.iter().all(|sum| self.there.contains(sum));
        Ok(sequences.iter().all(has_come))
    }

    /// The code of a patient: the one they have, or a new one. Where nothing tells who it is, that becomes a finding.
    fn patient(&mut self, key: Option<String>, sequences: &mut [SequenceRecord], rng: &mut impl Rng) -> (PatientCode, Option<super::Part>) {
        let fresh = |rng: &mut _| fresh_patient_code(rng, |c| self.patients.contains(c) || self.link.has_patient(c));
        let Some(key) = key else {
            let text = "the source does not say whose it is, so the exam counts as a patient of its own".to_owned();
            let finding = FindingRecord { code: "no-patient".to_owned(), text };
            sequences.iter_mut().for_each(|s| s.findings.push(finding.clone()));
            return (fresh(rng), None);
        };
        if let Some((code, part)) = self.link.patient(&key) {
            return (code.clone(), part);
        }
        let code = self.met.get(&key).cloned().unwrap_or_else(|| fresh(rng));
        self.met.insert(key, code.clone());
        (code, None)
    }
}

/// An exam whose images are written, with the code that was drawn for it.
struct Written {
    exam: ExamCode,
    person: Person,
    side: Side,
    reading: SequenceName,
    sequences: Vec<SequenceRecord>,
    linked: Vec<LinkedSequence>,
    /// Where its images were, for the report.
    paths: Vec<PathBuf>,
}

/// Writes one image into the exam's folder.
fn sequence(planned: Planned, folder: &Path) -> Result<SequenceRecord, StudyError> {
    let image = planned.image()?;
    let looked = planned.look_finding();
    // Of images beyond what is kept in memory nothing but the header was looked at before.
    let is_told = planned.volume.findings.iter().any(|f| f.code == FindingCode::NonFinite.as_str());
    let odd = if is_told { 0 } else { image.values().iter().filter(|v| !v.is_finite()).count() };
    let non_finite = Finding::non_finite(odd).as_ref().map(FindingRecord::of);
    let Planned { volume, name, .. } = planned;
    let path = Layout::sequence_in(folder, &name);
    write_image_nifti(&path, &image)?;
    let grid = image.grid();
    let matrix = grid.world_from_voxel().matrix();
    Ok(SequenceRecord {
        image_sha256: file_sha256(&path).map_err(|cause| ExamError::Unreadable { path, cause })?,
        name,
        shape: grid.shape(),
        spacing_mm: grid.spacing().mm(),
        world_from_voxel: [matrix[0], matrix[1], matrix[2]],
        findings: volume.findings.into_iter().chain(non_finite).chain(looked).collect(),
        acquisition: volume.acquisition,
        sources: volume.sources.into_iter().map(|(_, sum)| sum).collect(),
    })
}

/// The side that every volume tells; unknown where they do not agree.
fn shared_side(visit: &[Planned]) -> Side {
    let side = visit[0].volume.side;
    if visit.iter().all(|planned| planned.volume.side == side) { side } else { Side::Unknown }
}

#[cfg(test)]
mod tests;
