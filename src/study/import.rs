//! Bringing images into a study: grouped by visit, under random codes, without a word about who the patient is.

use super::code::{fresh_exam_code, fresh_patient_code, sequence_name};
use super::incoming::Incoming;
use super::link::{LinkEntry, LinkList, LinkedSequence};
use super::store::file_sha256;
use super::{
    ExamCode, ExamError, ExamRecord, FindingRecord, Layout, PatientCode, PatientMap, Protocol, SequenceName, SequenceRecord, Side, Split,
    StudyError,
};
use crate::io::{IoError, SourceVolume, Watch, write_image_nifti};
use rand::Rng;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What the person said about an import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Whose NIfTI files are whose.
    pub patients: PatientMap,
    /// The coordinator's link list, outside the study; without it, who is who is forgotten.
    pub link: Option<PathBuf>,
    /// A person has looked, and no picture shows a name.
    pub confirmed_pictures: bool,
}

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

/// Imports volumes. Each exam is there whole or not at all; a volume that cannot be read is reported and passed over.
///
/// Volumes of one DICOM study that share a frame of reference become one exam; NIfTI files are put together by the list of
/// patients, and are an exam each where they are not listed.
///
/// # Errors
/// Before anything is written: if a picture is not confirmed, the link list lies in the study or the study is damaged. Later:
/// if the disk does not take an exam, or the person cancels; exams imported until then stay.
pub fn import(
    layout: &Layout,
    protocol: &Protocol,
    volumes: Vec<SourceVolume>,
    options: &ImportOptions,
    rng: &mut impl Rng,
    watch: &Watch<'_>,
) -> Result<ImportReport, StudyError> {
    let incoming = volumes.into_iter().map(|volume| Incoming::new(volume, &options.patients)).collect();
    import_incoming(layout, protocol, incoming, options, rng, watch)
}

fn import_incoming(
    layout: &Layout,
    protocol: &Protocol,
    incoming: Vec<Incoming>,
    options: &ImportOptions,
    rng: &mut impl Rng,
    watch: &Watch<'_>,
) -> Result<ImportReport, StudyError> {
    if let Some(picture) = incoming.iter().find(|v| v.may_show_a_name && !options.confirmed_pictures) {
        return Err(StudyError::BurnedIn { path: picture.path.clone() });
    }
    let mut importer = Importer::new(layout, protocol, options)?;
    let total = incoming.len();
    let mut done = 0;
    for visit in visits(importer.only_new(incoming)) {
        if watch.cancelled() {
            return Err(StudyError::Cancelled);
        }
        done += visit.len();
        importer.take(visit, rng)?;
        watch.report(done, total);
    }
    watch.report(total, total);
    Ok(importer.report)
}

/// Puts the volumes of one visit together, in the order in which each visit first appears.
fn visits(incoming: Vec<Incoming>) -> Vec<Vec<Incoming>> {
    let mut visits: Vec<Vec<Incoming>> = Vec::new();
    for volume in incoming {
        let same = |first: &Incoming| {
            let same_space = first.frame_of_reference == volume.frame_of_reference;
            first.visit.is_some() && first.visit == volume.visit && first.person.key() == volume.person.key() && same_space
        };
        match visits.iter_mut().find(|visit| same(&visit[0])) {
            Some(visit) => visit.push(volume),
            None => visits.push(vec![volume]),
        }
    }
    visits
}

struct Importer<'s> {
    layout: &'s Layout,
    protocol: &'s Protocol,
    link: LinkList,
    split: Split,
    exams: HashSet<ExamCode>,
    patients: HashSet<PatientCode>,
    /// Source hashes of what the study has.
    present: HashSet<String>,
    /// Patients met in this import, by what identifies them.
    met: HashMap<String, PatientCode>,
    report: ImportReport,
}

impl<'s> Importer<'s> {
    fn new(layout: &'s Layout, protocol: &'s Protocol, options: &ImportOptions) -> Result<Self, StudyError> {
        let codes = layout.exam_codes().map_err(|e| StudyError::list(layout.exams(), e))?;
        let records = codes.iter().map(|code| ExamRecord::load(layout, code)).collect::<Result<Vec<_>, _>>()?;
        let sources = records.iter().flat_map(|r| &r.sequences).flat_map(|s| &s.sources);
        Ok(Self {
            layout,
            protocol,
            link: LinkList::open(options.link.as_deref(), layout)?,
            split: Split::load(layout)?,
            exams: codes.iter().cloned().collect(),
            patients: records.iter().map(|r| r.patient.clone()).collect(),
            present: sources.cloned().collect(),
            met: HashMap::new(),
            report: ImportReport::default(),
        })
    }

    /// Leaves out what was imported before, told by the hashes of the source files.
    fn only_new(&mut self, incoming: Vec<Incoming>) -> Vec<Incoming> {
        let (new, old): (Vec<_>, Vec<_>) = incoming
            .into_iter()
            .partition(|volume| volume.sources.is_empty() || volume.sources.iter().any(|(_, sum)| !self.present.contains(sum)));
        self.report.already_there.extend(old.into_iter().map(|volume| volume.path));
        new
    }

    /// Imports one visit as an exam.
    fn take(&mut self, visit: Vec<Incoming>, rng: &mut impl Rng) -> Result<(), StudyError> {
        let Some(first) = visit.first() else { return Ok(()) };
        let person = first.person.clone();
        let side = shared_side(&visit);
        let exam = fresh_exam_code(rng, |c| self.exams.contains(c) || self.link.has_exam(c));
        let making = self.layout.exam_in_the_making(&exam);
        let cannot = |cause| StudyError::NotWritable { path: making.clone(), cause };
        let folder = Making::new(&making).map_err(cannot)?;
        let (mut sequences, mut linked) = (Vec::new(), Vec::new());
        let names = sequence_names(&visit, self.protocol);
        for (volume, name) in visit.into_iter().zip(names) {
            let path = volume.path.clone();
            let link = LinkedSequence { name: name.clone(), series_uid: volume.series_uid.clone(), sources: volume.sources.clone() };
            match sequence(volume, name, &making) {
                Ok(record) => {
                    sequences.push(record);
                    linked.push(link);
                }
                Err(StudyError::Io(error)) if !matches!(error, IoError::Save(_)) => self.report.failed.push((path, error.to_string())),
                Err(error) => return Err(error),
            }
        }
        let Some(reading) = reading_sequence(&sequences, self.protocol) else { return Ok(()) };
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
fn sequence(volume: Incoming, name: SequenceName, folder: &Path) -> Result<SequenceRecord, StudyError> {
    let image = (volume.image)()?;
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
        findings: volume.findings,
        acquisition: volume.acquisition,
        sources: volume.sources.into_iter().map(|(_, sum)| sum).collect(),
    })
}

/// Names for the volumes of a visit: `echo1`, `echo2` in order of their number where they are the echoes of one series (whose
/// own numbers may be 1 and 5), else what each is called; in the protocol's spelling where it knows the name, and each once.
fn sequence_names(visit: &[Incoming], protocol: &Protocol) -> Vec<SequenceName> {
    let echoes: BTreeSet<u32> = visit.iter().filter_map(|v| v.acquisition.echo_number).collect();
    let one_series = visit[0].series_uid.is_some() && visit.iter().all(|v| v.series_uid == visit[0].series_uid);
    let by_echo = visit.len() > 1 && one_series && echoes.len() == visit.len();
    let mut names: Vec<SequenceName> = Vec::new();
    for volume in visit {
        let text = match volume.acquisition.echo_number {
            Some(echo) if by_echo => format!("echo{}", echoes.range(..=echo).count()),
            _ => volume.name.clone(),
        };
        let plain = sequence_name(&text);
        let known = protocol.sequences().iter().find(|s| s.as_str().eq_ignore_ascii_case(plain.as_str()));
        let base = known.cloned().unwrap_or(plain);
        let same = |name: &SequenceName| names.iter().any(|n| n.as_str().eq_ignore_ascii_case(name.as_str()));
        let mut name = base.clone();
        let mut number = 2;
        while same(&name) {
            // The number must not push a name of 32 signs beyond the limit.
            name = SequenceName::new(&format!("{base}-{number}")).unwrap_or_else(|_| sequence_name(&format!("image-{number}")));
            number += 1;
        }
        names.push(name);
    }
    names
}

/// The first of the protocol's sequences that is there, else the first that is there.
fn reading_sequence(sequences: &[SequenceRecord], protocol: &Protocol) -> Option<SequenceName> {
    let wanted = protocol.sequences().iter().find(|name| sequences.iter().any(|s| s.name == **name));
    wanted.or_else(|| sequences.first().map(|s| &s.name)).cloned()
}

/// The side that every volume tells; unknown where they do not agree.
fn shared_side(visit: &[Incoming]) -> Side {
    let side = visit[0].side;
    if visit.iter().all(|v| v.side == side) { side } else { Side::Unknown }
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
