//! The loop on a real knee: two echoes imported, bone painted on six slices, trained, proposed, corrected, exported, and read
//! back by another program where it was painted, in millimetres.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, driver, enter, open, required, saved, shared};
use osteon::gpu::{Layer, OverlayStyle, SliceFrame, SliceImage, SliceLabels, SliceView};
use osteon::headless::Driver;
use osteon::session::{
    AdoptWhat, Command, EditCommand, FileCommand, ModelCommand, PointerCommand, Tool, ToolCommand, ViewCommand, WindowPreset,
};
use osteon::volume::{LabelScheme, Labels, LayerKind};
use osteon::worker::message::PickPurpose;
use std::path::Path;
use std::sync::Arc;

/// Corners of a loop.
type Points = &'static [[f64; 2]];

/// Loops around femur and tibia on six slices, in in-plane pixels, as drawn by hand over the pictures.
const LOOPS: [(usize, Points, Points); 6] = [
    (
        5,
        &[[90., 110.], [100., 78.], [133., 60.], [150., 72.], [170., 90.], [178., 120.], [165., 142.], [133., 150.], [105., 143.]],
        &[[105., 155.], [140., 158.], [178., 155.], [178., 175.], [150., 205.], [135., 205.], [112., 180.]],
    ),
    (
        7,
        &[[77., 95.], [105., 62.], [127., 43.], [147., 67.], [171., 100.], [171., 120.], [144., 143.], [104., 137.], [81., 120.]],
        &[[98., 152.], [140., 156.], [178., 150.], [180., 170.], [160., 195.], [150., 245.], [120., 245.], [115., 200.], [98., 170.]],
    ),
    (
        9,
        &[[125., 10.], [133., 40.], [138., 67.], [145., 93.], [138., 113.], [115., 130.], [88., 120.], [75., 100.], [78., 80.], [95., 47.]],
        &[
            [98., 157.],
            [128., 145.],
            [155., 153.],
            [181., 167.],
            [175., 180.],
            [161., 220.],
            [158., 250.],
            [111., 250.],
            [108., 213.],
            [95., 187.],
        ],
    ),
    (
        11,
        &[[99., 5.], [129., 5.], [135., 53.], [145., 87.], [129., 107.], [115., 127.], [92., 120.], [82., 100.], [82., 77.], [92., 53.]],
        &[[95., 157.], [129., 147.], [165., 160.], [175., 177.], [162., 207.], [159., 250.], [99., 250.], [99., 207.], [92., 173.]],
    ),
    (
        15,
        &[
            [94., 1.],
            [143., 1.],
            [144., 64.],
            [164., 84.],
            [177., 104.],
            [171., 127.],
            [144., 137.],
            [104., 137.],
            [81., 117.],
            [74., 90.],
            [84., 57.],
        ],
        &[[94., 161.], [117., 157.], [171., 161.], [174., 177.], [144., 211.], [127., 237.], [97., 211.], [91., 184.]],
    ),
    (
        17,
        &[
            [91., 1.],
            [141., 1.],
            [148., 60.],
            [168., 84.],
            [176., 104.],
            [168., 131.],
            [145., 143.],
            [108., 137.],
            [78., 117.],
            [69., 90.],
            [78., 57.],
        ],
        &[[101., 161.], [175., 154.], [178., 177.], [148., 191.], [108., 217.], [100., 197.]],
    ),
];

fn draw_loop(driver: &mut Driver, label: u8, points: &[[f64; 2]]) {
    driver.run(Command::Tool(ToolCommand::Label(label)));
    driver.run(Command::Pointer(PointerCommand::Down(points[0])));
    driver.run(Command::Pointer(PointerCommand::Move(points[1..].to_vec())));
    driver.run(Command::Pointer(PointerCommand::Up));
}

fn bone(driver: &Driver) -> Labels {
    driver.session().exam().unwrap().layers().labels(LayerKind::Bone).clone()
}

fn on_slice(labels: &Labels, axis: usize, slice: usize, label: u8) -> Vec<[usize; 3]> {
    let mut found = Vec::new();
    labels.for_each_labelled(|voxel, l| {
        if voxel[axis] == slice && l == label {
            found.push(voxel);
        }
    });
    found
}

#[test]
fn bone_on_a_real_knee_from_import_to_nibabel() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let mut driver = driver(home.path());
    open(&mut driver, &shared.join("data/mri/knee-t2-two-echoes"));
    enter(&mut driver, "R1");
    let exam = driver.session().exam().expect("the knee opens");
    assert_eq!(exam.sequences().len(), 2, "two echoes");
    assert!(exam.sequences().iter().all(|(_, image)| image.grid().shape() == [256, 256, 24]));
    assert_eq!((exam.plane().kind().name(), exam.plane().slice_count()), ("Sagittal", 24));
    let axis = exam.plane().slice_axis();

    // Six slices: bright marrow inside a loop.
    driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Bone)));
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Lasso)));
    driver.run(Command::Tool(ToolCommand::ToggleInsideBand));
    driver.run(Command::Tool(ToolCommand::ThresholdUpper(9000.0)));
    driver.run(Command::Tool(ToolCommand::ThresholdLower(1800.0)));
    for (slice, femur, tibia) in LOOPS {
        driver.run(Command::View(ViewCommand::Slice(slice)));
        draw_loop(&mut driver, 1, femur);
        draw_loop(&mut driver, 2, tibia);
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    saved(&mut driver);
    let painted = bone(&driver);
    for (slice, ..) in LOOPS {
        for label in [1, 2] {
            let voxels = on_slice(&painted, axis, slice, label).len();
            assert!(voxels > 1500, "slice {slice}, label {label}: only {voxels} voxels");
        }
    }

    // Train, propose the rest, adopt.
    driver.run(Command::Model(ModelCommand::Steps(110)));
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam)).unwrap();
    let proposal = driver.session().exam().unwrap().proposal().expect("a proposal").result.labels.clone();
    picture(&driver, &proposal, 16);
    // Slice 16 was never shown to the model; it lies between two that were.
    let neighbour = on_slice(&painted, axis, 17, 1);
    let proposed = on_slice(&proposal, axis, 16, 1);
    let both = proposed.iter().filter(|v| neighbour.iter().any(|n| (n[0], n[1]) == (v[0], v[1]))).count();
    let dice = 2.0 * both as f64 / (proposed.len() + neighbour.len()) as f64;
    println!("femur on the unpainted slice 17 against the painted slice 18: Dice {dice:.3}");
    assert!(dice > 0.7, "Dice {dice:.3}");
    let before = bone(&driver);
    driver.run(Command::Edit(EditCommand::Adopt(AdoptWhat::All)));
    assert!(!bone(&driver).same_labels(&before));

    // Correct by hand: away with what lies above row 4 of slice 17.
    driver.run(Command::View(ViewCommand::Slice(16)));
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Eraser)));
    driver.run(Command::Tool(ToolCommand::SizeMm(4.0)));
    driver.run(Command::Pointer(PointerCommand::Down([60.0, 1.0])));
    driver.run(Command::Pointer(PointerCommand::Move(vec![[180.0, 1.0]])));
    driver.run(Command::Pointer(PointerCommand::Up));
    driver.run(Command::Edit(EditCommand::ToggleDone));
    saved(&mut driver);

    let out = home.path().join("masks");
    driver.run_to_end("Exporting", PATIENCE, Command::File(FileCommand::Use(PickPurpose::Export, out.clone()))).unwrap();
    let mask = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().path()).find(|p| p.to_string_lossy().ends_with("_bone.nii.gz")).unwrap();
    let final_labels = bone(&driver);
    let own = osteon::io::read_labels_nifti(&mask).unwrap();
    assert!(own.grid().same_as(final_labels.grid()) && own.same_labels(&final_labels));
    for label in [1_u8, 2] {
        by_nibabel(&mask, &final_labels, label);
    }
}

/// Volume and centre of mass in mm as nibabel sees them must be those that were painted.
fn by_nibabel(mask: &Path, labels: &Labels, label: u8) {
    let (mut n, mut sum) = (0_usize, [0.0; 3]);
    labels.for_each_labelled(|voxel, l| {
        if l == label {
            let at = labels.grid().world_from_voxel().world(voxel.map(|x| x as f64));
            n += 1;
            (0..3).for_each(|a| sum[a] += at[a]);
        }
    });
    let script = "import sys, nibabel, numpy as np\n\
                  im = nibabel.load(sys.argv[1]); a = np.asarray(im.dataobj); at = np.argwhere(a == int(sys.argv[2]))\n\
                  assert im.header['sform_code'] > 0 and im.header['qform_code'] > 0\n\
                  assert np.abs(im.get_qform() - im.get_sform()).max() < 1e-3\n\
                  print(len(at), *nibabel.affines.apply_affine(im.affine, at).mean(0))";
    let run = std::process::Command::new("python3").args(["-c", script]).arg(mask).arg(label.to_string()).output();
    let output = match run {
        Ok(output) if output.status.success() => output,
        other => {
            assert!(!required(), "OSTEON_REQUIRE_ALL is set, but nibabel did not read the mask: {other:?}");
            eprintln!("skipped: python3 with nibabel is not there");
            return;
        }
    };
    let numbers: Vec<f64> = String::from_utf8_lossy(&output.stdout).split_whitespace().map(|w| w.parse().unwrap()).collect();
    assert_eq!(numbers[0] as usize, n);
    for a in 0..3 {
        let expected = sum[a] / n as f64;
        assert!((numbers[a + 1] - expected).abs() < 1e-3, "axis {a}: nibabel {}, painted {expected}", numbers[a + 1]);
    }
}

/// Writes what the window would show, to be looked at: `target/real-knee/*.png`.
fn picture(driver: &Driver, proposal: &Labels, slice: usize) {
    let exam = driver.session().exam().unwrap();
    let image = exam.reading_image();
    let window = WindowPreset::Auto.window(image);
    let size = [700, 700];
    let view = SliceView::new(size)
        .fitted(exam.plane().size(), exam.plane().pixel_mm(image.grid().world_from_voxel()))
        .windowed(window.lower(), window.upper());
    let scheme = LabelScheme::bones(&["femur", "tibia", "fibula", "patella"]);
    let layers = vec![Layer {
        labels: Arc::new(SliceLabels::extract(proposal, exam.plane(), slice).unwrap()),
        style: Arc::new(OverlayStyle::proposal(&scheme)),
    }];
    let frame = SliceFrame::new(view, Arc::new(SliceImage::extract(image, exam.plane(), slice).unwrap()), layers);
    let pixels: Vec<u8> = frame.render().into_iter().flatten().collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real-knee");
    std::fs::create_dir_all(&folder).unwrap();
    image::RgbaImage::from_raw(size[0], size[1], pixels).unwrap().save(folder.join(format!("proposal-slice-{}.png", slice + 1))).unwrap();
}
