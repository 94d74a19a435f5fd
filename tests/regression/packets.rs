//! Packets on the command line: places that were taken for others, and exams that no packet brought.

use super::{osteon, refused};
use crate::common::{PATIENCE, ball, ball_study, driver, files, open};
use osteon::io::{write_image_nifti, write_labels_nifti};
use osteon::session::{Command, FileCommand, StudyCommand, ViewCommand};
use osteon::study::{ExamCode, ReaderCode, Study};
use osteon::volume::Labels;
use osteon::worker::message::{PickPurpose, Role};
use std::fs;
use std::path::Path;

const NOW: &str = "2026-11-21T10:00:00Z";

/// The packet wrote over its own code map where the two were spelt in two ways, and nobody could decode it any more.
#[test]
fn packet_and_code_map_are_never_one_file_however_they_are_spelt() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    ball_study(Path::new(&at("study")), 1);
    fs::create_dir(at("pk")).unwrap();
    for (packet, map) in [("pk/z", "./pk/z"), ("pk/../pk/z", "pk/z"), ("z", "z")] {
        let said = refused(home.path(), &["packet", "make", &at("study"), "--reader", "R2", &at(packet), "--code-map", &at(map)]);
        assert!(said.contains("cannot be packet and code map at once; choose another name"), "{said}");
        assert!(!Path::new(&at(packet)).exists());
    }
    let said = refused(home.path(), &["packet", "make", &at("study"), "--reader", "R2", &at("study/z"), "--code-map", &at("map")]);
    assert!(said.contains("study/z lies in the study") && !Path::new(&at("map")).exists(), "{said}");
}

/// A code map was called a link list, and one that is a folder made the program advise to import the exam again.
#[test]
fn a_code_map_that_cannot_be_one_is_called_by_its_name() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    ball_study(Path::new(&at("study")), 1);
    fs::create_dir(at("folder")).unwrap();
    let with = |map: &str| refused(home.path(), &["packet", "make", &at("study"), "--reader", "R2", &at("p"), "--code-map", map]);
    let said = with(&at("study/map.json"));
    assert!(said.contains("study/map.json lies inside the study, where a code map, which tells whose exam is which"), "{said}");
    let said = with(&at("folder"));
    assert!(said.ends_with("folder cannot be read: it is a folder; name the file itself"), "{said}");
    write_image_nifti(Path::new(&at("k.nii.gz")), &ball(9.0)).unwrap();
    let said = refused(home.path(), &["study", "import", &at("study"), &at("k.nii.gz"), "--link", &at("folder")]);
    assert!(said.ends_with("folder cannot be read: it is a folder; name the file itself"), "{said}");
}

/// One exam that a reader brought into their copy made every read of theirs "changed after it was made": none came home.
#[test]
fn a_readers_copy_takes_no_exams_and_sends_back_the_packets_own() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (study, map, packet) = (at("study"), at("map.json"), at("R2.osteonpacket"));
    ball_study(Path::new(&study), 2);
    assert!(osteon(home.path(), &["packet", "make", &study, "--reader", "R2", &packet, "--code-map", &map]).0);
    let (fine, out, _) = osteon(home.path(), &["packet", "open", &packet, "--into", &at("there")]);
    assert!(fine);
    let copy = out.trim();
    write_image_nifti(Path::new(&at("own.nii.gz")), &ball(30.0)).unwrap();
    write_labels_nifti(Path::new(&at("mask.nii.gz")), &Labels::empty(ball(30.0).grid().clone()), "test").unwrap();
    let before = files(Path::new(copy));
    for (args, what) in [
        (&["study", "import", copy, &at("own.nii.gz")][..], "images are imported"),
        (&["study", "atlas", copy, "--add", &at("own.nii.gz"), "--mask", &at("mask.nii.gz")], "exams are added to the atlas"),
        (&["packet", "make", copy, "--reader", "R2", &at("again"), "--code-map", &at("other.json")], "packets are made"),
    ] {
        let said = refused(home.path(), args);
        let expected = format!("is reader R2's copy of a study, which came by packet: {what} in the coordinator's study; name that folder");
        assert!(said.contains(&expected) && files(Path::new(copy)) == before, "{said}");
    }
    // One that an older version let in.
    let other = ball_study(Path::new(&at("other")), 3).exams().unwrap().remove(2);
    let stranger = Path::new(copy).join("exams").join(other.exam.as_str());
    fs::create_dir(&stranger).unwrap();
    for file in fs::read_dir(Path::new(&at("other")).join("exams").join(other.exam.as_str())).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), stranger.join(file.file_name())).unwrap();
    }
    let (theirs, reader) = (Study::open(Path::new(copy)).unwrap(), ReaderCode::new("R2").unwrap());
    let exams: Vec<ExamCode> = theirs.exams().unwrap().into_iter().map(|record| record.exam).collect();
    assert_eq!(exams.len(), 3);
    for exam in &exams {
        let (_, file) = theirs.open_read_for(&reader, exam, NOW).unwrap();
        theirs.seal_read(file, NOW).unwrap();
    }
    let (fine, out, said) = osteon(home.path(), &["packet", "return", copy, &at("R2.osteonreturn")]);
    assert!(fine && out.starts_with("2 sealed reads written") && out.trim_end().ends_with("0 exams have none yet"), "{out}{said}");
    assert!(said.contains("exams of this folder that did not come with the packet: 1; their reads stay here"), "{said}");
    let (fine, out, said) = osteon(home.path(), &["packet", "merge", &study, &at("R2.osteonreturn"), "--code-map", &map]);
    assert!(fine && out.lines().count() == 2, "{out}{said}");
}

/// A folder that was not there yet was answered with the advice to copy the study.
#[test]
fn packets_go_into_folders_that_are_not_there_yet() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    ball_study(Path::new(&at("study")), 1);
    let mut driver = driver(home.path());
    open(&mut driver, Path::new(&at("study")));
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    let make = |folder: &str| Command::File(FileCommand::Use(PickPurpose::Packets, at(folder).into()));
    let said = driver.run_to_end("Packing", PATIENCE, make("study/results/new")).unwrap_err().to_string();
    assert!(said.contains("lies inside the study") && !Path::new(&at("study/results/new")).exists(), "{said}");
    driver.run(Command::View(ViewCommand::DismissNotices));
    driver.run_to_end("Packing", PATIENCE, make("new/desk")).unwrap();
    assert!(Path::new(&at("new/desk/R3.osteonpacket")).is_file() && Path::new(&at("new/desk/code-map.json")).is_file());
    drop(driver);
    let make = |out: &str, map: &str| osteon(home.path(), &["packet", "make", &at("study"), "--reader", "R2", out, "--code-map", map]);
    let (fine, _, said) = make(&at("a/R2.osteonpacket"), &at("b/map.json"));
    assert!(fine && Path::new(&at("a/R2.osteonpacket")).is_file() && Path::new(&at("b/map.json")).is_file(), "{said}");
    // A file stands where the folder would be.
    let (fine, _, said) = make(&at("a/R2.osteonpacket/new"), &at("c/map.json"));
    assert!(!fine && !said.contains("copy the study"), "{said}");
    // A link list is not made in a folder that may be a slip of the finger.
    write_image_nifti(Path::new(&at("k.nii.gz")), &ball(9.0)).unwrap();
    let said = refused(home.path(), &["study", "import", &at("study"), &at("k.nii.gz"), "--link", &at("no/link.jsonl")]);
    assert!(said.contains("there is no folder") && said.ends_with("make the folder first"), "{said}");
}
