//! What an import once took, or left, without a word.

use super::{osteon, refused};
use crate::common::ball;
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
