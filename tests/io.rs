//! Reading and writing files through the public interface of `osteon::io`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

use osteon::io::{
    AffineSource, FindingCode, IoError, SourceKind, Watch, read_image_nifti, read_labels_nifti, read_path, write_image_nifti,
    write_labels_nifti, write_probability_nifti, write_raw_nifti,
};
use osteon::space::{Affine, Spacing};
use osteon::volume::{Grid, Image, Labels};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder with shared material; `None`, said aloud, where it is absent (a failure where all is required).
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("OSTEON_SHARED").map_or_else(beside, PathBuf::from);
    if folder.join("data").is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("OSTEON_REQUIRE_ALL").as_deref() != Ok("1"), "{} is absent", folder.display());
    println!("skipped: {} is absent", folder.display());
    None
}

/// One line that names the file and holds advice.
fn assert_one_line(error: &IoError, file: &str) {
    let text = error.to_string();
    assert!(text.contains(file) && text.contains(';') && !text.contains('\n'), "{text}");
}

/// The 48 ways in which three axes can lie along x, y, z.
fn axis_code(number: usize) -> [[f64; 3]; 3] {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut axes = [[0.0; 3]; 3];
    for (a, axis) in axes.iter_mut().enumerate() {
        axis[ORDERS[number / 8][a]] = if number >> a & 1 == 1 { -1.0 } else { 1.0 };
    }
    axes
}

/// Turns a vector about x, then y, then z.
fn turned(v: [f64; 3], angles: [f64; 3]) -> [f64; 3] {
    let mut v = v;
    for (axis, angle) in angles.into_iter().enumerate() {
        let (b, c) = ((axis + 1) % 3, (axis + 2) % 3);
        let (sin, cos) = angle.sin_cos();
        (v[b], v[c]) = (v[b] * cos - v[c] * sin, v[b] * sin + v[c] * cos);
    }
    v
}

fn grid(shape: [usize; 3], code: usize, angles: [f64; 3], mm: [f64; 3], origin_mm: [f64; 3]) -> Arc<Grid> {
    let axes = axis_code(code);
    let columns = std::array::from_fn(|a| turned(axes[a], angles).map(|v| v * mm[a]));
    Arc::new(Grid::new(shape, Affine::from_columns(columns, origin_mm).unwrap()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every axis code, oblique, comes back at the same place with the same values.
    #[test]
    fn round_trip_over_all_axis_codes(
        angles in prop::array::uniform3(-0.6..0.6f64),
        mm in prop::array::uniform3(0.3..4.0f64),
        origin in prop::array::uniform3(-250.0..250.0f64),
        seed in any::<u32>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nii.gz");
        for code in 0..48 {
            let grid = grid([5, 4, 3], code, angles, mm, origin);
            let values: Vec<f32> = (0..60_u32).map(|n| n.wrapping_mul(seed | 1) as f32 / 7.0).collect();
            let image = Image::new(Arc::clone(&grid), values).unwrap();
            write_image_nifti(&path, &image).unwrap();
            let back = read_image_nifti(&path).unwrap();
            prop_assert!(back.grid().world_from_voxel().corner_distance_mm(grid.world_from_voxel(), [5, 4, 3]) < 1e-3);
            prop_assert_eq!(back.values(), image.values());
            let labels = Labels::from_dense(Arc::clone(&grid), &(0..60_u32).map(|n| (n.wrapping_mul(seed) >> 8) as u8).collect::<Vec<_>>()).unwrap();
            write_labels_nifti(&path, &labels, "levels").unwrap();
            prop_assert!(read_labels_nifti(&path).unwrap().same_labels(&labels));
            let reading = read_path(&path, &Watch::quiet()).unwrap();
            prop_assert_eq!(reading.volumes[0].affine_source(), AffineSource::Sform);
            // The two positions that were written agree, or a finding would say so.
            prop_assert!(reading.volumes[0].findings().is_empty(), "{:?}", reading.volumes[0].findings());
        }
    }

    /// No file of random bytes behind a valid start brings the reader down.
    #[test]
    fn rubbish_is_refused_or_read(start in 0..4usize, bytes in prop::collection::vec(any::<u8>(), 0..900)) {
        osteon::io::hush_decoder_panics();
        let folder = tempfile::tempdir().unwrap();
        let mut content = match start {
            0 => 348_i32.to_le_bytes().to_vec(),
            1 => 540_i32.to_be_bytes().to_vec(),
            2 => [vec![0; 128], b"DICM\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00".to_vec()].concat(),
            _ => Vec::new(),
        };
        content.extend(bytes);
        let path = folder.path().join("x.nii");
        std::fs::write(&path, content).unwrap();
        if let Err(error) = read_path(&path, &Watch::quiet()) {
            assert_one_line(&error, "x.nii");
        }
    }
}

#[test]
fn affines_map_voxel_centres_not_corners() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.nii.gz");
    let grid = grid([4, 4, 4], 0, [0.0; 3], [2.0, 2.0, 2.0], [10.0, 20.0, 30.0]);
    write_probability_nifti(&path, &grid, &[0.25; 64]).unwrap();
    let back = read_image_nifti(&path).unwrap();
    assert_eq!(back.grid().world_from_voxel().world([0.0; 3]), [10.0, 20.0, 30.0]);
    assert_eq!(back.grid().world_from_voxel().world([-0.5; 3]), [9.0, 19.0, 29.0]);
    assert_eq!(back.grid().nearest_voxel([10.9, 20.9, 30.9]), Some([0, 0, 0]));
    assert_eq!(back.grid().nearest_voxel([11.1, 20.9, 30.9]), Some([1, 0, 0]));
}

#[test]
fn writing_twice_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let image = Image::new(grid([9, 8, 7], 13, [0.2, 0.1, -0.3], [0.5, 0.6, 3.0], [1.0, 2.0, 3.0]), vec![1.5; 504]).unwrap();
    let (a, b) = (folder.path().join("a.nii.gz"), folder.path().join("another name.nii.gz"));
    write_image_nifti(&a, &image).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100)); // a gzip time stamp counts seconds
    write_image_nifti(&b, &image).unwrap();
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
}

#[test]
fn what_cannot_be_read_says_so_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("text.nii"), "this is a text file, not an image\n").unwrap();
    assert_one_line(&read_path(&at("text.nii"), &Watch::quiet()).unwrap_err(), "text.nii");

    let values: Vec<f32> = (0..8000).map(|n| (n * 7919 % 1000) as f32).collect();
    let image = Image::new(Arc::new(Grid::new([20, 20, 20], Affine::from_spacing(Spacing::UNIT)).unwrap()), values).unwrap();
    write_image_nifti(&at("whole.nii.gz"), &image).unwrap();
    let whole = std::fs::read(at("whole.nii.gz")).unwrap();
    std::fs::write(at("cut.nii.gz"), &whole[..whole.len() / 2]).unwrap();
    let error = read_path(&at("cut.nii.gz"), &Watch::quiet()).unwrap_err();
    assert_one_line(&error, "cut.nii.gz");
    assert!(error.to_string().contains("truncated"), "{error}");

    std::fs::create_dir(at("empty")).unwrap();
    assert_one_line(&read_path(&at("empty"), &Watch::quiet()).unwrap_err(), "empty");
    assert_one_line(&read_path(&at("absent.nii"), &Watch::quiet()).unwrap_err(), "absent.nii");

    // A header alone may not make the program ask for what it claims.
    let mut huge = whole_header();
    for axis in 0..3 {
        huge[42 + 2 * axis..44 + 2 * axis].copy_from_slice(&32_000_i16.to_le_bytes());
    }
    std::fs::write(at("huge.nii"), huge).unwrap();
    assert_one_line(&read_path(&at("huge.nii"), &Watch::quiet()).unwrap_err(), "huge.nii");

    let halves = Image::new(Arc::clone(image.grid()), vec![0.5; 8000]).unwrap();
    write_image_nifti(&at("halves.nii.gz"), &halves).unwrap();
    assert_one_line(&read_labels_nifti(&at("halves.nii.gz")).unwrap_err(), "halves.nii.gz");
}

/// A NIfTI-1 header without voxels: `uint8`, three axes.
fn whole_header() -> Vec<u8> {
    let mut header = vec![0; 352];
    header[..4].copy_from_slice(&348_i32.to_le_bytes());
    header[40] = 3;
    header[70] = 2;
    header[72] = 8;
    header[344..348].copy_from_slice(b"n+1\0");
    header
}

#[test]
fn dicom_without_pixels_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.dcm");
    let mut content = vec![0; 128];
    content.extend(b"DICM\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00\x08\x00\x60\x00CS\x02\x00SR");
    std::fs::write(&path, content).unwrap();
    let error = read_path(&path, &Watch::quiet()).unwrap_err();
    assert_one_line(&error, "report.dcm");
    assert!(error.to_string().contains("no pixel data"), "{error}");
}

#[test]
fn cancelling_stops_a_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.nii"), whole_header()).unwrap();
    let outcome = read_path(folder.path(), &Watch::new(&|_, _| (), &|| true));
    assert!(matches!(outcome, Err(IoError::Cancelled)));
}

#[test]
fn two_echoes_of_one_series_are_two_volumes() {
    let Some(shared) = shared() else { return };
    let reading = read_path(&shared.join("data/mri/knee-t2-two-echoes"), &Watch::quiet()).unwrap();
    assert_eq!(reading.volumes.len(), 2);
    let mut echo_times = Vec::new();
    for volume in &reading.volumes {
        assert_eq!(volume.shape(), [256, 256, 24]);
        assert_eq!(volume.kind(), SourceKind::Dicom);
        assert_eq!(volume.sources().len(), 24);
        assert!(volume.findings().iter().any(|f| f.code == FindingCode::MultiEcho));
        let spacing = volume.image(0).unwrap().grid().spacing().mm();
        assert!((spacing[0] - 0.625).abs() < 1e-6 && (spacing[2] - 4.0).abs() < 1e-2, "{spacing:?}");
        echo_times.push(volume.acquisition().te_ms.unwrap());
    }
    echo_times.sort_by(f64::total_cmp);
    assert_eq!(echo_times, [6.312, 31.56]);
    assert_ne!(reading.volumes[0].name(), reading.volumes[1].name());
}

#[test]
fn nine_lossless_encodings_hold_the_same_pixels() {
    let Some(shared) = shared() else { return };
    let mut first = None;
    for number in 1..=9 {
        let path = shared.join(format!("data/dicom/nine-lossless-encodings/{number}.dcm"));
        let raw = read_path(&path, &Watch::quiet()).unwrap().volumes[0].raw().unwrap();
        let stats = raw.stats();
        assert_eq!((stats.min, stats.max), (0.0, 2362.0), "{}", path.display());
        assert_eq!(first.get_or_insert_with(|| raw.bytes().to_vec()).as_slice(), raw.bytes(), "{}", path.display());
    }
}

/// JPEG of 12 bits, sequential and progressive, against the picture that it was made from.
#[test]
fn lossy_jpeg_of_twelve_bits_is_like_the_picture_it_was_made_from() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("data/dicom/ct-sixteen-encodings");
    let values = |name: &str| {
        let image = read_path(&folder.join(name), &Watch::quiet()).unwrap().volumes[0].image(0).unwrap();
        image.values().iter().map(|v| f64::from(*v)).collect::<Vec<f64>>()
    };
    let twin = values("CTImage.dcm");
    for process in [
        "2_4TransferSyntax_1.2.840.10008.1.2.4.51",
        "6_8TransferSyntax_1.2.840.10008.1.2.4.53",
        "10_12TransferSyntax_1.2.840.10008.1.2.4.55",
    ] {
        let got = values(&format!("CTImage.dcm_JPEGProcess{process}.dcm"));
        let off: Vec<f64> = got.iter().zip(&twin).map(|(a, b)| (a - b).abs()).collect();
        let (largest, mean) = (off.iter().copied().fold(0.0, f64::max), off.iter().sum::<f64>() / off.len() as f64);
        // One step of these files is 2 HU; their quantisation loses up to some twenty.
        assert!(got.len() == twin.len() && largest < 40.0 && mean < 4.5, "{process}: {largest} HU, {mean} HU in the mean");
    }
}

#[test]
fn a_raw_volume_keeps_type_and_values() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let reading = read_path(&shared.join("data/mri/abdomen-mr.nii.gz"), &Watch::quiet()).unwrap();
    let raw = reading.volumes[0].raw().unwrap();
    let path = folder.path().join("copy.nii.gz");
    write_raw_nifti(&path, &raw).unwrap();
    let copy = read_path(&path, &Watch::quiet()).unwrap().volumes[0].raw().unwrap();
    assert_eq!(copy.dtype(), raw.dtype());
    assert_eq!(copy.bytes(), raw.bytes());
}
