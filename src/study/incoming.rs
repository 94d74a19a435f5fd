//! A volume on its way into the study: what import needs of `io`'s source volumes, as plain data.

use super::import_table::{Look, PixelBox};
use super::link::Person;
use super::sequence_role::{Recognised, recognise};
use super::{AcquisitionRecord, FindingRecord, PatientMap, SequenceName, Side};
use crate::io::{Acquisition, IoError, SourceKind, SourceVolume};
use crate::volume::Image;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Begins the visit of an exam that the list of patients names; no study UID holds a line break.
const LISTED: &str = "listed\n";

/// Reads the grey values.
pub(super) type ReadImage = Box<dyn Fn() -> Result<Image, IoError> + Send + Sync>;

/// A volume that waits to be imported.
pub(super) struct Incoming {
    /// Source file, for messages only.
    pub path: PathBuf,
    /// What the source calls the sequence: free text, which may name the patient.
    pub name: String,
    /// What kind of sequence it seems to be.
    pub role: Option<Recognised>,
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
    /// A damaged file without which the exam is not whole.
    pub damaged_beside: Option<PathBuf>,
    /// Whether a person must confirm that no name is burnt in.
    pub may_show_a_name: bool,
    /// Whether the source can say that none is, and did where nobody must confirm it.
    pub tells_of_names: bool,
    pub shape: SourceShape,
    pub image: ReadImage,
}

/// Size of a source's voxels and grid, before it is read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SourceShape {
    pub shape: [usize; 3],
    pub spacing_mm: [f64; 3],
}

/// A volume with what a person decided about it.
pub(super) struct Planned {
    pub volume: Incoming,
    pub name: SequenceName,
    /// Whether it is the sequence that is read.
    pub reading: bool,
    pub look: Look,
}

impl Planned {
    /// The grey values, with what a person blacked out. The darkest value is the darkest on the screen: where high values are
    /// dark, that is the largest.
    pub fn image(&self) -> Result<Image, IoError> {
        let image = (self.volume.image)()?;
        let Look::Masked(boxes) = &self.look else { return Ok(image) };
        let [ni, nj, _] = image.grid().shape();
        let black = if image.inverted_on_display() { image.range().1 } else { image.range().0 };
        let mut values = image.values().to_vec();
        for (at, value) in values.iter_mut().enumerate() {
            let (i, j) = (at % ni, at / ni % nj);
            if boxes.iter().any(|b| (b.i0..=b.i1).contains(&i) && (b.j0..=b.j1).contains(&j)) {
                *value = black;
            }
        }
        let inverted = image.inverted_on_display();
        match Image::new(Arc::clone(image.grid()), values) {
            Ok(masked) => Ok(masked.with_inverted_display(inverted)),
            Err(_) => Ok(image),
        }
    }

    /// What is on record about the look at its pixels.
    pub fn look_finding(&self) -> Option<FindingRecord> {
        let (code, text) = match &self.look {
            Look::NotNeeded | Look::NotSaid | Look::Waiting => return None,
            Look::Clean => ("looked-at", "a person looked before import: the pixels show no name".to_owned()),
            Look::Masked(boxes) => {
                let corners: Vec<String> = boxes.iter().map(PixelBox::words).collect();
                ("masked", format!("blacked out before import, in columns and rows: {}", corners.join("; ")))
            }
        };
        Some(FindingRecord { code: code.to_owned(), text })
    }
}

impl Incoming {
    /// Takes a source volume; NIfTI files are looked up in the list of patients, else put together by their names.
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
                visit = Some(format!("{LISTED}{exam}"));
                name = if sequence.is_empty() { "image".to_owned() } else { sequence.to_owned() };
            } else if let Some((exam, sequence)) = exam_and_sequence(&stem) {
                // Water and fat of one knee beside each other, and nobody made a list.
                let folder = volume.path().parent().map(|folder| folder.display().to_string()).unwrap_or_default();
                person.source_name = Some(exam.to_owned());
                visit = Some(format!("named\n{folder}\n{exam}"));
                name = sequence.to_owned();
            }
        }
        let mut findings: Vec<FindingRecord> = volume.findings().iter().map(FindingRecord::of).collect();
        if volume.time_points() > 1 {
            let text = format!("only the first of {} time points was imported", volume.time_points());
            findings.push(FindingRecord { code: "first-time-point".to_owned(), text });
        }
        Self {
            path: volume.path().to_owned(),
            role: recognise(&name, volume.acquisition()),
            name,
            visit,
            frame_of_reference: identity.frame_of_reference_uid,
            series_uid: identity.series_uid,
            person,
            side: side(volume.acquisition()),
            acquisition: acquisition_record(volume.acquisition()),
            findings,
            sources: volume.sources().iter().map(|s| (file_name(&s.path), s.sha256.clone())).collect(),
            damaged_beside: volume.damaged_beside().map(Path::to_owned),
            may_show_a_name: volume.kind() == SourceKind::Picture || volume.burned_in_suspected(),
            tells_of_names: volume.kind() == SourceKind::Dicom,
            shape: SourceShape {
                shape: std::array::from_fn(|axis| volume.shape().get(axis).copied().unwrap_or(1)),
                spacing_mm: volume.world_from_voxel().spacing().mm(),
            },
            image: Box::new(move || volume.image(0)),
        }
    }

    /// The exam of the list of patients that it is of, if any.
    pub fn listed(&self) -> Option<&str> {
        self.visit.as_deref()?.strip_prefix(LISTED)
    }
}

fn acquisition_record(acquisition: &Acquisition) -> AcquisitionRecord {
    AcquisitionRecord {
        modality: acquisition.modality.as_deref().and_then(modality),
        echo_number: acquisition.echo_number,
        tr_ms: acquisition.tr_ms,
        te_ms: acquisition.te_ms,
        ti_ms: acquisition.ti_ms,
        field_t: acquisition.field_t,
        vendor: acquisition.vendor.as_deref().and_then(vendor),
    }
}

/// The modality where it is one of PS3.3 C.7.3.1.1.1: any other word could be a name.
fn modality(word: &str) -> Option<String> {
    const KNOWN: [&str; 15] = ["MR", "CT", "CR", "DX", "US", "XA", "RF", "PT", "NM", "MG", "PX", "IO", "OT", "SC", "XC"];
    KNOWN.into_iter().find(|known| word.trim() == *known).map(str::to_owned)
}

/// The maker of the scanner as its usual name; what else stands in the field could tell the hospital, and stays out.
fn vendor(text: &str) -> Option<String> {
    const MAKERS: [(&str, &str); 14] = [
        ("siemens", "Siemens"),
        ("philips", "Philips"),
        ("ge ", "GE"),
        ("general electric", "GE"),
        ("canon", "Canon"),
        ("toshiba", "Toshiba"),
        ("hitachi", "Hitachi"),
        ("fujifilm", "Fujifilm"),
        ("esaote", "Esaote"),
        ("bruker", "Bruker"),
        ("united imaging", "United Imaging"),
        ("uih", "United Imaging"),
        ("neusoft", "Neusoft"),
        ("agfa", "Agfa"),
    ];
    let text = format!("{} ", text.trim().to_lowercase());
    MAKERS.into_iter().find(|(word, _)| text.starts_with(word)).map(|(_, name)| name.to_owned())
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

/// The parts of a name that ends in the word of a sequence: `K001` and `water` of `K001_water`. One letter is no word: `_f` may
/// be a woman's file.
fn exam_and_sequence(stem: &str) -> Option<(&str, &str)> {
    let (exam, word) = stem.rsplit_once(['_', '-', '.'])?;
    let told = word.len() > 1 && recognise(word, &Acquisition::default()).is_some();
    (told && !exam.is_empty()).then_some((exam, word))
}

/// The file's name without `.nii.gz` or any other ending.
fn stem(path: &Path) -> String {
    let name = file_name(path);
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}
