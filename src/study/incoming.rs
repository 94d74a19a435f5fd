//! A volume on its way into the study: what import needs of `io`'s source volumes, as plain data.

use super::link::Person;
use super::{AcquisitionRecord, FindingRecord, PatientMap, Side};
use crate::io::{Acquisition, IoError, SourceKind, SourceVolume};
use crate::volume::Image;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Reads the grey values, once.
pub(super) type ReadImage = Box<dyn FnOnce() -> Result<Image, IoError>>;

/// A volume that waits to be imported.
pub(super) struct Incoming {
    /// Source file, for messages only.
    pub path: PathBuf,
    /// Proposed name of the sequence, any text.
    pub name: String,
    /// What holds the volumes of one visit together, if anything does.
    pub visit: Option<String>,
    /// World space of that visit, where the source names it.
    pub frame_of_reference: Option<String>,
    pub series_uid: Option<String>,
    pub person: Person,
    pub side: Side,
    pub acquisition: AcquisitionRecord,
    pub findings: Vec<FindingRecord>,
    /// File name and SHA-256.
    pub sources: Vec<(String, String)>,
    /// Whether a person must confirm that no name is burnt in.
    pub may_show_a_name: bool,
    pub image: ReadImage,
}

impl Incoming {
    /// Takes a source volume; NIfTI files are looked up in the list of patients.
    pub fn new(volume: SourceVolume, patients: &PatientMap) -> Self {
        let identity = volume.identity().cloned().unwrap_or_default();
        let mut person = Person {
            patient_id: identity.patient_id,
            patient_name: identity.patient_name,
            birth_date: identity.birth_date,
            sex: identity.sex,
            study_date: identity.study_date,
            accession: identity.accession,
            study_uid: identity.study_uid.clone(),
            source_name: None,
        };
        let (mut name, mut visit) = (volume.name().to_owned(), identity.study_uid);
        if volume.kind() != SourceKind::Dicom {
            let stem = stem(volume.path());
            person.source_name = Some(stem.clone());
            if let Some((exam, patient, sequence)) = patients.find(&stem) {
                person.patient_id = Some(patient.to_owned());
                person.source_name = Some(exam.to_owned());
                // No study UID holds a line break.
                visit = Some(format!("listed\n{exam}"));
                name = if sequence.is_empty() { "image".to_owned() } else { sequence.to_owned() };
            }
        }
        let mut findings: Vec<FindingRecord> =
            volume.findings().iter().map(|f| FindingRecord { code: f.code.as_str().to_owned(), text: f.text.clone() }).collect();
        if volume.time_points() > 1 {
            let text = format!("only the first of {} time points was imported", volume.time_points());
            findings.push(FindingRecord { code: "first-time-point".to_owned(), text });
        }
        Self {
            path: volume.path().to_owned(),
            name,
            visit,
            frame_of_reference: identity.frame_of_reference_uid,
            series_uid: identity.series_uid,
            person,
            side: side(volume.acquisition()),
            acquisition: acquisition_record(volume.acquisition()),
            findings,
            sources: volume.sources().iter().map(|s| (file_name(&s.path), s.sha256.clone())).collect(),
            may_show_a_name: volume.kind() == SourceKind::Picture || volume.burned_in_suspected(),
            image: Box::new(move || volume.image(0)),
        }
    }
}

fn acquisition_record(acquisition: &Acquisition) -> AcquisitionRecord {
    AcquisitionRecord {
        modality: acquisition.modality.clone(),
        echo_number: acquisition.echo_number,
        tr_ms: acquisition.tr_ms,
        te_ms: acquisition.te_ms,
        field_t: acquisition.field_t,
        vendor: acquisition.vendor.clone(),
    }
}

fn side(acquisition: &Acquisition) -> Side {
    match acquisition.laterality.as_deref().map(str::trim) {
        Some("R") => Side::Right,
        Some("L") => Side::Left,
        Some("B") => Side::Both,
        _ => Side::Unknown,
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned()
}

/// The file's name without `.nii.gz` or any other ending.
fn stem(path: &Path) -> String {
    let name = file_name(path);
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}
