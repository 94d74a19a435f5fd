//! DICOM segmentations: labels keep their numbers, frames their places.

use super::series::Slice;
use osteon::io::{Algorithm, IoError, SegNote, Segment, SegmentMeaning, SlicePlaces, SourceVolume, Watch, read_labels_nifti, read_path};
use osteon::io::{read_seg, write_labels_nifti, write_seg};
use osteon::study::{Assistance, ImportOptions, Protocol, ReaderCode, ReaderRule, Study};
use osteon::volume::{LabelScheme, Labels};
use rand::SeedableRng as _;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;

/// A study of one DICOM series of eight slices, with the link list that DICOM segmentations need.
struct Place {
    home: tempfile::TempDir,
    exam: String,
}

impl Place {
    /// Slices 4 mm apart, each moved aside by so many mm.
    fn new(aside_mm: f64) -> Self {
        let home = tempfile::tempdir().unwrap();
        for k in 0..8 {
            let mut slice = Slice::at(k + 1, 4.0 * k as f64, (20 * k) as u16);
            slice.position[1] += aside_mm * k as f64;
            slice.write(&home.path().join("series"));
        }
        let rule = |code: &str| ReaderRule { code: ReaderCode::new(code).unwrap(), assistance: Assistance::None };
        let protocol = Protocol::sample().with_readers(vec![rule("R2"), rule("R3")]).with_confirmed_conditions(true);
        let study = Study::init(&home.path().join("study"), "Shins", &protocol).unwrap();
        let reading = read_path(&home.path().join("series"), &Watch::quiet()).unwrap();
        let options = ImportOptions { link: Some(home.path().join("link.jsonl")), ..ImportOptions::default() };
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        study.import(reading.volumes, &options, &mut rng, &Watch::quiet()).unwrap();
        let exam = study.exams().unwrap()[0].exam.to_string();
        Self { home, exam }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn series(&self) -> SourceVolume {
        read_path(&self.at("series"), &Watch::quiet()).unwrap().volumes.remove(0)
    }

    fn labels(&self, voxels: &[([usize; 3], u8)]) -> Labels {
        let mut labels = Labels::empty(Arc::clone(self.series().image(0).unwrap().grid()));
        voxels.iter().for_each(|(voxel, label)| labels.set(*voxel, *label));
        labels
    }

    /// A segmentation of marrow with these labels as its segments.
    fn segmentation(&self, name: &str, labels: &Labels, values: &[u8]) -> PathBuf {
        let scheme = LabelScheme::marrow();
        let segment = |value: &u8| Segment {
            value: *value,
            label: scheme.classes()[usize::from(*value) - 1].name.clone(),
            meaning: SegmentMeaning::marrow_level(*value).unwrap(),
            algorithm: Algorithm::Manual,
            colour: [200, 100, 50],
        };
        let segments: Vec<Segment> = values.iter().map(segment).collect();
        let date_time = ["20261122".to_owned(), "120000".to_owned()];
        let note = SegNote { description: "marrow".into(), creator: "R2".into(), date_time, series_number: 9001, uids: [1, 2, 3] };
        write_seg(&self.at(name), &self.series(), labels, &segments, &note).unwrap();
        self.at(name)
    }

    fn osteon(&self, args: &[&str]) -> (bool, String) {
        let output = Program::new(env!("CARGO_BIN_EXE_osteon")).args(args).env("OSTEON_HOME", self.at("settings")).output().unwrap();
        let said = if output.status.success() { &output.stdout } else { &output.stderr };
        (output.status.success(), String::from_utf8_lossy(said).into_owned())
    }

    fn import(&self, mask: &Path, reader: &str, more: &[&str]) -> (bool, String) {
        let (study, mask) = (self.at("study"), mask.to_str().unwrap());
        let args = ["study", "import-mask", study.to_str().unwrap(), mask, "--exam", &self.exam, "--reader", reader];
        self.osteon(&[&args, more].concat())
    }

    fn export(&self, layout: &[&str], out: &str) -> PathBuf {
        let (study, folder) = (self.at("study"), self.at(out));
        let args = [&["export", study.to_str().unwrap(), "--as"], layout, &[folder.to_str().unwrap()]].concat();
        let (fine, said) = self.osteon(&args);
        assert!(fine, "{said}");
        folder
    }

    /// The marrow that a reader has now.
    fn marrow_of(&self, reader: &str, out: &str) -> Labels {
        let folder = self.export(&["nifti"], out);
        read_labels_nifti(&folder.join(format!("{}_{reader}_marrow.nii.gz", self.exam))).unwrap()
    }
}

/// Changes bytes of a file that stand there once or more.
fn altered(file: &Path, name: &str, from: &[u8], to: &[u8]) -> PathBuf {
    let mut bytes = std::fs::read(file).unwrap();
    let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
    assert!(!places.is_empty() && from.len() == to.len());
    places.iter().for_each(|&at| bytes[at..at + to.len()].copy_from_slice(to));
    let path = file.with_file_name(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Spacing Between Slices, made an element that nobody reads.
fn without_spacing(file: &Path, name: &str) -> PathBuf {
    altered(file, name, b"\x18\x00\x88\x00DS", b"\x18\x00\x89\x00DS")
}

/// A reader who had painted levels 2 and 3 only once had 1 and 2 after a way through the program's own DICOM segmentation.
#[test]
fn levels_keep_their_numbers_through_a_dicom_segmentation() {
    let place = Place::new(0.0);
    let painted = place.labels(&[([3, 4, 2], 2), ([5, 6, 2], 3), ([7, 7, 5], 3)]);
    let mask = place.at("painted.nii.gz");
    write_labels_nifti(&mask, &painted, "").unwrap();
    assert!(place.import(&mask, "R2", &[]).0);
    let (link, series) = (place.at("link.jsonl"), place.at("series"));
    let out = place.export(&["dicom-seg", "--link", link.to_str().unwrap(), "--source", series.to_str().unwrap()], "seg");
    let file = out.join(format!("{}_R2_marrow.dcm", place.exam));
    let map = read_seg(&file).unwrap();
    assert_eq!(map.segments.iter().map(|s| s.value).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((map.labels.counts().of(1), map.labels.counts().of(2), map.labels.counts().of(3)), (0, 1, 2));
    let (fine, said) = place.import(&file, "R3", &[]);
    assert!(fine, "{said}");
    assert!(place.marrow_of("R3", "first").same_labels(&painted));
    // Files written before, with those levels numbered 1 and 2, are told by their codes.
    let old = place.segmentation("old.dcm", &place.labels(&[([1, 1, 4], 2), ([2, 2, 4], 3)]), &[2, 3]);
    assert_eq!(read_seg(&old).unwrap().labels.counts().of(1), 1);
    let (fine, said) = place.import(&old, "R3", &["--replace"]);
    assert!(fine, "{said}");
    let now = place.marrow_of("R3", "second");
    assert_eq!((now.get([1, 1, 4]), now.get([2, 2, 4]), now.counts().of(1)), (2, 3, 0));
}

/// A segment that is called something else was once taken for the level of its number.
#[test]
fn a_segment_called_otherwise_than_its_number_needs_a_map() {
    let place = Place::new(0.0);
    let file = place.segmentation("two.dcm", &place.labels(&[([3, 4, 2], 2)]), &[2]);
    let contradictory = altered(&file, "contradictory.dcm", b"MS2 ", b"MS3 ");
    let (fine, said) = place.import(&contradictory, "R2", &[]);
    assert!(!fine && said.lines().count() == 1 && said.contains("contradictory.dcm") && said.contains("--map 1=1"), "{said}");
    let (fine, said) = place.import(&contradictory, "R2", &["--map", "1=2"]);
    assert!(fine, "{said}");
    assert_eq!(place.marrow_of("R2", "now").get([3, 4, 2]), 2);
    let (fine, said) = place.import(&file, "R2", &["--layer", "bone"]);
    assert!(!fine && said.contains("the bone layer"), "{said}");
}

/// The stack of a segmentation once ran along the normal whatever the positions of its frames said.
#[test]
fn a_sheared_stack_comes_back_at_its_place() {
    let place = Place::new(1.2);
    assert!(place.series().findings().iter().any(|f| f.code.as_str() == "sheared"));
    for (name, voxels) in
        [("far", vec![([3, 4, 1], 1), ([9, 6, 7], 3)]), ("near", vec![([3, 4, 1], 1), ([9, 6, 2], 3)]), ("one", vec![([3, 4, 5], 2)])]
    {
        let labels = place.labels(&voxels);
        let file = place.segmentation(&format!("{name}.dcm"), &labels, &[1, 2, 3]);
        let map = read_seg(&file).unwrap();
        assert_eq!(map.places == SlicePlaces::Grid, name != "one");
        if name != "one" {
            let (own, ours) = (map.labels.grid().world_from_voxel(), labels.grid().world_from_voxel());
            let off = (0..3).map(|a| (own.column(2)[a] - ours.column(2)[a]).abs()).fold(0.0, f64::max);
            assert!(off < 1e-6, "{off} mm");
        }
        for file in [file.clone(), without_spacing(&file, &format!("{name}-without.dcm"))] {
            let (fine, said) = place.import(&file, "R2", &["--replace"]);
            assert!(fine, "{name}: {said}");
            let now = place.marrow_of("R2", "now");
            assert!(voxels.iter().all(|(voxel, label)| now.get(*voxel) == *label), "{name}");
        }
    }
    // One frame beside the line of the others: at y -6 + 2 × 1.2 mm it once was drawn onto that line.
    let three = place.segmentation("three.dcm", &place.labels(&[([1, 1, 1], 1), ([1, 1, 2], 1), ([1, 1, 3], 1)]), &[1, 2, 3]);
    let aside = altered(&three, "aside.dcm", b"-8\\-3.6\\8", b"-8\\-1.6\\8");
    let error = read_seg(&aside).unwrap_err();
    assert!(matches!(&error, IoError::Unsupported { .. }) && error.to_string().contains("2.00 mm aside"), "{error}");
}

/// Where a file does not say how far its slices lie apart, a labelled slice once filled the gap to the next one.
#[test]
fn labelled_slices_are_not_smeared_over_those_between() {
    let place = Place::new(0.0);
    let voxels = [([3, 4, 0], 1), ([3, 4, 3], 2), ([3, 4, 5], 2)];
    let labels = place.labels(&voxels);
    let file = without_spacing(&place.segmentation("sparse.dcm", &labels, &[1, 2, 3]), "without.dcm");
    assert_eq!(read_seg(&file).unwrap().places, SlicePlaces::Each(vec![[8.0, 6.0, 0.0], [8.0, 6.0, 12.0], [8.0, 6.0, 20.0]]));
    for (reader, more) in [("R2", &[][..]), ("R3", &["--resample"][..])] {
        let (fine, said) = place.import(&file, reader, more);
        assert!(fine, "{said}");
        assert!(place.marrow_of(reader, reader).same_labels(&labels), "{reader}");
    }
}
