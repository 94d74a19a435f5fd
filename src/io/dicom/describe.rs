//! What a data set says about the acquisition and about the person, kept strictly apart.

use super::super::source::{Acquisition, Identity};
use super::data_set::View;
use super::tags;

/// Coded facts about the scan; no free text, so nothing that identifies.
pub(super) fn acquisition(view: &View<'_>, shared: &[View<'_>]) -> Acquisition {
    let number = |tag| view.number(tag).or_else(|| shared.iter().find_map(|v| v.number(tag)));
    let words: Vec<String> =
        [tags::SCANNING_SEQUENCE, tags::SEQUENCE_VARIANT, tags::SCAN_OPTIONS, tags::SEQUENCE_NAME, tags::PULSE_SEQUENCE_NAME]
            .iter()
            .filter_map(|&tag| view.text(tag))
            .map(|t| t.replace('\\', "+"))
            .collect();
    Acquisition {
        modality: view.text(tags::MODALITY),
        echo_number: None,
        tr_ms: number(tags::REPETITION_TIME),
        te_ms: number(tags::ECHO_TIME),
        ti_ms: number(tags::INVERSION_TIME),
        flip_angle_deg: number(tags::FLIP_ANGLE),
        field_t: number(tags::FIELD_STRENGTH),
        vendor: view.text(tags::MANUFACTURER),
        model: view.text(tags::MODEL),
        sequence_words: (!words.is_empty()).then(|| words.join(" ")),
        image_type: view.text(tags::IMAGE_TYPE),
        body_part: view.text(tags::BODY_PART),
        laterality: view.text(tags::IMAGE_LATERALITY).or_else(|| view.text(tags::LATERALITY)),
        slice_thickness_mm: number(tags::SLICE_THICKNESS),
    }
}

/// Who it is of.
pub(super) fn identity(view: &View<'_>) -> Identity {
    let set = view.text(tags::CHARACTER_SET);
    // Of several sets the first one holds for text before any escape.
    let set = set.as_deref().and_then(|s| s.split('\\').find(|p| !p.is_empty()));
    Identity {
        patient_id: view.words(tags::PATIENT_ID, set),
        patient_name: view.words(tags::PATIENT_NAME, set),
        birth_date: view.text(tags::BIRTH_DATE),
        sex: view.text(tags::SEX),
        study_date: view.text(tags::STUDY_DATE),
        accession: view.words(tags::ACCESSION, set),
        study_uid: view.text(tags::STUDY_UID),
        series_uid: view.text(tags::SERIES_UID),
        frame_of_reference_uid: view.text(tags::FRAME_OF_REFERENCE),
    }
}

/// The series description where it does not hold the patient's name, else modality and number.
pub(super) fn series_name(view: &View<'_>, identity: &Identity) -> String {
    let name = identity.patient_name.as_deref().unwrap_or_default().to_lowercase();
    let id = identity.patient_id.as_deref().unwrap_or_default().to_lowercase();
    let set = view.text(tags::CHARACTER_SET);
    let description = view.words(tags::SERIES_DESCRIPTION, set.as_deref()).unwrap_or_default();
    let lower = description.to_lowercase();
    let mut parts = name.split(|c: char| !c.is_alphanumeric()).chain([id.as_str()]).filter(|p| p.chars().count() >= 3);
    if !description.is_empty() && !parts.any(|p| lower.contains(p)) {
        return description;
    }
    let number = view.number(tags::SERIES_NUMBER).map_or(String::new(), |n| format!("_{n}"));
    format!("{}{number}", view.text(tags::MODALITY).unwrap_or_else(|| "series".into()))
}
