//! Packets on the command line: places that were taken for others, and exams that no packet brought.

use super::{osteon, refused};
use crate::common::{ball, ball_study, files};
use osteon::io::{write_image_nifti, write_labels_nifti};
use osteon::study::{ExamCode, ReaderCode, Study};
use osteon::volume::Labels;
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
