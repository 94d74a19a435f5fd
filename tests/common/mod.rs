//! What several test files need: small studies, a driver, the place of the shared data.
#![allow(dead_code, reason = "each test file uses a part of it")]

use osteon::headless::{Driver, clock};
use osteon::session::{Command, FileCommand, PointerCommand, Session, StudyCommand, Tool, ToolCommand, ViewCommand};
use osteon::space::Affine;
use osteon::study::{Assistance, ImportOptions, PatientMap, Protocol, ReaderCode, ReaderRule, Study};
use osteon::volume::{Grid, Image};
use osteon::worker::WorkerConfig;
use osteon::worker::message::{PickPurpose, Role};
use rand::SeedableRng as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for anything in a test.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The shared data folder, or `None` with a word on stderr; a failure where everything is required.
pub fn shared() -> Option<PathBuf> {
    let place = std::env::var_os("OSTEON_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    if place.join("data").is_dir() {
        return Some(place);
    }
    assert!(!required(), "OSTEON_REQUIRE_ALL is set, but {} is not there", place.display());
    eprintln!("skipped: {} is not there", place.display());
    None
}

/// Whether a skipped test is a failure (CI).
pub fn required() -> bool {
    std::env::var_os("OSTEON_REQUIRE_ALL").is_some_and(|v| v == "1")
}

/// A coronal image of 40 × 44 × 8 voxels with a bright ball on a dark ground, moved by `shift` so that grids differ.
pub fn ball(shift: f64) -> Image {
    let affine = Affine::from_columns([[-0.9, 0.0, 0.0], [0.0, 0.0, 0.9], [0.0, 3.5, 0.0]], [20.0 + shift, -10.0, -20.0]).unwrap();
    let grid = Arc::new(Grid::new([40, 44, 8], affine).unwrap());
    let values: Vec<f32> = (0..grid.voxel_count())
        .map(|n| {
            let [i, j, k] = grid.voxel(n).map(|x| x as f64);
            let inside = (i - 20.0).hypot(j - 22.0).hypot((k - 4.0) * 3.0) < 11.0;
            // A little texture, so that no percentile is degenerate and no two exams are alike.
            (if inside { 400.0 } else { 40.0 }) + ((n * 7919 + shift.abs() as usize) % 31) as f32
        })
        .collect();
    Image::new(grid, values).unwrap()
}

/// A study of `exams` balls with readers R1 (assisted) and R2, R3 (independent).
pub fn ball_study(root: &Path, exams: usize) -> Study {
    ball_study_under(root, exams, |protocol| protocol)
}

/// The same under a changed protocol.
pub fn ball_study_under(root: &Path, exams: usize, change: impl Fn(Protocol) -> Protocol) -> Study {
    let rule = |code: &str, assistance| ReaderRule { code: ReaderCode::new(code).unwrap(), assistance };
    let readers = vec![rule("R1", Assistance::FromStart), rule("R2", Assistance::None), rule("R3", Assistance::None)];
    let study = Study::init(root, "Balls", &change(Protocol::sample().with_readers(readers))).unwrap();
    let files = tempfile::tempdir().unwrap();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    for number in 0..exams {
        let file = files.path().join(format!("ball{number}.nii.gz"));
        osteon::io::write_image_nifti(&file, &ball(number as f64)).unwrap();
        let list = format!("exam,patient\nball{number},patient{number}\n");
        let patients = PatientMap::parse(&list, Path::new("list")).unwrap();
        let options = ImportOptions { patients, ..ImportOptions::default() };
        let reading = osteon::io::read_path(&file, &osteon::io::Watch::quiet()).unwrap();
        study.import(reading.volumes, &options, &mut rng, &osteon::io::Watch::quiet()).unwrap();
    }
    study
}

/// A session without a window; scratch studies go below `home`.
pub fn driver(home: &Path) -> Driver {
    let config = WorkerConfig { threads: 2, scratch_root: home.join("scratch"), wake: Arc::new(|| {}), clock };
    Driver::new(Session::new(7).with_sample_root(home.join("sample")), config, Box::new(|_| {})).unwrap()
}

/// Opens a study or image and waits for it.
pub fn open(driver: &mut Driver, path: &Path) {
    let command = Command::File(FileCommand::Use(PickPurpose::OpenFolder, path.to_owned()));
    driver.run_to_end("Opening", PATIENCE, command).unwrap();
}

/// Enters a study as a reader; the first exam is open then.
pub fn enter(driver: &mut Driver, reader: &str) {
    let role = Role::Reader(ReaderCode::new(reader).unwrap());
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(role))).unwrap();
}

/// A stroke of the brush on a slice.
pub fn stroke(driver: &mut Driver, slice: usize, label: u8, points: &[[f64; 2]]) {
    driver.run(Command::View(ViewCommand::Slice(slice)));
    if label == 0 {
        driver.run(Command::Tool(ToolCommand::Choose(Tool::Eraser)));
    } else {
        driver.run(Command::Tool(ToolCommand::Choose(Tool::Brush)));
        driver.run(Command::Tool(ToolCommand::Label(label)));
    }
    driver.run(Command::Pointer(PointerCommand::Down(points[0])));
    driver.run(Command::Pointer(PointerCommand::Move(points[1..].to_vec())));
    driver.run(Command::Pointer(PointerCommand::Up));
}

/// Waits until every row is on disk.
pub fn saved(driver: &mut Driver) {
    driver.wait("Saving", PATIENCE, osteon::session::Session::all_saved).unwrap();
}

/// Every file below a folder with its bytes, by its path inside the folder.
pub fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
