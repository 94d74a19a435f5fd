//! What an import once took, or left, without a word.

use super::{osteon, refused};
use crate::common::{ball, ball_study};
use crate::files::series::Slice;
use osteon::io::write_image_nifti;
use osteon::study::{Protocol, Study};
use std::path::Path;

/// A rectangle was blacked out only where the source did not deny burnt-in names: in NIfTI, and in DICOM that says NO, the name stayed,
/// and the import said that all was well.
#[test]
fn a_rectangle_named_on_the_command_line_is_blacked_out_whatever_the_source_says() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    (1..=3).for_each(|n| Slice::at(n, 3.0 * n as f64, 100 + n as u16).write(Path::new(&at("dicom"))));
    write_image_nifti(Path::new(&at("knee.nii.gz")), &ball(0.0)).unwrap();
    let study = Study::init(Path::new(&at("study")), "s", &Protocol::sample()).unwrap();
    let import = ["study", "import", &at("study"), &at("dicom"), &at("knee.nii.gz"), "--mask", "2,1,7,4"];
    // A rectangle beyond a picture hides nothing of it.
    let said = refused(home.path(), &[&import[..6], &["30,1,35,4"]].concat());
    assert!(said.contains("covers no pixel of this picture of 16 × 12 pixels"), "{said}");
    let (fine, _, said) = osteon(home.path(), &import);
    assert!(fine && said.matches("blacked out in part").count() == 2, "{said}");
    let records = study.exams().unwrap();
    assert_eq!(records.len(), 2);
    for record in records {
        let sequence = &record.sequences[0];
        assert!(sequence.findings.iter().any(|f| f.code == "masked" && f.text.contains("2,1 to 7,4")), "{:?}", sequence.findings);
        let image = study.load_image(&record.exam, &sequence.name).unwrap();
        let (darkest, [columns, rows, _]) = (image.range().0, image.grid().shape());
        for (n, value) in image.values().iter().enumerate() {
            let within = (2..=7).contains(&(n % columns)) && (1..=4).contains(&(n / columns % rows));
            assert!(!within || *value == darkest, "voxel {n} of {}", record.exam);
        }
    }
}

/// A folder and a file in it, and copies of one file, each became an exam of its own: of one patient in the training and in the test
/// part.
#[test]
fn an_image_that_is_named_twice_comes_in_once() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    (1..=4).for_each(|n| Slice::at(n, 3.0 * n as f64, 100 + n as u16).write(Path::new(&at("in/dicom"))));
    write_image_nifti(Path::new(&at("in/knee.nii.gz")), &ball(0.0)).unwrap();
    let slice = at("in/dicom/slice-002.dcm");
    let knee = at("in/knee.nii.gz");
    for (number, places) in [
        &[at("in"), knee.clone(), slice.clone()][..],
        &[slice.clone(), knee.clone(), at("in/../in")],
        &[at("in"), at("in")],
        &[knee.clone(), at("in/../in/knee.nii.gz"), at("in/dicom"), slice],
    ]
    .into_iter()
    .enumerate()
    {
        let root = at(&format!("study{number}"));
        let study = Study::init(Path::new(&root), "s", &Protocol::sample()).unwrap();
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        let (fine, _, said) = osteon(home.path(), &[&["study", "import", &root][..], &places].concat());
        assert!(fine && said.contains("it comes in with another of the places named"), "{said}");
        let mut shapes: Vec<usize> = study.exams().unwrap().iter().map(|e| e.sequences[0].shape[2]).collect();
        shapes.sort_unstable();
        assert_eq!(shapes, [4, 8], "{said}");
    }
    // Copies under other names, and a part of the series beside the whole.
    std::fs::copy(&knee, at("in/same.nii.gz")).unwrap();
    std::fs::create_dir(at("in/part")).unwrap();
    std::fs::copy(at("in/dicom/slice-003.dcm"), at("in/part/slice.dcm")).unwrap();
    let root = at("copies");
    let study = Study::init(Path::new(&root), "s", &Protocol::sample()).unwrap();
    let (fine, _, said) = osteon(home.path(), &["study", "import", &root, &knee, &at("in/same.nii.gz"), &at("in/part"), &at("in/dicom")]);
    assert!(fine && said.contains("same.nii.gz: the same image comes with") && study.exams().unwrap().len() == 2, "{said}");
}

/// A folder that held the study itself brought the study's own images in as new exams.
#[test]
fn the_studys_own_images_are_no_new_ones() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let study = ball_study(Path::new(&at("all/study")), 2);
    write_image_nifti(Path::new(&at("all/new.nii.gz")), &ball(9.0)).unwrap();
    let (fine, _, said) = osteon(home.path(), &["study", "import", &at("all/study"), &at("all")]);
    assert!(fine && said.contains("all/study: the study's own files are no new images (2 of them)"), "{said}");
    assert_eq!(study.exams().unwrap().len(), 3);
    let said = refused(home.path(), &["study", "import", &at("all/study"), &at("all/study/exams")]);
    assert!(said.contains("no new exam came of these images"), "{said}");
}
