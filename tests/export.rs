//! Masks in other programs' layouts: DICOM segmentations (read back by highdicom), nnU-Net, BIDS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, enter, open, required, saved, shared, stroke};
use osteon::headless::Driver;
use osteon::session::{Command, Conditions, EditCommand, FileCommand, Monitor, RoomLight, StudyCommand, ToolCommand, ViewCommand};
use osteon::study::{Assistance, ImportOptions, Protocol, ReaderCode, ReaderRule, Study};
use osteon::volume::LayerKind;
use osteon::worker::message::{ExportHow, Role};
use rand::SeedableRng as _;
use std::path::{Path, PathBuf};
use std::process::Command as Program;

/// The second echo of a real knee as a study, with a link list beside it.
fn knee_study(home: &Path, source: &Path) -> PathBuf {
    let root = home.join("study");
    let rule = ReaderRule { code: ReaderCode::new("R1").unwrap(), assistance: Assistance::None };
    let study = Study::init(&root, "Knee", &Protocol::sample().with_readers(vec![rule])).unwrap();
    let reading = osteon::io::read_path(source, &osteon::io::Watch::quiet()).unwrap();
    let options = ImportOptions { link: Some(home.join("link.jsonl")), confirmed_pictures: true, ..ImportOptions::default() };
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    study.import(reading.volumes, &options, &mut rng, &osteon::io::Watch::quiet()).unwrap();
    root
}

/// Levels on three slices and two bones on one, then the coordinator's chair.
fn painted(home: &Path, root: &Path) -> Driver {
    let mut driver = driver(home);
    open(&mut driver, root);
    enter(&mut driver, "R1");
    stroke(&mut driver, 3, 1, &[[60.0, 70.0], [90.0, 80.0]]);
    stroke(&mut driver, 3, 2, &[[75.0, 72.0]]);
    stroke(&mut driver, 7, 3, &[[120.0, 40.0], [121.0, 60.0]]);
    driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Bone)));
    stroke(&mut driver, 5, 1, &[[100.0, 100.0], [110.0, 140.0]]);
    stroke(&mut driver, 5, 4, &[[40.0, 30.0], [60.0, 31.0]]);
    saved(&mut driver);
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver
}

fn export(driver: &mut Driver, how: ExportHow, out: &Path) -> String {
    // A refusal is a notice, too.
    let _ = driver.run_to_end("Exporting", PATIENCE, Command::File(FileCommand::Export(how, out.to_owned())));
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_dicom_segmentation_lies_where_it_was_painted() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let source = shared.join("data/mri/knee-t2-two-echoes");
    let root = knee_study(home.path(), &source);
    let mut driver = painted(home.path(), &root);
    let (masks, out) = (home.path().join("masks"), home.path().join("seg"));
    let how = ExportHow::DicomSeg { link: home.path().join("link.jsonl"), source: source.clone() };
    let said = export(&mut driver, how, &out);
    assert!(said.contains("2 masks written"), "{said}");
    export(&mut driver, ExportHow::Nifti, &masks);
    for layer in ["marrow", "bone"] {
        let file = |folder: &Path, ending: &str| {
            let found = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
            found.into_iter().find(|p| p.to_string_lossy().ends_with(&format!("_R1_{layer}.{ending}"))).unwrap()
        };
        let ours = osteon::io::read_labels_nifti(&file(&masks, "nii.gz")).unwrap();
        let map = osteon::io::read_seg(&file(&out, "dcm")).unwrap();
        // All labels of the layer, painted or not, by their own numbers.
        let sidecar: serde_json::Value = serde_json::from_slice(&std::fs::read(file(&masks, "json")).unwrap()).unwrap();
        let labels = sidecar["labels"].as_array().unwrap().iter();
        let told: Vec<(u64, String)> =
            labels.map(|l| (l["value"].as_u64().unwrap(), l["name"].as_str().unwrap().replace('·', "-"))).collect();
        assert_eq!(map.segments.iter().map(|s| (u64::from(s.value), s.label.clone())).collect::<Vec<_>>(), told);
        let mut voxels = 0;
        map.labels.for_each_labelled(|voxel, segment| {
            let world = map.labels.grid().world_from_voxel().world(voxel.map(|v| v as f64));
            let back = ours.grid().world_from_voxel().voxel(world);
            let near = back.map(f64::round);
            let there = ours.grid().world_from_voxel().world(near);
            let off_mm = (0..3).map(|a| (world[a] - there[a]).powi(2)).sum::<f64>().sqrt();
            assert!(off_mm < 1e-3, "{off_mm} mm");
            assert_eq!(ours.get(near.map(|x| x as usize)), segment);
            voxels += 1;
        });
        let mut expected = 0;
        ours.for_each_labelled(|_, _| expected += 1);
        assert_eq!(voxels, expected);
    }
    second_opinion(&["seg", out.to_str().unwrap(), masks.to_str().unwrap(), source.to_str().unwrap()]);
}

#[test]
fn a_dicom_segmentation_needs_the_coordinator_and_the_very_files() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let source = shared.join("data/mri/knee-t2-two-echoes");
    let root = knee_study(home.path(), &source);
    let mut driver = painted(home.path(), &root);
    let (link, out) = (home.path().join("link.jsonl"), home.path().join("seg"));
    let other = ExportHow::DicomSeg { link: link.clone(), source: shared.join("data/mri/wrist-t1") };
    assert!(export(&mut driver, other, &out).contains("their hashes differ"));
    assert!(!out.exists() || std::fs::read_dir(&out).unwrap().next().is_none());
    // One bit of one file is enough.
    let copy = home.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(copy.join(path.file_name().unwrap()), bytes).unwrap();
    }
    let mut driver = painted(home.path(), &root);
    let changed = ExportHow::DicomSeg { link: link.clone(), source: copy };
    assert!(export(&mut driver, changed, &out).contains("their hashes differ"));
    let mut driver = common::driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    let said = export(&mut driver, ExportHow::DicomSeg { link, source }, &out);
    assert!(said.contains("Only the coordinator"), "{said}");
}

#[test]
fn nnunet_gets_whole_reads_only_and_bids_is_valid() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 2);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    stroke(&mut driver, 4, 2, &[[20.0, 20.0], [30.0, 22.0]]);
    let first = driver.session().exam().unwrap().code().clone();
    driver.run(Command::Edit(EditCommand::AllDone));
    saved(&mut driver);
    driver.run(Command::Study(StudyCommand::StepExam(1)));
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() != first)).unwrap();
    stroke(&mut driver, 2, 1, &[[10.0, 20.0]]);
    saved(&mut driver);
    let (nnunet, bids) = (home.path().join("nnunet"), home.path().join("bids"));
    let said = export(&mut driver, ExportHow::NnUnet, &nnunet);
    assert!(said.contains("1 mask written") && said.contains("would take the others for background"), "{said}");
    let set = nnunet.join("Dataset001_marrow_R1");
    let about: serde_json::Value = serde_json::from_slice(&std::fs::read(set.join("dataset.json")).unwrap()).unwrap();
    assert_eq!(about["labels"]["level_3"], 3);
    let part = if set.join("labelsTr").exists() { "Tr" } else { "Ts" };
    let mask = osteon::io::read_labels_nifti(&set.join(format!("labels{part}/{first}.nii.gz"))).unwrap();
    let image = osteon::io::read_image_nifti(&set.join(format!("images{part}/{first}_0000.nii.gz"))).unwrap();
    assert!(mask.grid().same_as(image.grid()) && mask.counts().of(2) > 0);
    assert_eq!(about["numTraining"], u64::from(part == "Tr"));
    let said = export(&mut driver, ExportHow::Bids, &bids);
    assert!(said.contains("2 masks written"), "{said}");
    second_opinion(&["bids", bids.to_str().unwrap()]);
}

/// What other programs say: `tests/export_check.py`, with highdicom, nibabel and the BIDS validator.
fn second_opinion(args: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export_check.py");
    let output = Program::new("python3").arg(script).args(args).output();
    match output {
        Ok(output) if output.status.code() == Some(77) || output.status.code() == Some(127) => {
            assert!(!required(), "{}", String::from_utf8_lossy(&output.stderr));
            eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output) => {
            assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => {
            assert!(!required(), "python3: {error}");
            eprintln!("skipped: python3: {error}");
        }
    }
}

/// A mask of the first ball exam, as another program would have written it.
fn foreign(home: &Path, name: &str, grid: &osteon::volume::Grid, voxel: [usize; 3], label: u8) -> PathBuf {
    let mut labels = osteon::volume::Labels::empty(std::sync::Arc::new(grid.clone()));
    labels.set(voxel, label);
    let path = home.join(name);
    osteon::io::write_labels_nifti(&path, &labels, "").unwrap();
    path
}

fn osteon(args: &[&str]) -> (bool, String) {
    let output = Program::new(env!("CARGO_BIN_EXE_osteon")).args(args).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr }).into_owned())
}

#[test]
fn a_mask_made_elsewhere_becomes_one_step_of_a_read() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    // What is brought in was not read on this screen: the check of light and monitor does not stand in its way.
    let protocol = ball_study(&root, 1).protocol().clone().with_confirmed_conditions(true);
    let study = Study::open(&root).unwrap();
    std::fs::write(study.layout().protocol(), protocol.to_toml()).unwrap();
    let record = study.exams().unwrap().remove(0);
    let grid = study.load_image(&record.exam, &record.reading_sequence).unwrap().grid().as_ref().clone();
    let exam = record.exam.to_string();
    let import = |mask: &Path, more: &[&str]| {
        let mut args = vec!["study", "import-mask", root.to_str().unwrap(), mask.to_str().unwrap(), "--exam", &exam, "--reader", "R2"];
        args.extend(more);
        osteon(&args)
    };
    let four = foreign(home.path(), "four.nii.gz", &grid, [3, 4, 5], 4);
    let (fine, said) = import(&four, &[]);
    assert!(!fine && said.lines().count() == 1 && said.contains("no label 4") && said.contains("--map 4=1"), "{said}");
    let (fine, said) = import(&four, &["--map", "4=2"]);
    assert!(fine && said.contains("1 voxels of the marrow layer"), "{said}");
    // Half a slice off: refused with both grids, taken when asked.
    let matrix = grid.world_from_voxel().matrix();
    let rows = std::array::from_fn(|r| std::array::from_fn(|c| matrix[r][c] + if (r, c) == (1, 3) { 1.4 } else { 0.0 }));
    let other = osteon::volume::Grid::new(grid.shape(), osteon::space::Affine::new(rows).unwrap()).unwrap();
    let off = foreign(home.path(), "off.nii.gz", &other, [7, 7, 2], 1);
    let (fine, said) = import(&off, &["--add"]);
    assert!(!fine && said.contains("40 × 44 × 8") && said.matches(" mm from (").count() == 2, "{said}");
    let (fine, said) = import(&off, &["--resample"]);
    assert!(!fine && said.contains("has 1 voxels labelled by R2 in the marrow layer") && said.contains("--replace"), "{said}");
    assert!(import(&off, &["--resample", "--add"]).0);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    let layers = driver.session().exam().unwrap().layers();
    assert_eq!(layers.labels(LayerKind::Marrow).get([3, 4, 5]), 2);
    assert_eq!(layers.provenance(LayerKind::Marrow, [3, 4, 5]), Some(osteon::edit::CommitKind::Imported));
    assert_eq!(layers.history().entries().count(), 2);
    // Taking it back is reading again.
    let said = Conditions { room_light: Some(RoomLight::Dimmed), monitor: Some(Monitor::Office), squares_seen: true };
    driver.run(Command::View(ViewCommand::Conditions(said)));
    driver.run(Command::Study(StudyCommand::ConfirmConditions));
    driver.run(Command::Edit(EditCommand::Undo));
    driver.run(Command::Edit(EditCommand::Undo));
    assert!(driver.session().exam().unwrap().layers().labels(LayerKind::Marrow).labelled_box().is_empty());
    // Nobody else's read was touched.
    assert!(!root.join("reads/R1").exists() && !root.join("reads/R3").exists());
}

#[test]
fn what_changed_each_voxel_goes_out_beside_the_mask() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 1);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    stroke(&mut driver, 3, 2, &[[16.0, 22.0], [24.0, 22.0]]);
    // Copied slices differ from those painted by hand; bone is by hand alone.
    driver.run(Command::View(osteon::session::ViewCommand::Slice(4)));
    driver.run_to_end("Copying", PATIENCE, Command::Edit(EditCommand::Shape(osteon::session::ShapeCommand::CopyPrevious))).unwrap();
    driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Bone)));
    stroke(&mut driver, 3, 1, &[[10.0, 10.0]]);
    saved(&mut driver);
    let out = home.path().join("masks");
    let said = export(&mut driver, ExportHow::Nifti, &out);
    let exam = study.exams().unwrap()[0].exam.to_string();
    let about = |layer: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(out.join(format!("{exam}_R2_{layer}.json"))).unwrap()).unwrap()
    };
    assert!(about("bone").get("provenance").is_none(), "{said}");
    let marrow = about("marrow");
    let kinds = marrow["provenance"]["kinds"].as_array().unwrap();
    let value = |word: &str| kinds.iter().find(|k| k["kind"] == word).and_then(|k| k["value"].as_u64()).unwrap() as u8;
    let read = |file: &str| osteon::io::read_labels_nifti(&out.join(file)).unwrap();
    let (codes, mask) = (read(marrow["provenance"]["file"].as_str().unwrap()), read(&format!("{exam}_R2_marrow.nii.gz")));
    let record = study.exams().unwrap().remove(0);
    let axis = driver.session().exam().unwrap().plane().slice_axis();
    assert_eq!(codes.grid().shape(), study.load_image(&record.exam, &record.reading_sequence).unwrap().grid().shape());
    mask.for_each_labelled(|voxel, _| {
        assert_eq!(codes.get(voxel), value(if voxel[axis] == 3 { "hand" } else { "copied" }), "{voxel:?}");
    });
    assert!(mask.counts().labelled() > 0);
}
