//! Several reads by one reader of one exam: which of them counts, and which goes out.

use super::common::{PATIENCE, ball_study_under, driver, open};
use osteon::consensus::{Consensus, MARROW_LEVELS, Method, VotePatterns};
use osteon::edit::tools::{Region, Square};
use osteon::edit::{CommitKind, Patch, Row, RowAction};
use osteon::headless::Driver;
use osteon::io::read_labels_nifti;
use osteon::session::{Command, FileCommand, StudyCommand, ViewCommand, Workspace};
use osteon::space::SlicePlane;
use osteon::study::{Assistance, ExamCode, JournalRow, ReaderCode, ReaderRule, ReadingRules, Study};
use osteon::volume::{Labels, LayerKind};
use osteon::worker::message::{AtlasMask, ExportHow, MapOf, ReportChoice, Role};
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

const NOW: &str = "2026-11-21T10:00:00Z";
/// Slices of the ball.
const SLICES: u32 = 8;

/// One exam; R1 may see proposals once the first read is sealed, R2 and R3 never.
fn one_exam(home: &Path) -> (Study, ExamCode) {
    let rule = |code: &str, assistance| ReaderRule { code: ReaderCode::new(code).unwrap(), assistance };
    let readers = [rule("R1", Assistance::AfterSeal), rule("R2", Assistance::None), rule("R3", Assistance::None)];
    let study = ball_study_under(&home.join("study"), 1, |protocol| protocol.with_readers(readers.to_vec()));
    let exam = study.exams().unwrap().remove(0).exam;
    (study, exam)
}

/// What becomes of a read once its voxels are painted.
enum End {
    Sealed,
    /// So many slices marked done.
    Done(u32),
}

/// Level 2 on these voxels in a new read.
fn read(study: &Study, exam: &ExamCode, reader: &str, voxels: Range<usize>, end: End) {
    let patch = Arc::new(Patch::from_changes(voxels.map(|voxel| (voxel as u32, 0, 2))));
    let mut actions = vec![RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch }];
    let done = if let End::Done(slices) = end { slices } else { 0 };
    actions.extend((0..done).map(|slice| RowAction::Done { layer: LayerKind::Marrow, slice, done: true }));
    rows(study, exam, reader, actions, matches!(end, End::Sealed));
}

/// A new read of these rows.
fn rows(study: &Study, exam: &ExamCode, reader: &str, actions: Vec<RowAction>, seal: bool) {
    let (_, mut file) = study.new_read_for(&ReaderCode::new(reader).unwrap(), exam, NOW).unwrap();
    for (n, action) in (1..).zip(actions) {
        let row = Row { n, name: "Brush".into(), action };
        file.append(&JournalRow { row, time: NOW.into(), reader: reader.into(), window: None }).unwrap();
    }
    if seal {
        study.seal_read(file, NOW).unwrap();
    }
}

fn coordinator(home: &Path, study: &Study) -> Driver {
    let mut driver = driver(home);
    open(&mut driver, study.layout().root());
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver
}

/// Names, kinds and labelled voxels of the maps of the open exam, and how many of them vote.
fn compared(driver: &mut Driver) -> (Vec<(String, MapOf, usize)>, usize) {
    driver.run_to_end("Comparing", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Compare))).unwrap();
    driver.wait("Comparing", PATIENCE, |s| s.comparison().exam().is_some()).unwrap();
    let exam = driver.session().comparison().exam().unwrap();
    let map = |map: &osteon::worker::message::ComparedMap| (map.name.clone(), map.of, map.labels.counts().labelled());
    (exam.maps.iter().map(map).collect(), exam.voters())
}

/// R1's second read, made with a model on screen, took the place of the independent first one; then only one independent read was left,
/// and the assisted one voted. Report and scoring counted the first one.
#[test]
fn a_later_read_never_takes_the_place_of_the_one_that_counts() {
    const INDEPENDENT: MapOf = MapOf::Reader { assisted: false };
    let home = tempfile::tempdir().unwrap();
    let (study, exam) = one_exam(home.path());
    // Nobody marked a slice done: what is sealed is finished all the same.
    read(&study, &exam, "R1", 300..310, End::Sealed);
    read(&study, &exam, "R1", 300..340, End::Sealed);
    read(&study, &exam, "R2", 300..311, End::Sealed);
    read(&study, &exam, "R2", 300..350, End::Done(SLICES));
    read(&study, &exam, "R3", 300..312, End::Done(SLICES - 1));
    let mut driver = coordinator(home.path(), &study);
    let (maps, voters) = compared(&mut driver);
    let expected =
        [("R1", INDEPENDENT, 10), ("R2", INDEPENDENT, 11), ("R1 (assisted)", MapOf::Beside, 40), ("R2 (read 2)", MapOf::Beside, 50)];
    assert_eq!((maps, voters), (expected.map(|(name, of, voxels)| (name.to_owned(), of, voxels)).to_vec(), 2));
    let warnings = driver.session().comparison().exam().unwrap().warnings.clone();
    assert!(warnings.contains(&"R3: 7 of 8 slices done and not sealed".to_owned()), "{warnings:?}");
    // The report is of the same reads, and compares R2's second one with the first.
    let out = home.path().join("report");
    let choice = ReportChoice { out: Some(out.clone()), ..ReportChoice::default() };
    driver.run_to_end("Reporting", PATIENCE, Command::Study(StudyCommand::Report(Box::new(choice)))).unwrap();
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    for words in ["read 1, sealed", "read 2, sealed", "read 1: 7 of 8 slices done and not sealed"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("read 2, every slice marked done"), "a repeat is no map of its own: {page}");
}

/// Nobody votes twice: with one independent read the assisted ones vote, but not that of the same reader.
#[test]
fn who_read_without_a_model_has_no_second_vote_with_one() {
    let home = tempfile::tempdir().unwrap();
    let (study, exam) = one_exam(home.path());
    read(&study, &exam, "R1", 300..310, End::Sealed);
    read(&study, &exam, "R1", 300..340, End::Sealed);
    let mut driver = coordinator(home.path(), &study);
    driver.run_to_end("Comparing", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Compare))).unwrap();
    assert!(driver.session().comparison().exam().is_none());
    let why = driver.session().comparison().refusal().unwrap();
    assert!(why.contains("1 finished read; two are needed"), "{why}");
}

/// "Read again" made the sealed read vanish from every export: the empty new one was taken, or its first strokes went out as the mask.
#[test]
fn reading_again_leaves_the_finished_read_in_the_export() {
    let home = tempfile::tempdir().unwrap();
    let (study, exam) = one_exam(home.path());
    read(&study, &exam, "R1", 300..310, End::Sealed);
    read(&study, &exam, "R1", 300..303, End::Done(1));
    // Finished without being sealed, then again and finished: the newest goes out.
    read(&study, &exam, "R2", 300..311, End::Done(SLICES));
    read(&study, &exam, "R2", 300..312, End::Done(SLICES));
    // Nothing finished: what there is so far.
    read(&study, &exam, "R3", 300..313, End::Done(2));
    let mut driver = coordinator(home.path(), &study);
    let out = home.path().join("out");
    driver.run_to_end("Exporting", PATIENCE, Command::File(FileCommand::Export(ExportHow::Nifti, out.clone()))).unwrap();
    let said: Vec<String> = driver.session().notices().iter().map(|n| n.text.clone()).collect();
    let voxels = |reader: &str| read_labels_nifti(&out.join(format!("{exam}_{reader}_marrow.nii.gz"))).unwrap().counts().labelled();
    assert_eq!(["R1", "R2", "R3"].map(voxels), [10, 12, 13], "{said:?}");
    let about = fs::read_to_string(out.join(format!("{exam}_R1_marrow.json"))).unwrap();
    assert!(about.contains("\"read\": 1"), "{about}");
    let told = format!("{exam}_R1 read 2: 1 of 8 slices done and not sealed; read 1 is exported in its place");
    assert!(said.iter().any(|text| text.contains(&told)), "{said:?}");
    assert!(!said.iter().any(|text| text.contains("_R2 read") || text.contains("_R3 read")), "{said:?}");
}

/// One square for three readers, who paint within it and outside.
struct Squares {
    square: Square,
    region: Region,
    bone: Labels,
}

impl Squares {
    fn of(study: &Study, exam: &ExamCode) -> Self {
        let record = study.exam(exam).unwrap();
        let grid = Arc::clone(study.load_image(exam, &record.reading_sequence).unwrap().grid());
        let affine = grid.world_from_voxel();
        let plane = SlicePlane::acquisition(affine, grid.shape());
        let square = Square::from_uv(1, 4, [[5.0, 14.0], [15.0, 14.0]], true, &plane, affine).unwrap();
        let bone = Labels::empty(Arc::clone(&grid));
        let region = Region::new([&square], &plane, &bone).unwrap();
        Self { square, region, bone }
    }

    fn limited(&self, map: &Labels) -> Labels {
        let mut limited = Labels::empty(map.grid().clone());
        map.for_each_labelled(|voxel, label| {
            if self.region.contains(voxel, &self.bone) {
                limited.set(voxel, label);
            }
        });
        limited
    }
}

/// Voxels that readers 1, 2, 3 paint alone and together: by the bits of 1 to 7, within the square and outside.
const PAINTED: [[usize; 7]; 2] = [[5, 5, 5, 3, 4, 5, 4], [3, 11, 52, 34, 32, 24, 49]];

/// For scoring and atlas STAPLE ran on whole maps that were cut afterwards or not at all: what readers drew outside the squares weighed
/// them within, and stood in the atlas as agreed on. Compare and report cut first.
#[test]
fn the_mask_of_scoring_and_atlas_is_agreed_on_within_the_squares() {
    let home = tempfile::tempdir().unwrap();
    let (study, exam) = one_exam(home.path());
    let reading = ReadingRules { within_squares: true, ..study.protocol().reading() };
    fs::write(study.layout().protocol(), study.protocol().clone().with_reading(reading).to_toml()).unwrap();
    let study = Study::open(study.layout().root()).unwrap();
    let squares = Squares::of(&study, &exam);
    let grid = squares.bone.grid().clone();
    let all = (0..grid.voxel_count()).map(|n| grid.voxel(n));
    let (inside, outside): (Vec<_>, Vec<_>) = all.partition(|voxel| squares.region.contains(*voxel, &squares.bone));
    let mut maps = vec![Labels::empty(Arc::clone(&grid)); 3];
    for (voxels, counts) in [inside, outside].into_iter().zip(PAINTED) {
        let patterns = (1..=7).zip(counts).flat_map(|(pattern, count)| std::iter::repeat_n(pattern, count));
        for (voxel, pattern) in voxels.into_iter().zip(patterns) {
            (0..3).filter(|reader| pattern >> reader & 1 == 1).for_each(|reader| maps[reader].set(voxel, 2));
        }
    }
    for (reader, map) in ["R1", "R2", "R3"].into_iter().zip(&maps) {
        let mut changes = Vec::new();
        map.for_each_labelled(|voxel, label| changes.push((grid.index(voxel) as u32, 0, label)));
        changes.sort_unstable();
        let patch = Arc::new(Patch::from_changes(changes));
        let square = RowAction::Square { bone: 1, square: Some(Box::new(squares.square)), before: None };
        rows(&study, &exam, reader, vec![RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch }, square], true);
    }
    let mut driver = coordinator(home.path(), &study);
    driver.run(Command::Study(StudyCommand::BeginAtlasExam));
    let add = StudyCommand::AddToAtlas { mask: AtlasMask::Consensus, notes: String::new() };
    driver.run_to_end("Adding", PATIENCE, Command::Study(add)).unwrap();
    let code = study.atlas().codes().unwrap().remove(0);
    let agreed = study.atlas().agreed(&code).unwrap();
    let staple = |maps: &[Labels]| {
        let patterns = VotePatterns::count(&maps.iter().collect::<Vec<_>>()).unwrap();
        Consensus::of(&patterns, Method::Staple, &MARROW_LEVELS).label_map(&patterns)
    };
    let limited: Vec<Labels> = maps.iter().map(|map| squares.limited(map)).collect();
    assert_eq!((staple(&limited).counts().of(2), squares.limited(&staple(&maps)).counts().of(2)), (18, 28), "the order matters here");
    assert!(agreed.same_labels(&staple(&limited)), "{} voxels", agreed.counts().of(2));
}
