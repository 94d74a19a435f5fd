//! What commands must not do to what lies on the disk, and exams of which a file is damaged.

use super::series::Slice;
use crate::common::{ball_study, driver, enter, files, open, saved, stroke};
use osteon::io::{Watch, read_path, write_image_nifti};
use osteon::session::{Command, StudyCommand};
use osteon::study::{Study, unpack};
use std::fs;
use std::path::Path;
use std::process::Command as Program;

/// Whether it went well, and all that it said.
fn osteon(args: &[&str]) -> (bool, String) {
    let output = Program::new(env!("CARGO_BIN_EXE_osteon")).args(args).env("RUST_BACKTRACE", "0").output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// The command fails and leaves the folder as it was; what it said.
fn refused(args: &[&str], folder: &Path) -> String {
    let before = files(folder);
    let (fine, said) = osteon(args);
    assert!(!fine && files(folder) == before, "{args:?}: {said}");
    said
}

fn words(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Converting a file into its own folder once wrote over it, and a second conversion over the first.
#[test]
fn converting_writes_over_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (own, out) = (home.path().join("own"), home.path().join("out"));
    for (folder, grey) in [("own", 1.0), ("other", 2.0), ("third", 3.0)] {
        fs::create_dir(home.path().join(folder)).unwrap();
        let name = if folder == "third" { "y.nii.gz" } else { "x.nii.gz" };
        write_image_nifti(&home.path().join(folder).join(name), &crate::common::ball(grey)).unwrap();
    }
    let said = refused(&["convert", words(&own.join("x.nii.gz")), words(&own)], home.path());
    assert!(said.contains("own/x.nii.gz already exists") && said.contains("another folder"), "{said}");
    let (fine, said) = osteon(&["convert", words(&own), words(&out)]);
    assert!(fine, "{said}");
    let said = refused(&["convert", words(&home.path().join("other")), words(&out)], home.path());
    assert!(said.contains("out/x.nii.gz already exists"), "{said}");
    // The list of what came of what is the first one's, too.
    let said = refused(&["convert", words(&home.path().join("third")), words(&out)], home.path());
    assert!(said.contains("out/index.json already exists"), "{said}");
}

/// A packet once replaced whatever lay under its name: another reader's packet, a letter.
#[test]
fn packets_replace_no_file() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    ball_study(&at("study"), 1);
    let (study, map, letter, packet) = (at("study"), at("map.json"), at("letter.docx"), at("R2.osteonpacket"));
    fs::write(&letter, "Dear colleague").unwrap();
    let make = |reader, out| ["packet", "make", words(&study), "--reader", reader, out, "--code-map", words(&map)];
    let said = refused(&make("R2", words(&letter)), home.path());
    assert!(said.contains("letter.docx already exists; choose another name"), "{said}");
    assert!(refused(&make("R2", words(&map)), home.path()).contains("packet and code map at once"));
    let (fine, said) = osteon(&make("R2", words(&packet)));
    assert!(fine, "{said}");
    for reader in ["R2", "R3"] {
        let again = [&make(reader, words(&packet))[..], &["--again"]].concat();
        let said = refused(&again, home.path());
        assert!(said.contains("R2.osteonpacket already exists"), "{said}");
    }
    // On the way back.
    let copy = unpack(&packet, &at("there")).unwrap();
    let mut driver = driver(&at("there"));
    open(&mut driver, &copy);
    enter(&mut driver, "R2");
    stroke(&mut driver, 3, 1, &[[16.0, 22.0]]);
    saved(&mut driver);
    driver.run_to_end("Sealing", crate::common::PATIENCE, Command::Study(StudyCommand::Seal)).unwrap();
    drop(driver);
    let said = refused(&["packet", "return", words(&copy), words(&letter)], home.path());
    assert!(said.contains("letter.docx already exists"), "{said}");
    let (fine, said) = osteon(&["packet", "return", words(&copy), words(&at("R2.osteonreturn"))]);
    assert!(fine, "{said}");
}

/// The window asks for a folder, not for a file: a packet that its code map does not know is not its own to replace.
#[test]
fn packets_from_the_window_replace_no_strangers() {
    use osteon::session::FileCommand;
    use osteon::worker::message::{PickPurpose, Role};
    let home = tempfile::tempdir().unwrap();
    let desk = home.path().join("desk");
    ball_study(&home.path().join("study"), 1);
    fs::create_dir(&desk).unwrap();
    fs::write(desk.join("R3.osteonpacket"), "of another study").unwrap();
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    driver.run_to_end("Entering", crate::common::PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    let make = Command::File(FileCommand::Use(PickPurpose::Packets, desk.clone()));
    let error = driver.run_to_end("Packing", crate::common::PATIENCE, make).unwrap_err().to_string();
    assert!(error.contains("R3.osteonpacket is there already") && error.contains("nothing was written"), "{error}");
    assert_eq!(fs::read_dir(&desk).unwrap().count(), 1);
}

/// Masks once went among the exams, which the study then no longer knew how to read.
#[test]
fn results_never_land_among_the_studys_own_files() {
    let home = tempfile::tempdir().unwrap();
    let (root, mut driver) = crate::seated(home.path(), 1);
    stroke(&mut driver, 3, 1, &[[16.0, 22.0]]);
    saved(&mut driver);
    drop(driver);
    let inside = ["", "exams", "reads/new", "models", "results/../scores"].map(|below| root.join(below));
    let masks = home.path().join("masks");
    let (fine, said) = osteon(&["export", words(&root), words(&masks)]);
    assert!(fine, "{said}");
    let mask = fs::read_dir(&masks).unwrap().map(|e| e.unwrap().path()).find(|p| words(p).ends_with(".nii.gz")).unwrap();
    for out in inside.iter().map(|path| words(path)) {
        for args in [
            &["export", words(&root), out][..],
            &["export", words(&root), "--as", "bids", out],
            &["report", words(&root), "--out", out],
            &["consensus", words(&mask), words(&mask), "--method", "majority", "--out", out],
            &["convert", words(&mask), out],
        ] {
            let said = refused(args, &root);
            assert!(said.contains("which takes no other files"), "{args:?}: {said}");
        }
    }
    let (fine, said) = osteon(&["export", words(&root), words(&root.join("results/masks"))]);
    assert!(fine && Study::open(&root).unwrap().check().unwrap().problems.is_empty(), "{said}");
}

/// Ten slices of which the fourth is cut to so many of its bytes.
fn torn_series(folder: &Path, keep: impl Fn(&[u8]) -> usize) -> std::path::PathBuf {
    (1..=10).for_each(|n| Slice::at(n, 3.0 * n as f64, n as u16).write(folder));
    let torn = folder.join("slice-004.dcm");
    let bytes = fs::read(&torn).unwrap();
    fs::write(&torn, &bytes[..keep(&bytes)]).unwrap();
    torn
}

/// Bytes kept of a file.
type Keep<'a> = &'a dyn Fn(&[u8]) -> usize;

/// A series of which one file was cut short came in as two pieces, and its sound copy would have become another exam.
#[test]
fn an_exam_with_a_damaged_file_stays_out_whole() {
    let element = |tag: [u8; 4]| move |bytes: &[u8]| bytes.windows(4).position(|w| w == tag).unwrap();
    let after_meta = |bytes: &[u8]| element([0x08, 0, 0x16, 0])(bytes) + 4;
    let cuts: [(&str, Keep<'_>); 4] = [
        ("within the pixels", &|bytes| bytes.len() - 100),
        ("before the pixels", &element([0xe0, 0x7f, 0x10, 0])),
        ("before the size", &element([0x28, 0, 0x04, 0])),
        ("in the first element", &after_meta),
    ];
    for (cut, keep) in cuts {
        let home = tempfile::tempdir().unwrap();
        let (series, root) = (home.path().join("series"), home.path().join("study"));
        let torn = torn_series(&series, keep);
        // Another person's image in the same folder comes in all the same.
        write_image_nifti(&series.join("other.nii.gz"), &crate::common::ball(0.0)).unwrap();
        let study = Study::init(&root, "s", &osteon::study::Protocol::sample()).unwrap();
        let import = ["study", "import", words(&root), words(&series), "--dry-run"];
        for args in [&import[..], &import[..4]] {
            let (fine, said) = osteon(args);
            assert!(fine && said.contains("slice-004.dcm is damaged: copy it again"), "{cut}: {said}");
        }
        assert_eq!(study.exams().unwrap().len(), 1, "{cut}");
        // Whoever only looks sees what there is.
        assert_eq!(read_path(&series, &Watch::quiet()).unwrap().volumes.len(), 3, "{cut}");
        Slice::at(4, 12.0, 4).write(&series);
        assert!(torn.is_file() && osteon(&import[..4]).0);
        let shapes: Vec<[usize; 3]> = study.exams().unwrap().iter().map(|e| e.sequences[0].shape).collect();
        assert!(shapes.len() == 2 && shapes.contains(&[16, 12, 10]), "{cut}: {shapes:?}");
    }
}
