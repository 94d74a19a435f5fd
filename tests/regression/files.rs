//! Files in and out: DICOM SEG, series with gaps, BIDS names, empty masks.

mod refusals;
mod segmentations;
#[path = "../common/series.rs"]
pub mod series;

use super::common::{PATIENCE, ball, ball_study, ball_study_under, driver, enter, files, open, saved, stroke};
use osteon::headless::Driver;
use osteon::io::{FindingCode, IoError, SourceVolume, Watch, read_labels_nifti, read_path, write_labels_nifti};
use osteon::session::{Command, EditCommand, FileCommand, StudyCommand, ToolCommand, ViewCommand};
use osteon::study::{Assistance, ReaderCode, ReaderRule};
use osteon::volume::{Labels, LayerKind};
use osteon::worker::message::{ExportHow, Role};
use series::Slice;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;

/// Three time points of ten slices, 3 mm apart; voxels hold the time point times 100 plus the slice.
fn dynamic(numbered: fn(&mut Slice, u32)) -> Vec<Slice> {
    let slice = |n: usize| {
        let (time, k) = (n / 10 + 1, n % 10);
        let mut slice = Slice::at(n + 1, 3.0 * k as f64, (100 * time + k) as u16);
        numbered(&mut slice, time as u32);
        slice
    };
    (0..30).map(slice).collect()
}

fn read(slices: &[Slice]) -> (tempfile::TempDir, Vec<SourceVolume>) {
    let folder = tempfile::tempdir().unwrap();
    slices.iter().for_each(|slice| slice.write(folder.path()));
    let volumes = read_path(folder.path(), &Watch::quiet()).unwrap().volumes;
    (folder, volumes)
}

fn values(volume: &SourceVolume) -> Vec<f32> {
    volume.image(0).unwrap().values().chunks(16 * 12).map(|slice| slice[0]).collect()
}

fn findings(volume: &SourceVolume) -> Vec<FindingCode> {
    volume.findings().iter().map(|f| f.code).collect()
}

/// With one slice of one time point missing, the next one's slice was once put in its place.
#[test]
fn a_missing_slice_is_not_replaced_by_that_of_another_time_point() {
    let numbers: [fn(&mut Slice, u32); 2] = [|s, t| s.temporal = Some(t), |s, t| s.acquisition = Some(t)];
    for numbered in numbers {
        let mut slices = dynamic(numbered);
        slices.remove(4);
        let (_folder, volumes) = read(&slices);
        let mut all: Vec<Vec<f32>> = volumes.iter().map(values).collect();
        all.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let run = |from: u16, to: u16| (from..=to).map(f32::from).collect::<Vec<_>>();
        assert_eq!(all, [run(100, 103), run(105, 109), run(200, 209), run(300, 309)]);
        for volume in &volumes {
            let is_part = values(volume)[0] < 200.0;
            assert_eq!(findings(volume).contains(&FindingCode::MissingSlice), is_part, "{:?}", volume.findings());
            assert!(volume.findings().iter().any(|f| f.code == FindingCode::MultiVolume && f.text.contains("9 of 10 slices of")));
        }
    }
}

/// Where nothing tells the time points apart, or a volume was made in two acquisitions, the order of the images counts as before.
#[test]
fn slices_that_nothing_tells_apart_are_ranked_and_it_is_said() {
    let mut slices = dynamic(|_, _| ());
    slices.remove(4);
    let (_folder, volumes) = read(&slices);
    let said = volumes[0].findings().iter().find(|f| f.code == FindingCode::DuplicateSlice).unwrap();
    assert!(said.text.contains("need not be so"), "{}", said.text);
    // Odd slices first, then even ones, then one of them again.
    let mut passes: Vec<Slice> = dynamic(|_, _| ()).into_iter().take(10).collect();
    passes.iter_mut().enumerate().for_each(|(k, slice)| slice.acquisition = Some(1 + k as u32 % 2));
    passes.push(Slice { acquisition: Some(2), ..Slice::at(11, 12.0, 999) });
    let (_folder, volumes) = read(&passes);
    let mut shapes: Vec<usize> = volumes.iter().map(|v| v.shape()[2]).collect();
    shapes.sort_unstable();
    assert_eq!(shapes, [1, 10]);
}

/// Repeats of a position that differ in its last decimal once went to volumes in the order of that decimal.
#[test]
fn repeats_that_lie_a_thousandth_of_a_millimetre_apart_keep_their_order() {
    let mut slices = dynamic(|_, _| ());
    slices.iter_mut().enumerate().for_each(|(n, slice)| slice.position[2] += [1e-3, -1e-3, 0.0, 5e-4][n * 7 % 4]);
    let (_folder, volumes) = read(&slices);
    let found: Vec<Vec<f32>> = volumes.iter().map(values).collect();
    let run = |from: u16| (from..from + 10).map(f32::from).collect::<Vec<_>>();
    assert_eq!(found, [run(100), run(200), run(300)]);
}

/// Many small compressed files made a volume that no machine holds, and the program was ended by the system.
#[test]
fn a_series_larger_than_the_program_takes_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    (1..=13).for_each(|n| Slice::at(n, 3.0 * n as f64, 0).write_as(folder.path(), [8192, 8192], None));
    let volumes = read_path(folder.path(), &Watch::quiet()).unwrap().volumes;
    let error = volumes[0].raw().unwrap_err();
    assert!(matches!(&error, IoError::TooLarge { .. }) && error.to_string().contains("13 slices of 8192 × 8192 pixels"), "{error}");
}

/// Runs the program with so much address space, in KiB: its libraries alone map a good part of it.
#[cfg(unix)]
fn osteon_within(kib: usize, args: &[&str]) -> (Option<i32>, String) {
    let script = format!("ulimit -v {kib}; exec \"$0\" \"$@\"");
    let mut bash = Program::new("bash");
    bash.args(["-c", &script, env!("CARGO_BIN_EXE_osteon")]).args(args).env("RUST_BACKTRACE", "0");
    let output = bash.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Without memory for a series, or for the grey values of an image beside what its file stores, the program was once aborted.
#[cfg(unix)]
#[test]
fn images_without_memory_for_them_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let series = folder.path().join("series");
    (1..=11).for_each(|n| Slice::at(n, 3.0 * n as f64, 0).write_as(&series, [8192, 8192], None));
    let (code, said) = osteon_within(1_500_000, &["inspect", series.to_str().unwrap(), "--json"]);
    assert!(code == Some(1) && said.contains("no memory left for another 1408 MB") && said.contains("slice-001.dcm"), "{code:?} {said}");
    // 450 MB of bytes, zeros that take no room on the disk, become 1.8 GB of grey values.
    let large = folder.path().join("large.nii");
    let mut header = vec![0_u8; 352];
    header[..4].copy_from_slice(&348_i32.to_le_bytes());
    for (at, number) in [(40, 3_i16), (42, 750), (44, 750), (46, 800), (70, 2), (72, 8)] {
        header[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    header[344..348].copy_from_slice(b"n+1\0");
    header[108..112].copy_from_slice(&352_f32.to_le_bytes());
    std::fs::write(&large, header).unwrap();
    std::fs::File::options().write(true).open(&large).unwrap().set_len(352 + 450_000_000).unwrap();
    let root = folder.path().join("study");
    ball_study(&root, 1);
    let (code, said) = osteon_within(1_500_000, &["study", "import", root.to_str().unwrap(), large.to_str().unwrap()]);
    assert!(code == Some(1) && said.contains("no memory left for another 1717 MB"), "{code:?} {said}");
}

/// Figures of `R1|majority` were once those of a reader's file `majority.nii.gz` or of the consensus, whichever came last.
#[test]
fn a_reader_called_like_a_consensus_keeps_its_own_figures() {
    let folder = tempfile::tempdir().unwrap();
    let grid = Arc::clone(ball(0.0).grid());
    let file = |name: &str, voxels: usize| {
        let mut labels = Labels::empty(Arc::clone(&grid));
        (0..voxels).for_each(|n| labels.set([10 + n, 20, 4], 2));
        let path = folder.path().join(name);
        write_labels_nifti(&path, &labels, "").unwrap();
        path.to_str().unwrap().to_owned()
    };
    let paths = [file("R1.nii.gz", 9), file("majority.nii.gz", 3), file("R3.nii.gz", 9)];
    let json = folder.path().join("figures.json");
    let agreement = |paths: &[&str]| {
        let args = [&["agreement"], paths, &["--json", json.to_str().unwrap()]].concat();
        let output = Program::new(env!("CARGO_BIN_EXE_osteon")).args(args).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(agreement(&paths.each_ref().map(String::as_str)).0, Some(0));
    let figures: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let dice = |pair: String| figures["pairs"][&pair]["2"]["dice"].as_f64().unwrap_or_else(|| panic!("{pair}: {}", figures["pairs"]));
    assert_eq!((dice("R1|majority".into()), dice(format!("R1|{}", paths[1]))), (1.0, 0.5));
    let (code, said) = agreement(&[&paths[0], &paths[2], &paths[0]]);
    assert!(code == Some(1) && said.contains("is named twice"), "{said}");
}

fn export(driver: &mut Driver, how: ExportHow, out: &Path) -> String {
    // A refusal is a notice, too.
    let _ = driver.run_to_end("Exporting", PATIENCE, Command::File(FileCommand::Export(how, out.to_owned())));
    let notices: Vec<(u64, String)> = driver.session().notices().iter().map(|n| (n.id, n.text.clone())).collect();
    // One that says what went wrong would end the next wait.
    notices.iter().for_each(|(id, _)| driver.run(Command::View(ViewCommand::DismissNotice(*id))));
    notices.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")
}

fn masks(out: &Path) -> Vec<PathBuf> {
    files(out).into_keys().filter(|p| p.to_string_lossy().ends_with(".nii.gz") && !p.to_string_lossy().contains("images")).collect()
}

/// A read that found no lesion was once left out of every export without a word, so that nnU-Net never saw a healthy knee.
#[test]
fn finished_reads_without_a_lesion_are_exported() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut driver) = super::seated_as("R2", home.path(), 1);
    stroke(&mut driver, 3, 2, &[[16.0, 22.0]]);
    driver.run(Command::Edit(EditCommand::Undo));
    saved(&mut driver);
    let out = |name: &str| home.path().join(name);
    let said = export(&mut driver, ExportHow::Nifti, &out("unfinished"));
    assert!(said.contains("no read is finished"), "{said}");
    driver.run(Command::Edit(EditCommand::AllDone));
    saved(&mut driver);
    for (name, how) in [("nifti", ExportHow::Nifti), ("bids", ExportHow::Bids), ("nnunet", ExportHow::NnUnet)] {
        let said = export(&mut driver, how, &out(name));
        let written = masks(&out(name));
        assert_eq!(written.len(), 1, "{said}");
        assert_eq!(read_labels_nifti(&out(name).join(&written[0])).unwrap().counts().labelled(), 0);
    }
    // A sealed one counts as finished, whatever was marked done.
    enter(&mut driver, "R3");
    stroke(&mut driver, 3, 2, &[[16.0, 22.0]]);
    driver.run(Command::Edit(EditCommand::Undo));
    saved(&mut driver);
    driver.run_to_end("Sealing", PATIENCE, Command::Study(StudyCommand::Seal)).unwrap();
    let said = export(&mut driver, ExportHow::Nifti, &out("sealed"));
    assert_eq!(masks(&out("sealed")).len(), 1, "{said}");
}

/// A read of bones alone says nothing of marrow; and the number of an nnU-Net data set is its reader's and layer's own.
#[test]
fn a_read_of_bones_alone_has_no_marrow_mask_and_data_sets_keep_their_numbers() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut driver) = super::seated_as("R2", home.path(), 1);
    driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Bone)));
    stroke(&mut driver, 3, 1, &[[16.0, 22.0]]);
    driver.run(Command::Edit(EditCommand::AllDone));
    saved(&mut driver);
    let nnunet = home.path().join("nnunet");
    export(&mut driver, ExportHow::NnUnet, &nnunet);
    assert!(nnunet.join("Dataset005_bone_R2").is_dir(), "{:?}", masks(&nnunet));
    driver.run_to_end("Sealing", PATIENCE, Command::Study(StudyCommand::Seal)).unwrap();
    let out = home.path().join("nifti");
    export(&mut driver, ExportHow::Nifti, &out);
    let written = masks(&out);
    assert!(written.len() == 1 && written[0].to_string_lossy().contains("bone"), "{written:?}");
}

/// BIDS names hold no `-`: the mask of reader `R-1` once overwrote that of `R1`.
#[test]
fn readers_whose_codes_differ_by_a_dash_have_a_bids_file_each() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let rule = |code: &str| ReaderRule { code: ReaderCode::new(code).unwrap(), assistance: Assistance::None };
    ball_study_under(&root, 1, |protocol| protocol.with_readers(vec![rule("R-1"), rule("R1")]));
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    for (reader, level) in [("R-1", 1), ("R1", 3)] {
        enter(&mut driver, reader);
        stroke(&mut driver, 3, level, &[[16.0, 22.0]]);
        saved(&mut driver);
    }
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    let out = home.path().join("bids");
    let said = export(&mut driver, ExportHow::Bids, &out);
    let level_of = |name: &str| {
        let file = masks(&out).into_iter().find(|p| p.to_string_lossy().contains(name)).unwrap_or_else(|| panic!("{name}: {said}"));
        let counts = read_labels_nifti(&out.join(file)).unwrap().counts();
        (1..=3).find(|level| counts.of(*level) > 0)
    };
    assert_eq!((level_of("_desc-R1marrow_"), level_of("_desc-Rx2d1marrow_")), (Some(3), Some(1)));
}

/// A packed file of which one byte was wrong came in with wrong voxels: only whoever reads to the end comes to the checksum.
#[test]
fn a_packed_image_that_does_not_match_its_checksum_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nii.gz");
    osteon::io::write_image_nifti(&path, &ball(0.0)).unwrap();
    let whole = std::fs::read(&path).unwrap();
    // The last eight bytes are checksum and length.
    for behind in [8, 5, 2] {
        let mut bytes = whole.clone();
        let at = bytes.len() - behind;
        bytes[at] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        let why = osteon::io::read_image_nifti(&path).unwrap_err().to_string();
        assert!(why.contains("x.nii.gz") && why.contains("checksum"), "{why}");
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(osteon::io::read_image_nifti(&path).is_ok());
    // Two parts, and bytes behind them that belong to neither, as tapes leave them.
    let image = osteon::io::read_image_nifti(&path).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&whole[..]), &mut bytes).unwrap();
    let mut packed = Vec::new();
    for part in bytes.chunks(bytes.len() / 2 + 1) {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, part).unwrap();
        packed.extend(encoder.finish().unwrap());
    }
    packed.extend([0; 512]);
    std::fs::write(&path, &packed).unwrap();
    assert_eq!(osteon::io::read_image_nifti(&path).unwrap().values()[..], image.values()[..]);
}

/// Voxels that are no numbers were found only in what an import kept in memory: of the images behind the first 512 MiB nobody was told.
#[test]
fn what_is_no_number_is_told_however_much_was_read_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nii.gz");
    let image = ball(0.0);
    let mut values = image.values().to_vec();
    values[7] = f32::NAN;
    osteon::io::write_image_nifti(&path, &osteon::volume::Image::new(image.grid().clone(), values).unwrap()).unwrap();
    let study = ball_study(&folder.path().join("study"), 0);
    let mut keep = osteon::io::KeepBytes::new(0);
    let reading = osteon::io::read_path_within(&path, &Watch::quiet(), &mut keep).unwrap();
    assert!(reading.volumes[0].findings().is_empty(), "only its header was looked at");
    let mut rng = <rand_chacha::ChaCha8Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(1);
    study.import(reading.volumes, &osteon::study::ImportOptions::default(), &mut rng, &Watch::quiet()).unwrap();
    let findings = study.exams().unwrap().remove(0).sequences.remove(0).findings;
    assert!(findings.iter().any(|f| f.code == "non-finite" && f.text == "1 voxels are not numbers"), "{findings:?}");
}
