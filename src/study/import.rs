//! Bringing images into a study: grouped by visit, under random codes, without a word about who the patient is.

use super::code::{fresh_exam_code, fresh_patient_code};
use super::incoming::Planned;
use super::link::{LinkEntry, LinkList, LinkedSequence};
use super::store::file_sha256;
use super::{ExamCode, ExamError, ExamRecord, FindingRecord, Layout, PatientCode, SequenceName, SequenceRecord, Side, Split, StudyError};
use crate::io::{IoError, write_image_nifti};
use rand::Rng;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

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
    split: Split,
    exams: HashSet<ExamCode>,
    patients: HashSet<PatientCode>,
    /// Patients met in this import, by what identifies them.
    met: HashMap<String, PatientCode>,
    report: ImportReport,
}

impl<'s> Importer<'s> {
    pub fn new(layout: &'s Layout, link: Option<&Path>, already_there: Vec<PathBuf>) -> Result<Self, StudyError> {
        let codes = layout.exam_codes().map_err(|e| StudyError::list(layout.exams(), e))?;
        let records = codes.iter().map(|code| ExamRecord::load(layout, code)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            layout,
            link: LinkList::open(link, layout)?,
            split: Split::load(layout)?,
            exams: codes.iter().cloned().collect(),
            patients: records.iter().map(|r| r.patient.clone()).collect(),
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
        let exam = fresh_exam_code(rng, |c| self.exams.contains(c) || self.link.has_exam(c));
        let making = self.layout.exam_in_the_making(&exam);
        let cannot = |cause| StudyError::NotWritable { path: making.clone(), cause };
        let folder = Making::new(&making).map_err(cannot)?;
        let (mut sequences, mut linked) = (Vec::new(), Vec::new());
        for planned in visit {
            let (path, volume) = (planned.volume.path.clone(), &planned.volume);
            let name = planned.name.clone();
            let link = LinkedSequence { name, series_uid: volume.series_uid.clone(), sources: volume.sources.clone() };
            match sequence(planned, &making) {
                Ok(record) => {
                    sequences.push(record);
                    linked.push(link);
                }
                Err(StudyError::Io(error)) if !matches!(error, IoError::Save(_)) => self.report.failed.push((path, error.to_string())),
                Err(error) => return Err(error),
            }
        }
        // The one that was to be read may have failed.
        let reading = wanted.filter(|name| sequences.iter().any(|s| s.name == *name));
        let Some(reading) = reading.or_else(|| Some(sequences.first()?.name.clone())) else { return Ok(()) };
        let (patient, part) = self.patient(person.key(), &mut sequences, rng);
        let record = ExamRecord::new(exam.clone(), patient.clone(), side, reading, sequences);
        record.save_in(&making)?;
        if let Some(part) = part
            && self.split.part(&patient).is_none()
        {
            self.split.assign(patient.clone(), part);
            self.split.save(self.layout)?;
        }
        // The link first: a line too many does no harm, an exam that nobody can name any more does.
        let part = self.split.part(&patient);
        self.link.append(LinkEntry { exam: exam.clone(), patient: patient.clone(), part, person, sequences: linked })?;
        folder.finish(&self.layout.exam(&exam)).map_err(cannot)?;
        self.exams.insert(exam.clone());
        self.patients.insert(patient.clone());
        let sequences = record.sequences.into_iter().map(|s| s.name).collect();
        self.report.exams.push(ImportedExam { exam, patient, sequences });
        Ok(())
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

/// Writes one image into the exam's folder.
fn sequence(planned: Planned, folder: &Path) -> Result<SequenceRecord, StudyError> {
    let image = planned.image()?;
    let looked = planned.look_finding();
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
        findings: volume.findings.into_iter().chain(looked).collect(),
        acquisition: volume.acquisition,
        sources: volume.sources.into_iter().map(|(_, sum)| sum).collect(),
    })
}

/// The side that every volume tells; unknown where they do not agree.
fn shared_side(visit: &[Planned]) -> Side {
    let side = visit[0].volume.side;
    if visit.iter().all(|planned| planned.volume.side == side) { side } else { Side::Unknown }
}

/// The folder of an exam in the making; removed again unless it is finished.
struct Making<'p> {
    path: &'p Path,
}

impl<'p> Making<'p> {
    fn new(path: &'p Path) -> std::io::Result<Self> {
        if path.exists() {
            fs::remove_dir_all(path)?;
        }
        fs::create_dir_all(path)?;
        Ok(Self { path })
    }

    /// Gives the folder its name; from here on the exam is in the study.
    fn finish(self, exam: &Path) -> std::io::Result<()> {
        fs::rename(self.path, exam)?;
        if let Some(parent) = exam.parent().filter(|_| cfg!(unix)) {
            // Some network file systems cannot sync a folder; the files themselves are safe by then.
            let _ = File::open(parent).and_then(|f| f.sync_all());
        }
        Ok(())
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        // After `finish` there is nothing here any more.
        let _ = fs::remove_dir_all(self.path);
    }
}

#[cfg(test)]
mod tests;
