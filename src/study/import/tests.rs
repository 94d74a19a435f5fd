//! Import with hand-made volumes.

use super::*;
use crate::io::Acquisition;
use crate::io::Watch;
use crate::space::{Affine, Spacing};
use crate::study::import_plan::ImportPlan;
use crate::study::incoming::{Incoming, SourceShape};
use crate::study::link::Person;
use crate::study::sequence_role::recognise;
use crate::study::{AcquisitionRecord, Part, Study};
use crate::study::{ImportOptions, ImportTable, PatientMap, PixelBox, Protocol};
use crate::volume::{Grid, Image};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::sync::Arc;
use tempfile::TempDir;

fn image(value: f32) -> Image {
    let grid = Arc::new(Grid::new([4, 5, 3], Affine::from_spacing(Spacing::new([0.5, 0.5, 3.0]).unwrap())).unwrap());
    Image::new(grid, vec![value; 60]).unwrap()
}

fn hash(text: &str) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

/// A DICOM-like volume of a patient's study.
fn volume(patient: &str, study: &str, name: &str, echo: Option<u32>) -> Incoming {
    let source = hash(&format!("{patient} {study} {name} {echo:?}"));
    Incoming {
        path: PathBuf::from(format!("/in/{name}")),
        name: name.to_owned(),
        visit: Some(study.to_owned()),
        frame_of_reference: Some(format!("{study}.1")),
        series_uid: Some(format!("{study}.9")),
        person: Person { patient_id: Some(patient.to_owned()), patient_name: Some("SECRET^NAME".to_owned()), ..Person::default() },
        side: Side::Right,
        acquisition: AcquisitionRecord { echo_number: echo, te_ms: Some(50.0), ..AcquisitionRecord::default() },
        findings: vec![],
        sources: vec![("IM1".to_owned(), source)],
        damaged_beside: None,
        may_show_a_name: false,
        tells_of_names: true,
        role: recognise(name, &Acquisition::default()),
        shape: SourceShape { shape: [4, 5, 3], spacing_mm: [0.5, 0.5, 3.0] },
        image: Box::new(|| Ok(image(7.0))),
    }
}

struct Place {
    folder: TempDir,
    study: Study,
    rng: ChaCha8Rng,
}

impl Place {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::init(&folder.path().join(name), name, &Protocol::sample()).unwrap();
        Self { folder, study, rng: ChaCha8Rng::seed_from_u64(5) }
    }

    fn import(&mut self, incoming: Vec<Incoming>, options: &ImportOptions) -> Result<ImportReport, StudyError> {
        let (layout, protocol) = (self.study.layout(), self.study.protocol());
        ImportPlan::of_incoming(layout, protocol, incoming, options)?.carry_out(layout, &mut self.rng, &Watch::quiet())
    }
}

fn everything_in(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        text += &entry.file_name().to_string_lossy();
        if entry.path().is_dir() {
            text += &everything_in(&entry.path());
        } else {
            text += &String::from_utf8_lossy(&fs::read(entry.path()).unwrap());
        }
    }
    text
}

#[test]
fn two_echoes_become_one_exam_with_its_grid_and_values() {
    let mut place = Place::new("s");
    let report =
        place.import(vec![volume("A", "1.2", "pd", Some(1)), volume("A", "1.2", "t2", Some(5))], &ImportOptions::default()).unwrap();
    let [exam] = &report.exams[..] else { panic!("{report:?}") };
    assert_eq!(exam.sequences.iter().map(SequenceName::as_str).collect::<Vec<_>>(), ["echo1", "echo2"]);
    let record = place.study.exam(&exam.exam).unwrap();
    assert_eq!((record.side, record.reading_sequence.as_str()), (Side::Right, "echo1"));
    assert_eq!(record.sequences[1].spacing_mm, [0.5, 0.5, 3.0]);
    let loaded = place.study.load_image(&exam.exam, &exam.sequences[1]).unwrap();
    assert_eq!(loaded.values()[..], image(7.0).values()[..]);
    assert_eq!(place.study.check().unwrap().problems, Vec::<String>::new());
    let text = everything_in(place.folder.path());
    assert!(!text.contains("SECRET") && !text.contains("1.2.9"), "{text}");
}

#[test]
fn visits_frames_and_patients_are_kept_apart() {
    let mut place = Place::new("s");
    let mut moved = volume("A", "1", "after-a-break", None);
    moved.frame_of_reference = Some("other".to_owned());
    let volumes = vec![
        volume("A", "1", "Water", None),
        volume("A", "2", "fat", None),
        volume("B", "3", "x y/z", None),
        moved,
        volume("A", "1", "water!", None),
    ];
    let report = place.import(volumes, &ImportOptions::default()).unwrap();
    assert_eq!(report.exams.iter().map(|e| e.sequences.len()).collect::<Vec<_>>(), [2, 1, 1, 1]);
    assert_eq!(report.exams[0].sequences.iter().map(SequenceName::as_str).collect::<Vec<_>>(), ["water", "water-2"]);
    // What the source calls it may be a name: it stays out.
    assert_eq!(report.exams[2].sequences[0].as_str(), "image");
    let patients: Vec<_> = report.exams.iter().map(|e| &e.patient).collect();
    assert!(patients[0] == patients[1] && patients[0] == patients[3] && patients[0] != patients[2]);
    // The same sources again bring nothing new.
    let again = place.import(vec![volume("B", "3", "x y/z", None)], &ImportOptions::default()).unwrap();
    assert_eq!((again.exams.len(), again.already_there.len()), (0, 1));
}

/// Two coordinators, or one who pressed twice: each had looked before the other's exams were there.
#[test]
fn two_imports_at_once_bring_each_image_once() {
    let Place { folder: _folder, study, mut rng } = Place::new("s");
    let volumes = || vec![volume("A", "1", "water", None), volume("B", "2", "water", None)];
    let plan = || ImportPlan::of_incoming(study.layout(), study.protocol(), volumes(), &ImportOptions::default()).unwrap();
    let plans = [plan(), plan()];
    let mut slow = Importer::new(study.layout(), None, &[], Vec::new()).unwrap();
    let came: Vec<usize> =
        plans.into_iter().map(|plan| plan.carry_out(study.layout(), &mut rng, &Watch::quiet()).unwrap().exams.len()).collect();
    assert_eq!(came, [2, 0]);
    // Even one that was writing images all the while.
    let late = |name: &str, patient: &str, visit: &str| Planned {
        volume: volume(patient, visit, name, None),
        name: SequenceName::new("water").unwrap(),
        reading: true,
        look: crate::study::Look::NotNeeded,
    };
    slow.take(vec![late("water", "A", "1")], &mut rng).unwrap();
    slow.take(vec![late("other", "C", "3")], &mut rng).unwrap();
    let report = slow.into_report();
    assert_eq!((report.exams.len(), report.already_there), (1, vec![PathBuf::from("/in/water")]));
    assert_eq!(study.exams().unwrap().len(), 3);
    assert!(!study.layout().root().join("exams.lock").exists());
}

#[test]
fn without_a_name_every_file_is_a_patient_with_a_finding() {
    let mut place = Place::new("s");
    let nobody = |n: u32| Incoming { person: Person::default(), visit: None, ..volume("", "", &format!("f{n}"), None) };
    let report = place.import(vec![nobody(1), nobody(2)], &ImportOptions::default()).unwrap();
    assert_ne!(report.exams[0].patient, report.exams[1].patient);
    let record = place.study.exam(&report.exams[0].exam).unwrap();
    assert_eq!(record.sequences[0].findings[0].code, "no-patient");
}

#[test]
fn pictures_need_a_persons_word_and_nothing_is_written_before() {
    let mut place = Place::new("s");
    let picture = || Incoming { may_show_a_name: true, ..volume("A", "1", "photo", None) };
    let error = place.import(vec![volume("B", "2", "x", None), picture()], &ImportOptions::default()).unwrap_err().to_string();
    assert!(error.contains("/in/photo") && error.contains("confirm") && !error.contains('\n'), "{error}");
    assert!(place.study.exams().unwrap().is_empty());
    let confirmed = ImportOptions { confirmed_pictures: true, ..ImportOptions::default() };
    assert_eq!(place.import(vec![picture()], &confirmed).unwrap().exams.len(), 1);
}

#[test]
fn a_linked_patient_keeps_code_and_part_even_in_another_study() {
    let mut place = Place::new("s");
    let link = place.folder.path().join("link.jsonl");
    let options = ImportOptions { link: Some(link.clone()), ..ImportOptions::default() };
    let first = place.import(vec![volume("A", "1", "water", None), volume("B", "2", "water", None)], &options).unwrap();
    place.study.trainable().unwrap();
    let third = place.import(vec![volume("A", "3", "water", None)], &options).unwrap();
    assert_eq!(third.exams[0].patient, first.exams[0].patient);
    let part = Split::load(place.study.layout()).unwrap().part(&first.exams[0].patient).unwrap();
    let text = fs::read_to_string(&link).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.contains("SECRET^NAME") && text.contains(first.exams[1].exam.as_str()));
    let mut other = Place::new("other");
    let fourth = other.import(vec![volume("A", "4", "water", None)], &options).unwrap();
    assert_eq!(fourth.exams[0].patient, first.exams[0].patient);
    assert_eq!(Split::load(other.study.layout()).unwrap().part(&fourth.exams[0].patient), Some(part));
    assert!(matches!(part, Part::Train | Part::Validate | Part::Test));
}

#[test]
fn a_link_list_inside_the_study_or_damaged_is_refused() {
    let mut place = Place::new("s");
    let root = place.study.layout().root().to_owned();
    for inside in [root.join("link.jsonl"), root.join("exams/../link.jsonl")] {
        let options = ImportOptions { link: Some(inside), ..ImportOptions::default() };
        let error = place.import(vec![volume("A", "1", "w", None)], &options).unwrap_err().to_string();
        assert!(error.contains("inside the study") && !error.contains('\n'), "{error}");
    }
    let damaged = place.folder.path().join("link.jsonl");
    fs::write(&damaged, "{\"exam\":\n").unwrap();
    let options = ImportOptions { link: Some(damaged), ..ImportOptions::default() };
    let error = place.import(vec![volume("A", "1", "w", None)], &options).unwrap_err().to_string();
    assert!(error.contains("link.jsonl") && error.contains("line 1"), "{error}");
    assert!(place.study.exams().unwrap().is_empty());
}

#[test]
fn cancelling_keeps_whole_exams_only() {
    let mut place = Place::new("s");
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let report = |done: usize, _: usize| seen.store(done, std::sync::atomic::Ordering::Relaxed);
    let cancelled = || seen.load(std::sync::atomic::Ordering::Relaxed) >= 1;
    let watch = Watch::new(&report, &cancelled);
    let volumes = vec![volume("A", "1", "w", None), volume("A", "2", "w", None)];
    let plan = ImportPlan::of_incoming(place.study.layout(), place.study.protocol(), volumes, &ImportOptions::default()).unwrap();
    let result = plan.carry_out(place.study.layout(), &mut place.rng, &watch);
    assert!(matches!(result, Err(StudyError::Cancelled)));
    assert_eq!(place.study.exams().unwrap().len(), 1);
    assert_eq!(fs::read_dir(place.study.layout().exams()).unwrap().count(), 1);
}

#[test]
fn a_volume_that_cannot_be_read_is_reported_and_the_rest_comes_in() {
    let mut place = Place::new("s");
    let broken = Incoming { image: Box::new(|| Err(IoError::Cancelled)), ..volume("A", "1", "broken", None) };
    let report = place.import(vec![broken, volume("A", "1", "whole", None)], &ImportOptions::default()).unwrap();
    assert_eq!((report.failed.len(), report.exams[0].sequences.len()), (1, 1));
    let broken = Incoming { image: Box::new(|| Err(IoError::Cancelled)), ..volume("A", "7", "broken", None) };
    assert!(place.import(vec![broken], &ImportOptions::default()).unwrap().exams.is_empty());
    assert_eq!(fs::read_dir(place.study.layout().exams()).unwrap().count(), 1);
}

#[test]
fn nifti_files_go_through_the_list_of_patients() {
    let mut place = Place::new("s");
    let source = place.folder.path().join("in");
    fs::create_dir(&source).unwrap();
    for (name, value) in [("knee1_fat.nii.gz", 1.0), ("knee1_water.nii.gz", 2.0), ("knee2.nii.gz", 3.0)] {
        write_image_nifti(&source.join(name), &image(value)).unwrap();
    }
    let reading = crate::io::read_path(&source, &Watch::quiet()).unwrap();
    let patients = PatientMap::parse("exam,patient\nknee1,Ada\nknee2,Ada\n", Path::new("p.csv")).unwrap();
    let options = ImportOptions { patients, ..ImportOptions::default() };
    let report = place.study.import(reading.volumes, &options, &mut place.rng, &Watch::quiet()).unwrap();
    assert_eq!(report.exams.len(), 2, "{report:?}");
    assert_eq!(report.exams[0].patient, report.exams[1].patient);
    let exam = report.exams.iter().find(|e| e.sequences.len() == 2).unwrap();
    let record = place.study.exam(&exam.exam).unwrap();
    // The protocol reads water first, whatever the order of the files.
    assert_eq!(record.reading_sequence.as_str(), "water");
    assert_eq!(place.study.load_image(&exam.exam, &record.reading_sequence).unwrap().values()[0], 2.0);
    assert!(!everything_in(place.study.layout().root()).contains("Ada"));
}

#[test]
fn files_named_after_exam_and_sequence_belong_together_without_a_list() {
    let mut place = Place::new("s");
    let source = place.folder.path().join("in");
    fs::create_dir(&source).unwrap();
    for (at, name) in ["K1_fat", "K1_water", "K2-T1", "K2_visit_2", "K2_visit_3", "anna_f", "anna_w"].iter().enumerate() {
        write_image_nifti(&source.join(format!("{name}.nii.gz")), &image(at as f32)).unwrap();
    }
    let reading = crate::io::read_path(&source, &Watch::quiet()).unwrap();
    let report = place.study.import(reading.volumes, &ImportOptions::default(), &mut place.rng, &Watch::quiet()).unwrap();
    let of: Vec<usize> = report.exams.iter().map(|e| e.sequences.len()).collect();
    assert_eq!((of.iter().sum::<usize>(), of.iter().filter(|n| **n == 2).count(), of.len()), (7, 1, 6), "{report:?}");
    let both = report.exams.iter().find(|e| e.sequences.len() == 2).unwrap();
    let record = place.study.exam(&both.exam).unwrap();
    assert_eq!(record.reading_sequence.as_str(), "water");
    // Nobody said whose they are: each exam is a patient of its own.
    let patients: std::collections::BTreeSet<_> = report.exams.iter().map(|e| e.patient.clone()).collect();
    assert_eq!(patients.len(), 6);
}

/// The shared data, if this machine has it; it must where `OSTEON_REQUIRE_ALL=1`.
fn shared_data() -> Option<PathBuf> {
    let place = std::env::var_os("OSTEON_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let data = place.join("data/mri/knee-t2-two-echoes");
    if data.is_dir() {
        return Some(data);
    }
    assert!(std::env::var("OSTEON_REQUIRE_ALL").as_deref() != Ok("1"), "{} is not there", data.display());
    println!("skipped: {} is not there", data.display());
    None
}

#[test]
fn the_two_echo_knee_is_one_exam_and_nothing_of_its_identity_stays() {
    let Some(data) = shared_data() else { return };
    let mut place = Place::new("s");
    let read = || crate::io::read_path(&data, &Watch::quiet()).unwrap().volumes;
    let identity = read()[0].identity().cloned().unwrap();
    let options =
        ImportOptions { confirmed_pictures: true, link: Some(place.folder.path().join("link.jsonl")), ..ImportOptions::default() };
    let report = place.study.import(read(), &options, &mut place.rng, &Watch::quiet()).unwrap();
    let [exam] = &report.exams[..] else { panic!("{report:?}") };
    assert_eq!(exam.sequences.iter().map(SequenceName::as_str).collect::<Vec<_>>(), ["echo1", "echo2"]);
    let record = place.study.exam(&exam.exam).unwrap();
    assert!(record.sequences.iter().all(|s| s.shape.contains(&24) && s.sources.len() == 24 && s.acquisition.te_ms.is_some()));
    let expected = read()[1].image(0).unwrap();
    let stored = place.study.load_image(&exam.exam, &exam.sequences[1]).unwrap();
    assert_eq!(stored.values()[..], expected.values()[..]);
    let inside = everything_in(place.study.layout().root());
    for word in [&identity.patient_id, &identity.patient_name, &identity.study_uid, &identity.series_uid].into_iter().flatten() {
        assert!(word.len() < 5 || !inside.contains(word.as_str()), "{word}");
    }
    assert_eq!(place.study.import(read(), &options, &mut place.rng, &Watch::quiet()).unwrap().already_there.len(), 2);
    assert_eq!(place.study.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn names_are_roles_and_never_the_sources_words() {
    let mut place = Place::new("s");
    let named = |name: &str| volume("A", "1", name, None);
    let report = place.import(vec![named("JENSEN cor T1"), named("Jensen_W"), named("Jensen"), named("FAT")], &ImportOptions::default());
    let report = report.unwrap();
    let names: Vec<&str> = report.exams[0].sequences.iter().map(SequenceName::as_str).collect();
    assert_eq!(names, ["t1", "water", "image", "fat"]);
    // The protocol reads water before fat.
    assert_eq!(place.study.exam(&report.exams[0].exam).unwrap().reading_sequence.as_str(), "water");
    assert!(!everything_in(place.study.layout().root()).to_lowercase().contains("jensen"));
}

#[test]
fn a_person_renames_leaves_out_and_chooses_what_is_read() {
    let mut place = Place::new("s");
    let volumes = vec![volume("A", "1", "one", None), volume("A", "1", "two", None), volume("A", "1", "three", None)];
    let mut plan = ImportPlan::of_incoming(place.study.layout(), place.study.protocol(), volumes, &ImportOptions::default()).unwrap();
    let mut table = plan.table().clone();
    let name = |text: &str| SequenceName::new(text).unwrap();
    assert!(table.rename([0, 1], &name("stir")) && !table.rename([0, 2], &name("STIR")));
    table.sequence_mut([0, 0]).unwrap().chosen = false;
    table.exams[0].reading = 2;
    assert!(plan.correct(ImportTable::default()).unwrap_err().contains("changed meanwhile"));
    plan.correct(table).unwrap();
    let report = plan.carry_out(place.study.layout(), &mut place.rng, &Watch::quiet()).unwrap();
    let record = place.study.exam(&report.exams[0].exam).unwrap();
    assert_eq!(record.sequences.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["stir", "image-3"]);
    assert_eq!(record.reading_sequence.as_str(), "image-3");
}

#[test]
fn rectangles_are_blacked_out_and_on_record() {
    let mut place = Place::new("s");
    let bright = |inverted: bool| {
        let values = (0..60).map(|v| v as f32).collect::<Vec<_>>();
        let picture = Image::new(image(0.0).grid().clone(), values).unwrap().with_inverted_display(inverted);
        Incoming { may_show_a_name: true, image: Box::new(move || Ok(picture.clone())), ..volume("A", "1", &format!("p{inverted}"), None) }
    };
    let masked = vec![PixelBox::parse("3,4,1,2").unwrap()];
    let options = ImportOptions { masked, ..ImportOptions::default() };
    let report = place.import(vec![bright(false), bright(true)], &options).unwrap();
    let record = place.study.exam(&report.exams[0].exam).unwrap();
    assert!(record.sequences[0].findings.iter().any(|f| f.code == "masked" && f.text.contains("1,2 to 3,4")));
    for (sequence, black) in record.sequences.iter().zip([0.0, 59.0]) {
        let stored = place.study.load_image(&report.exams[0].exam, &sequence.name).unwrap();
        for (at, value) in stored.values().iter().enumerate() {
            let (i, j) = (at % 4, at / 4 % 5);
            let inside = (1..=3).contains(&i) && (2..=4).contains(&j);
            assert_eq!(*value, if inside { black } else { at as f32 }, "{i} {j}");
        }
    }
}

/// A rectangle beside the picture once counted as masking it: the name stayed, and the record said that it was blacked out.
#[test]
fn a_rectangle_beside_the_picture_is_refused() {
    let mut place = Place::new("s");
    let picture = || vec![Incoming { may_show_a_name: true, ..volume("A", "1", "p", None) }];
    let masked = |corners: &[&str]| ImportOptions {
        masked: corners.iter().map(|c| PixelBox::parse(c).unwrap()).collect(),
        ..ImportOptions::default()
    };
    for corners in [&["500,500,600,600"][..], &["0,0,1,1", "0,5,3,9"], &["4,0,9,4"]] {
        let error = place.import(picture(), &masked(corners)).unwrap_err().to_string();
        let shown = PixelBox::parse(corners[corners.len() - 1]).unwrap().words();
        assert!(error.contains(&shown) && error.contains("4 × 5") && !error.contains('\n'), "{error}");
    }
    assert!(place.study.exams().unwrap().is_empty());
    // One that is partly outside hides what it covers.
    place.import(picture(), &masked(&["3,4,600,600"])).unwrap();
}
