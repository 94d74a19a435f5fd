//! An exam's files under another code: what a reader gets, in a packet or in the atlas.

use crate::study::import::Making;
use crate::study::store::file_sha256;
use crate::study::{AcquisitionRecord, ExamCode, ExamError, ExamRecord, Layout, PatientCode, StudyError};
use std::fs;

/// Images and record of an exam, there whole or not at all; of how it was acquired only what reading needs, for scanners tell sites apart.
pub(in crate::study) fn copy_recoded(
    from: &Layout,
    record: &ExamRecord,
    exam: &ExamCode,
    patient: &PatientCode,
    to: &Layout,
) -> Result<(), StudyError> {
    let making = Making::begin(to, exam)?;
    let mut copy = record.clone();
    copy.exam = exam.clone();
    copy.patient = patient.clone();
    for sequence in &mut copy.sequences {
        let (source, target) = (from.sequence(&record.exam, &sequence.name), Layout::sequence_in(making.folder(), &sequence.name));
        let unreadable = |cause| StudyError::from(ExamError::Unreadable { path: source.clone(), cause });
        fs::copy(&source, &target).map_err(unreadable)?;
        if file_sha256(&target).map_err(unreadable)? != sequence.image_sha256 {
            return Err(StudyError::OtherImage { path: source });
        }
        let AcquisitionRecord { modality, echo_number, .. } = sequence.acquisition.clone();
        sequence.acquisition = AcquisitionRecord { modality, echo_number, ..AcquisitionRecord::default() };
        sequence.sources.clear();
        // What it says of patients is about the import.
        sequence.findings.retain(|f| f.code != "no-patient");
    }
    copy.save_in(making.folder())?;
    making.finish(to, exam)
}
