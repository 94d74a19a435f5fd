//! The memory ceiling of a training in a study or on folders: refused in words before it is passed, and kept as the system counts it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study};
use osteon::edit::{CommitKind, Patch, Row, RowAction};
use osteon::headless::clock;
use osteon::io::{write_image_nifti, write_labels_nifti};
use osteon::learn::Plan;
use osteon::space::Affine;
use osteon::study::{Assistance, ImportOptions, JournalRow, Part, Protocol, ReaderCode, ReaderRule, Split, Study};
use osteon::volume::{Grid, Image, Labels, LayerKind};
use osteon::worker::folder::{Case, FolderTraining, train_folder};
use osteon::worker::message::{Event, NetWish, Outcome, Request, RequestId, TrainRequest};
use osteon::worker::{WorkerConfig, Workers};
use rand::SeedableRng as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const NOW: &str = "2026-11-21T10:00:00Z";

/// What the program itself may take beside the training that the ceiling is about: the reads, the pool's stacks, code that is
/// touched for the first time, and what the allocator keeps.
const ALLOWANCE_MB: f64 = 48.0;
const CEILING_MB: u32 = 64;
const EXAMS: usize = 24;
const SHAPE: [usize; 3] = [192, 192, 36];

/// Marks slices of an exam done by R1, with a stripe of level 1 on each.
fn read(study: &Study, exam: &osteon::study::ExamCode, slices: std::ops::Range<u32>) {
    let (header, mut file) = study.open_read_for(&ReaderCode::new("R1").unwrap(), exam, NOW).unwrap();
    let mut n = 0;
    let mut append = |action| {
        n += 1;
        let row = JournalRow { row: Row { n, name: "Brush".into(), action }, time: NOW.into(), reader: "R1".into(), window: None };
        file.append(&row).unwrap();
    };
    for slice in slices {
        let at = header.grid.index([5, 5, slice as usize]) as u32;
        let patch = Arc::new(Patch::from_changes((0..20).map(|k| (at + k, 0, 1))));
        append(RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch });
        append(RowAction::Done { layer: LayerKind::Marrow, slice, done: true });
    }
}

fn all_train(study: &Study) {
    let mut split = Split::default();
    for record in study.exams().unwrap() {
        split.assign(record.patient, Part::Train);
    }
    split.save(study.layout()).unwrap();
}

fn request(root: &Path, memory_mb: u32, net: NetWish) -> TrainRequest {
    TrainRequest {
        root: root.to_owned(),
        reader: ReaderCode::new("R1").unwrap(),
        layer: LayerKind::Marrow,
        model: "marrow-R1".into(),
        steps: 3,
        minutes: None,
        net,
        seed: 1,
        open: None,
        created: NOW.into(),
        memory_mb,
    }
}

fn workers(home: &Path) -> Workers {
    Workers::start(WorkerConfig { threads: 2, scratch_root: home.join("scratch"), wake: Arc::new(|| {}), clock }).unwrap()
}

/// Trains; how it ended.
fn ending(workers: &mut Workers, request: TrainRequest) -> Outcome {
    let started = Instant::now();
    workers.submit(RequestId(1), Request::Train(Box::new(request)));
    loop {
        if let Some(Event::Ended { outcome, .. }) = workers.wait(std::time::Duration::from_millis(50)) {
            return outcome;
        }
        assert!(started.elapsed() < PATIENCE, "the training does not end");
    }
}

fn refusal(home: &Path, request: TrainRequest) -> String {
    match ending(&mut workers(home), request) {
        Outcome::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_training_is_refused_before_it_takes_more_than_it_may() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 3);
    all_train(&study);
    let exams: Vec<_> = study.exams().unwrap().into_iter().map(|record| record.exam).collect();
    exams.iter().for_each(|exam| read(&study, exam, 0..8));
    // The examples of three exams with all their neighbours are more than one megabyte, those of two are not.
    let wide = NetWish { base: Some(4), neighbours: Some(3), independent: None };
    let why = refusal(home.path(), request(&root, 1, wide));
    assert!(why.contains("more than the 1 MB of memory allowed for training: raise the memory ceiling"), "{why}");
    // Before the images are loaded: that one is broken is not even found out.
    for record in study.exams().unwrap() {
        std::fs::write(study.layout().sequence(&record.exam, &record.reading_sequence), "no image").unwrap();
    }
    let why = refusal(home.path(), request(&root, 0, wide));
    let exam = &exams[0];
    assert!(why.contains(&format!("{exam} takes the training to about 1 MB")) && why.contains("the 0 MB allowed: raise"), "{why}");
    let why = refusal(home.path(), request(&root, 64, wide));
    assert!(why.contains(exams[0].as_str()) && why.contains(".nii.gz"), "{why}");
}

/// A study of many exams with one slice done in each; the images are copies of one.
fn large_study(home: &Path) -> PathBuf {
    let root = home.join("study");
    let rule = ReaderRule { code: ReaderCode::new("R1").unwrap(), assistance: Assistance::FromStart };
    let study = Study::init(&root, "Large", &Protocol::sample().with_readers(vec![rule])).unwrap();
    let affine = Affine::from_columns([[-0.5, 0.0, 0.0], [0.0, 0.0, 0.5], [0.0, 3.5, 0.0]], [50.0, -60.0, -50.0]).unwrap();
    let grid = Arc::new(Grid::new(SHAPE, affine).unwrap());
    let values: Vec<f32> = (0..grid.voxel_count()).map(|n| (n % 97) as f32).collect();
    let file = home.join("large.nii.gz");
    write_image_nifti(&file, &Image::new(grid, values).unwrap()).unwrap();
    let reading = osteon::io::read_path(&file, &osteon::io::Watch::quiet()).unwrap();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    study.import(reading.volumes, &ImportOptions::default(), &mut rng, &osteon::io::Watch::quiet()).unwrap();
    let first = study.exams().unwrap().remove(0);
    let folder = root.join("exams").join(first.exam.as_str());
    for n in 1..EXAMS {
        let (exam, copy) = (format!("K-9{n:02}"), root.join("exams").join(format!("K-9{n:02}")));
        std::fs::create_dir(&copy).unwrap();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
        let record = std::fs::read_to_string(copy.join("exam.json")).unwrap();
        let record = record.replace(first.exam.as_str(), &exam).replace(first.patient.as_str(), &format!("P-9{n:02}"));
        std::fs::write(copy.join("exam.json"), record).unwrap();
    }
    all_train(&study);
    study.exams().unwrap().iter().for_each(|record| read(&study, &record.exam, 0..1));
    root
}

/// The most memory that this process ever had in use, in MB; `None` where the system does not say.
fn most_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb * 1024.0 / 1e6)
}

const CHILD: &str = "OSTEON_TRAINING_MEMORY_STUDY";

/// Trains in a process of its own, started by the test below: the peak of a process counts all that it did before.
#[test]
fn trains_where_it_is_told_to() {
    let Some(root) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let mut workers = workers(root.parent().unwrap());
    let before = most_mb().unwrap();
    let outcome = ending(&mut workers, request(&root, CEILING_MB, NetWish::default()));
    assert!(matches!(&outcome, Outcome::Trained(version) if version.taken == 3), "{outcome:?}");
    println!("grown by {:.1} MB", most_mb().unwrap() - before);
}

#[test]
fn the_memory_in_use_stays_below_the_ceiling_and_what_is_allowed_beside_it() {
    if most_mb().is_none() {
        eprintln!("skipped: this system does not tell how much memory was in use");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let root = large_study(home.path());
    let all = EXAMS as f64 * (4 * SHAPE.iter().product::<usize>()) as f64 / 1e6;
    let most = f64::from(CEILING_MB) * f64::from(1 << 20) / 1e6 + ALLOWANCE_MB;
    assert!(all > most, "the images alone would be above it if all were loaded: {all} MB");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "trains_where_it_is_told_to", "--nocapture"])
        .env(CHILD, &root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    let grown = said.split("grown by ").nth(1).unwrap().split(" MB").next().unwrap().parse::<f64>().unwrap();
    println!("training took {grown:.0} MB for a ceiling of {CEILING_MB} MB; all images are {all:.0} MB");
    assert!(grown < most, "{grown} MB for a ceiling of {CEILING_MB} MB and {ALLOWANCE_MB} MB beside it");
}

const FOLDER: &str = "OSTEON_TRAINING_MEMORY_FOLDER";
const FOLDER_MB: &str = "OSTEON_TRAINING_MEMORY_FOLDER_MB";

/// Trains on a folder in a process of its own, started by the test below.
#[test]
fn trains_on_a_folder_where_it_is_told_to() {
    let Some(root) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let case = |name: &str| Case {
        name: name.to_owned(),
        images: ["water", "fat"].map(|sequence| root.join(format!("{sequence}.nii.gz"))).to_vec(),
        masks: vec![root.join("mask.nii.gz")],
    };
    let wish = FolderTraining {
        sequences: vec!["water".to_owned(), "fat".to_owned()],
        layer: "marrow".to_owned(),
        labels_from: "R1".to_owned(),
        steps: 2,
        minutes: None,
        seed: 1,
        held_out: 0.5,
        plan: Plan { base: 2, depth: 2, crop: [32, 32], batch: 1, members: 1, ..Plan::default() },
        from: None,
        memory_mb: std::env::var(FOLDER_MB).unwrap().parse().unwrap(),
        label_keys: Vec::new(),
        created: String::new(),
    };
    let before = most_mb().unwrap();
    let trained = train_folder(&[case("a"), case("b")], &wish, &AtomicBool::new(false), &mut |_| {});
    println!("grown by {:.1} MB, {}", most_mb().unwrap() - before, trained.map_or_else(|why| why, |_| "trained".to_owned()));
}

/// Images and prepared slices were not counted, and the rest only once it was loaded: a training took nearly twice what it might, and one
/// that was refused had taken several times that.
#[test]
fn a_folder_training_keeps_its_ceiling_from_the_first_image_on() {
    if most_mb().is_none() {
        eprintln!("skipped: this system does not tell how much memory was in use");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let affine = Affine::from_columns([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 3.0]], [0.0; 3]).unwrap();
    let grid = Arc::new(Grid::new([256, 256, 48], affine).unwrap());
    let voxels = grid.voxel_count();
    for (name, times) in [("water", 7919), ("fat", 104_729)] {
        let values: Vec<f32> = (0..voxels).map(|n| ((n * times) % 1013) as f32).collect();
        write_image_nifti(&home.path().join(format!("{name}.nii.gz")), &Image::new(grid.clone(), values).unwrap()).unwrap();
    }
    let mask: Vec<u8> = (0..voxels).map(|n| (n / 5000 % 4) as u8).collect();
    write_labels_nifti(&home.path().join("mask.nii.gz"), &Labels::from_dense(grid, &mask).unwrap(), "").unwrap();
    let run = |mb: &str| -> (f64, String) {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", "trains_on_a_folder_where_it_is_told_to", "--nocapture"]);
        let child = child.env(FOLDER, home.path()).env(FOLDER_MB, mb).output().unwrap();
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
        let said = said.split("grown by ").nth(1).unwrap().lines().next().unwrap().to_owned();
        let (grown, ended) = said.split_once(" MB, ").unwrap();
        (grown.parse().unwrap(), ended.to_owned())
    };
    let (grown, why) = run("64");
    assert!(why.starts_with("Reading 2 case(s) takes about ") && why.contains("more than the 64 MB allowed"), "{why}");
    assert!(grown < 64.0, "it was refused after {grown} MB");
    let needed: u32 = why.split("about ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    // The steps of so small a net come on top of what stays, not of what is most.
    let (grown, ended) = run(&needed.to_string());
    assert_eq!(ended, "trained");
    println!("a folder training took {grown:.0} MB for a ceiling of {needed} MB");
    let most = f64::from(needed) * f64::from(1 << 20) / 1e6 + ALLOWANCE_MB;
    assert!(grown < most, "{grown} MB for a ceiling of {needed} MB and {ALLOWANCE_MB} MB beside it");
    assert!(grown > most * 0.6, "{grown} MB are far less than the {needed} MB that were asked for");
}

/// Where the system gives no memory for an image, one line says so; before, the program was ended by it.
#[cfg(target_os = "linux")]
#[test]
fn an_image_for_which_there_is_no_memory_is_refused_in_words() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("huge.nii");
    let small = Arc::new(
        Grid::new([512, 512, 2], Affine::from_columns([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]], [0.0; 3]).unwrap()).unwrap(),
    );
    write_image_nifti(&file, &Image::new(small, vec![0.0; 512 * 512 * 2]).unwrap()).unwrap();
    // The same with 1400 slices, and a hole on the disk in their place.
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(&file).unwrap()).take(352).read_to_end(&mut bytes).unwrap();
    bytes[46..48].copy_from_slice(&1400_i16.to_le_bytes());
    std::fs::write(&file, &bytes).unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_len(352 + 4 * 512 * 512 * 1400).unwrap();
    let script = format!("ulimit -v 1400000; exec '{}' inspect '{}' --json", env!("CARGO_BIN_EXE_osteon"), file.display());
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("huge.nii: the system has no memory left for another 1400 MB"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
