//! BIDS derivatives (BIDS 1.9, imaging derivatives): `sub-P123_ses-K344_desc-R1marrow_dseg.nii.gz` with look-up tables.

use super::super::task::Task;
use super::layers::{Found, Layer};
use super::nifti::json_file;
use crate::io::{atomic_write, make_folder, write_labels_nifti};
use crate::study::{ExamCode, PatientCode, ReaderCode, Study};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) fn write(task: &Task, study: &Study, found: &Found<'_>, out: &Path) -> Result<(usize, Vec<String>), String> {
    let about = json!({
        "Name": format!("Masks of {}", study.protocol().name()), "BIDSVersion": "1.9.0", "DatasetType": "derivative",
        "License": "n/a",
        "GeneratedBy": [{"Name": "Osteon", "Version": env!("CARGO_PKG_VERSION"), "Description": "read by the readers named in desc-"}],
    });
    json_file(&out.join("dataset_description.json"), &about)?;
    text(
        &out.join("README"),
        "Masks of a reading study, one label map per read and layer, on the grid of the image that was read.\nThe part after desc- is the reader's code and the layer; the .tsv beside each mask says what its numbers mean.\n",
    )?;
    let names = Names::new(study, found)?;
    found.each(task, |layer| one(layer, &names, out))
}

fn one(layer: &Layer<'_>, names: &Names, out: &Path) -> Result<Option<String>, String> {
    let (subject, session) = (names.subject(&layer.record.patient), names.session(&layer.record.exam));
    let folder = out.join(format!("sub-{subject}")).join(format!("ses-{session}")).join("anat");
    let mut place = out.to_owned();
    for part in [format!("sub-{subject}"), format!("ses-{session}"), "anat".to_owned()] {
        place.push(part);
        make_folder(&place).map_err(|e| e.to_string())?;
    }
    let stem = format!("sub-{subject}_ses-{session}_desc-{}{}_dseg", names.reader(&layer.reader), layer.kind);
    write_labels_nifti(&folder.join(format!("{stem}.nii.gz")), &layer.labels, "").map_err(|e| e.to_string())?;
    let mut table = "index\tname\tcolor\n".to_owned();
    for class in layer.scheme.classes() {
        let [r, g, b] = class.colour.0;
        table += &format!("{}\t{}\t#{r:02x}{g:02x}{b:02x}\n", class.value, class.key);
    }
    text(&folder.join(format!("{stem}.tsv")), &table)?;
    let mut about = layer.sidecar();
    about["Manual"] = json!(layer.models.is_empty());
    json_file(&folder.join(format!("{stem}.json")), &about)?;
    Ok(None)
}

/// What codes are called in names of files, where BIDS allows letters and digits only: no two codes alike. Made of all codes of
/// the study, so that every export names them the same, whoever makes it.
struct Names {
    patients: BTreeMap<String, String>,
    exams: BTreeMap<String, String>,
    readers: BTreeMap<String, String>,
}

impl Names {
    fn new(study: &Study, found: &Found<'_>) -> Result<Self, String> {
        let records = study.exams().map_err(|e| e.to_string())?;
        let readers = study.protocol().readers().iter().map(|rule| rule.code.as_str());
        Ok(Self {
            patients: told_apart(records.iter().map(|record| record.patient.as_str())),
            exams: told_apart(records.iter().map(|record| record.exam.as_str())),
            readers: told_apart(readers.chain(found.whose().map(|(_, reader)| reader.as_str()))),
        })
    }

    fn subject(&self, patient: &PatientCode) -> &str {
        self.patients.get(patient.as_str()).map_or("", String::as_str)
    }

    fn session(&self, exam: &ExamCode) -> &str {
        self.exams.get(exam.as_str()).map_or("", String::as_str)
    }

    fn reader(&self, reader: &ReaderCode) -> &str {
        self.readers.get(reader.as_str()).map_or("", String::as_str)
    }
}

/// Each code without `-` and `_`; where that is another code's name already, these are written as numbers: `R-1` as `Rx2d1`.
fn told_apart<'c>(codes: impl Iterator<Item = &'c str>) -> BTreeMap<String, String> {
    let codes: BTreeSet<&str> = codes.collect();
    let is_plain = |code: &&str| code.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut taken: BTreeSet<String> = codes.iter().copied().filter(is_plain).map(str::to_owned).collect();
    let mut names: BTreeMap<String, String> = taken.iter().map(|code| (code.clone(), code.clone())).collect();
    for code in codes.into_iter().filter(|code| !is_plain(code)) {
        let mut name: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        if name.is_empty() || taken.contains(&name) {
            name = code.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("x{b:02x}") }).collect();
        }
        while taken.contains(&name) {
            name.push('x');
        }
        taken.insert(name.clone());
        names.insert(code.to_owned(), name);
    }
    names
}

fn text(path: &Path, text: &str) -> Result<(), String> {
    atomic_write(path, |w| w.write_all(text.as_bytes())).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_codes_have_one_name() {
        let names = told_apart(["R-1", "R1", "R_1", "R-2", "R2x2d", "-", "Rx2d1"].into_iter());
        let name = |code: &str| names[code].as_str();
        assert_eq!((name("R1"), name("R2x2d"), name("R-2")), ("R1", "R2x2d", "R2"));
        assert_eq!((name("R-1"), name("R_1"), name("-")), ("Rx2d1x", "Rx5f1", "x2d"));
        assert_eq!(names.values().collect::<BTreeSet<_>>().len(), 7);
        assert!(names.values().flat_map(|name| name.bytes()).all(|b| b.is_ascii_alphanumeric()));
    }
}
