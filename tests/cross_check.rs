//! Our files in other programs' hands: the `nifti` crate reads our masks, `dicom-object` reads the slices that we read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{ball, shared};
use nifti::{NiftiObject as _, NiftiVolume as _, ReaderOptions};
use osteon::volume::Labels;

#[test]
fn the_nifti_crate_reads_our_masks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mask.nii.gz");
    let image = ball(3.0);
    let dense: Vec<u8> = image.values().iter().enumerate().map(|(n, v)| if *v > 200.0 { (n % 3 + 1) as u8 } else { 0 }).collect();
    let labels = Labels::from_dense(image.grid().clone(), &dense).unwrap();
    osteon::io::write_labels_nifti(&file, &labels, "test").unwrap();
    let object = ReaderOptions::new().read_file(&file).unwrap();
    let header = object.header();
    let matrix = image.grid().world_from_voxel().matrix();
    for (row, ours) in [header.srow_x, header.srow_y, header.srow_z].iter().zip(matrix) {
        for (theirs, ours) in row.iter().zip(ours) {
            assert!((f64::from(*theirs) - ours).abs() < 1e-4);
        }
    }
    assert!(header.sform_code > 0 && header.qform_code > 0);
    assert_eq!(object.volume().dim(), [40, 44, 8]);
    assert_eq!(object.volume().raw_data(), dense);
}

#[test]
fn dicom_object_sees_the_same_pixels() {
    let Some(shared) = shared() else { return };
    for name in ["MR01.dcm", "MR09.dcm", "MR16.dcm"] {
        let file = shared.join("data/mri/wrist-t1").join(name);
        let object = dicom_object::open_file(&file).unwrap();
        let bytes = object.element_by_name("PixelData").unwrap().to_bytes().unwrap().into_owned();
        let theirs: Vec<f32> = bytes.chunks_exact(2).map(|b| f32::from(u16::from_le_bytes([b[0], b[1]]))).collect();
        let reading = osteon::io::read_path(&file, &osteon::io::Watch::quiet()).unwrap();
        let ours = reading.volumes[0].image(0).unwrap();
        assert_eq!(ours.grid().shape(), [256, 256, 1]);
        assert_eq!(ours.values().as_slice(), theirs, "{name}");
    }
}
