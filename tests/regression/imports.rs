//! What an import once took, or left, without a word.

use super::{osteon, refused};
use crate::common::{ball, ball_study};
use crate::files::series::Slice;
use osteon::io::{Watch, write_image_nifti, write_labels_nifti};
use osteon::study::{ImportOptions, ImportPlan, Look, Protocol, Study};
use osteon::volume::Labels;
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

/// A second mask was merged into the first: what had been erased in the other program stayed, and an empty mask "held nothing that is
/// not there already".
#[test]
fn a_mask_that_comes_again_is_the_layer_or_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let study = ball_study(Path::new(&at("study")), 1);
    let record = study.exams().unwrap().remove(0);
    let grid = study.load_image(&record.exam, &record.reading_sequence).unwrap().grid().clone();
    let mask = |name: &str, columns: std::ops::Range<usize>, label: u8| {
        let mut labels = Labels::empty(grid.clone());
        columns.for_each(|i| labels.set([i, 22, 4], label));
        write_labels_nifti(Path::new(&at(name)), &labels, "test").unwrap();
        at(name)
    };
    let (wide, narrow, empty) = (mask("wide.nii.gz", 10..20, 1), mask("narrow.nii.gz", 15..22, 2), mask("empty.nii.gz", 0..0, 0));
    let (root, exam) = (at("study"), record.exam.to_string());
    let import = |mask: &str, more: &[&str]| {
        osteon(home.path(), &[&["study", "import-mask", &root, mask, "--exam", &exam, "--reader", "R1"][..], more].concat())
    };
    let (_, out, _) = import(&empty, &[]);
    assert!(out.contains("The mask labels no voxel: nothing was changed."), "{out}");
    assert!(import(&wide, &[]).0);
    for again in [&wide, &narrow, &empty] {
        let (fine, _, said) = import(again, &[]);
        let expected = format!("{exam} has 10 voxels labelled by R1 in the marrow layer: give --replace to let it be the mask, or --add");
        assert!(!fine && said.contains(&expected), "{said}");
    }
    let counts = || {
        let mut driver = crate::common::driver(home.path());
        crate::common::open(&mut driver, Path::new(&root));
        crate::common::enter(&mut driver, "R1");
        let layers = driver.session().exam().unwrap().layers();
        let counts = layers.labels(osteon::volume::LayerKind::Marrow).counts();
        ([counts.of(1), counts.of(2)], layers.history().entries().count())
    };
    let (fine, out, said) = import(&narrow, &["--add"]);
    assert!(fine && out.contains("7 voxels of the marrow layer; 5 labelled voxels that it leaves empty stay."), "{out}{said}");
    assert_eq!(counts(), ([5, 7], 2));
    let (fine, out, said) = import(&narrow, &["--replace"]);
    assert!(fine && out.contains("7 voxels of the marrow layer; 5 labelled voxels that it leaves empty are cleared."), "{out}{said}");
    assert_eq!(counts(), ([0, 7], 3));
    assert!(import(&empty, &["--replace"]).0);
    assert_eq!(counts(), ([0, 0], 4), "each is one step that can be taken back");
    let said = refused(home.path(), &["study", "import-mask", &root, &wide, "--exam", &exam, "--reader", "R1", "--map", "1=1,1=3"]);
    assert!(said.contains("--map names label 1 twice; say once what becomes of it"), "{said}");
    // A file per bone: each says nothing of the others, and all of its own.
    let femur_again = mask("femur.nii.gz", 12..15, 1);
    for file in [&wide, &mask("tibia.nii.gz", 30..33, 2), &femur_again] {
        assert!(import(file, &["--layer", "bone", "--replace"]).0);
    }
    let mut driver = crate::common::driver(home.path());
    crate::common::open(&mut driver, Path::new(&root));
    crate::common::enter(&mut driver, "R1");
    let bones = driver.session().exam().unwrap().layers().labels(osteon::volume::LayerKind::Bone).counts();
    assert_eq!([bones.of(1), bones.of(2)], [3, 3]);
}

/// With `--resample` a mask of another place was "imported", and not one of its voxels was.
#[test]
fn a_mask_that_misses_the_image_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let exam = ball_study(Path::new(&at("study")), 1).exams().unwrap()[0].exam.to_string();
    let mut labels = Labels::empty(ball(500.0).grid().clone());
    labels.set([20, 22, 4], 1);
    write_labels_nifti(Path::new(&at("far.nii.gz")), &labels, "test").unwrap();
    let import = ["study", "import-mask", &at("study"), &at("far.nii.gz"), "--exam", &exam, "--reader", "R1", "--resample"];
    let said = refused(home.path(), &import);
    assert!(said.ends_with("far.nii.gz: no labelled voxel falls on the image; choose the mask of this exam."), "{said}");
}

/// A picture without a place in space beside the images made the window cut these along another axis than the journal: marks went to the
/// wrong slices.
#[test]
fn a_picture_beside_the_images_moves_no_slice() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let spacing = osteon::space::Spacing::new([4.0, 1.0, 1.0]).unwrap();
    let grid = std::sync::Arc::new(osteon::volume::Grid::new([5, 24, 20], osteon::space::Affine::from_spacing(spacing)).unwrap());
    let values: Vec<f32> = (0..grid.voxel_count()).map(|n| (n % 97) as f32).collect();
    write_image_nifti(Path::new(&at("knee1_pd.nii.gz")), &osteon::volume::Image::new(grid, values).unwrap()).unwrap();
    image::GrayImage::from_fn(30, 40, |x, y| image::Luma([(x + y) as u8])).save(at("knee1_photo.png")).unwrap();
    std::fs::write(at("list.csv"), "exam,patient\nknee1,p1\n").unwrap();
    let root = home.path().join("study");
    crate::common::ball_study(&root, 0);
    let images = [at("knee1_pd.nii.gz"), at("knee1_photo.png")];
    let (fine, _, said) = osteon(
        home.path(),
        &["study", "import", &at("study"), &images[0], &images[1], "--patients", &at("list.csv"), "--confirm-pictures"],
    );
    assert!(fine, "{said}");
    let mut driver = crate::common::driver(home.path());
    crate::common::open(&mut driver, &root);
    crate::common::enter(&mut driver, "R2");
    let exam = driver.session().exam().unwrap();
    assert_eq!((exam.plane().slice_axis(), exam.plane().slice_count(), exam.layers().slice_axis()), (0, 5, 0));
    assert!(exam.has_geometry() && exam.sequences().len() == 1, "the photo cannot be laid on the images");
    let said: Vec<&str> = driver.session().notices().iter().map(|n| n.text.as_str()).collect();
    assert!(said.iter().any(|text| text.contains("not shown, since without a place in space")), "{said:?}");
}

/// Opened again, a file that had changed showed the old image; a first opening that was killed counted as whole for ever.
#[test]
fn images_that_changed_since_they_were_opened_are_shown_as_they_are() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("images/x.nii.gz");
    std::fs::create_dir(home.path().join("images")).unwrap();
    write_image_nifti(&file, &ball(0.0)).unwrap();
    let mut driver = crate::common::driver(home.path());
    crate::common::open(&mut driver, &file);
    driver.wait("Opening", crate::common::PATIENCE, |s| s.exam().is_some()).unwrap();
    let (first, root) = (driver.session().exam().unwrap().code().clone(), driver.session().study().unwrap().root.clone());
    crate::common::open(&mut driver, &file);
    driver.wait("Opening", crate::common::PATIENCE, |s| s.exam().is_some()).unwrap();
    assert_eq!(driver.session().exam_codes(), std::slice::from_ref(&first), "the same is not brought in twice");
    write_image_nifti(&file, &ball(3.0)).unwrap();
    crate::common::open(&mut driver, &file);
    let shown = driver.wait("Opening", std::time::Duration::from_secs(20), |s| s.exam().is_some_and(|e| *e.code() != first));
    assert!(shown.is_ok(), "{:?} {:?}", driver.session().exam_codes(), driver.session().notices());
    let session = driver.session();
    assert_eq!((session.exam_codes().len(), session.study().unwrap().root == root), (2, true));
    assert_eq!(session.exam().unwrap().reading_image().values()[..], ball(3.0).values()[..]);
    assert!(session.notices().iter().any(|n| n.text.contains("when it was last opened")), "{:?}", session.notices());
}

/// What was painted on images must stay in reach when their files are damaged or gone.
#[test]
fn what_was_painted_on_images_opens_whatever_became_of_their_files() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("images");
    std::fs::create_dir(&folder).unwrap();
    write_image_nifti(&folder.join("x.nii.gz"), &ball(0.0)).unwrap();
    let mut driver = crate::common::driver(home.path());
    crate::common::open(&mut driver, &folder);
    driver.wait("Opening", crate::common::PATIENCE, |s| s.exam().is_some()).unwrap();
    crate::common::stroke(&mut driver, 3, 2, &[[16.0, 22.0], [20.0, 22.0]]);
    crate::common::saved(&mut driver);
    let exam = driver.session().exam().unwrap().code().to_string();
    // A mask of it beside the images is no new image.
    write_labels_nifti(&folder.join(format!("{exam}_R1_marrow.nii.gz")), &Labels::empty(ball(0.0).grid().clone()), "mask").unwrap();
    crate::common::open(&mut driver, &folder);
    driver.wait("Opening", crate::common::PATIENCE, |s| s.exam().is_some()).unwrap();
    assert_eq!(driver.session().exam_codes().len(), 1, "{:?}", driver.session().notices());
    drop(driver);
    std::fs::write(folder.join("x.nii.gz"), "damaged").unwrap();
    std::fs::remove_file(folder.join(format!("{exam}_R1_marrow.nii.gz"))).unwrap();
    let mut driver = crate::common::driver(home.path());
    crate::common::open(&mut driver, &folder);
    driver.wait("Opening", crate::common::PATIENCE, |s| s.exam().is_some()).unwrap();
    assert!(!driver.session().exam().unwrap().layers().labels(osteon::volume::LayerKind::Marrow).is_blank());
    assert!(driver.session().notices().iter().any(|n| n.text.contains("what was opened before")), "{:?}", driver.session().notices());
}

/// NIfTI has no place to say whether a name is burnt in; the import page said that the file had denied it.
#[test]
fn nifti_files_deny_no_burnt_in_names_and_dicom_files_do() {
    let home = tempfile::tempdir().unwrap();
    (1..=3).for_each(|n| Slice::at(n, 3.0 * n as f64, 100 + n as u16).write(&home.path().join("dicom")));
    write_image_nifti(&home.path().join("knee.nii.gz"), &ball(0.0)).unwrap();
    let study = Study::init(&home.path().join("study"), "s", &Protocol::sample()).unwrap();
    for (source, look) in [("dicom", Look::NotNeeded), ("knee.nii.gz", Look::NotSaid)] {
        let volumes = osteon::io::read_path(&home.path().join(source), &Watch::quiet()).unwrap().volumes;
        let plan = ImportPlan::new(study.layout(), study.protocol(), volumes, &ImportOptions::default()).unwrap();
        assert_eq!(plan.table().sequence([0, 0]).map(|sequence| &sequence.look), Some(&look), "{source}");
        assert_eq!(plan.table().waiting().count(), 0, "nobody is held up");
    }
}
