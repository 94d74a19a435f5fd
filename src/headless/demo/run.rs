//! The loop on the sample study: paint, train, propose, correct, retrain; four readers; consensus; files and pictures.

use super::hand::{Effort, bring_mask, paint_slice};
use super::{packets, pictures, tables};
use crate::headless::progress::Progress;
use crate::headless::{DEFAULT_SEED, Driver, clock, place};
use crate::phantom::{KneeExam, SimulatedReader, knee};
use crate::session::{AdoptWhat, Command, EditCommand, FileCommand, ModelCommand, Session, StudyCommand};
use crate::study::{ExamCode, Layout, Part, ReaderCode, Study};
use crate::volume::Labels;
use crate::worker::message::{Event, Outcome, PickPurpose, Role, TrainedVersion};
use crate::worker::{SAMPLE_NAME, SAMPLE_PARTS, SAMPLE_SEED, WorkerConfig};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Slices that the reader paints by hand before the first training.
const FIRST_SLICES: [usize; 6] = [3, 5, 6, 7, 8, 10];
/// A simulated reader and the day on which they read.
pub(super) type Hand = (SimulatedReader, u64);
/// Reader 1's.
const FIRST_HAND: Hand = (SimulatedReader::One, SAMPLE_SEED);
/// Longest wait for anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(1200);

/// What `osteon demo` takes.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Folder for the sample study (made if it is not there)
    pub dir: Option<PathBuf>,
    /// Run the whole loop without a window
    #[arg(long)]
    pub headless: bool,
    /// Run the whole loop first, then open the window on what came of it: reads, packets, consensus, scores, report
    #[arg(long, conflicts_with = "headless")]
    pub whole: bool,
    /// Training steps of each round
    #[arg(long, default_value_t = 180)]
    pub steps: u32,
    /// How often the model proposes on a new exam, is corrected and retrained
    #[arg(long, default_value_t = 2)]
    pub rounds: usize,
    /// Where the model starts from
    #[arg(long, default_value_t = DEFAULT_SEED)]
    pub seed: u64,
}

impl DemoArgs {
    /// Whether the whole loop was run there before.
    #[must_use]
    pub fn is_played(&self) -> bool {
        self.folder().join("results").join("summary.json").is_file()
    }

    /// The folder of the sample study.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| PathBuf::from("osteon-demo"))
    }
}

/// What the demo learnt of a training.
pub(super) struct Round {
    /// The version and its figures.
    pub version: TrainedVersion,
    /// Slices done when it started.
    pub slices: usize,
    /// What correcting the proposals before it cost; `None` before the first training.
    pub correction: Option<Effort>,
    /// Wall time of the training in seconds.
    pub seconds: f64,
}

/// Makes the sample study for the window.
///
/// # Errors
/// One sentence, if it cannot be written.
pub fn make_study(args: &DemoArgs) -> Result<PathBuf> {
    let progress = Progress::new();
    let (driver, _) = open(args, &progress)?;
    progress.finish();
    Ok(driver.session().study().map(|s| s.root.clone()).unwrap_or_default())
}

/// Runs the whole loop and prints its summary.
///
/// # Errors
/// One sentence that says which stage failed and why.
pub fn run(args: &DemoArgs) -> Result<()> {
    let started = Instant::now();
    let progress = Progress::new();
    let (driver, trained) = open(args, &progress)?;
    let mut demo = Demo { driver, trained, progress, knees: Vec::new(), rounds: Vec::new(), paint: Effort::default() };
    if demo.driver.session().exams().iter().any(|e| !e.done.is_empty()) {
        bail!("{}: this sample study has been read already; name another folder", args.folder().display());
    }
    demo.match_knees()?;
    demo.learn(args)?;
    demo.read_test_exams()?;
    demo.readers_elsewhere(args.seed)?;
    let results = demo.results()?;
    demo.progress.finish();
    println!("{results}");
    println!("Packets and the code map lie in {}, apart from the study", packets::desk(&args.folder()).display());
    println!("Everything took {:.0} s; look at {}", started.elapsed().as_secs_f64(), args.folder().join("results").display());
    Ok(())
}

type Trained = Arc<Mutex<Option<TrainedVersion>>>;

fn open(args: &DemoArgs, progress: &Progress) -> Result<(Driver, Trained)> {
    let trained: Trained = Arc::default();
    let (heard, bar) = (trained.clone(), progress.clone());
    let listener = Box::new(move |event: &Event| {
        bar.follow(event);
        if let Event::Ended { outcome: Outcome::Trained(version), .. } = event {
            *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(version.clone());
        }
    });
    let root = args.folder();
    require_sample_or_nothing(&root)?;
    let home = place::data_home();
    let config = WorkerConfig { threads: place::all_threads(), scratch_root: home.join("scratch"), wake: Arc::new(|| {}), clock };
    let session = Session::new(args.seed).with_sample_root(root);
    let mut driver = Driver::new(session, config, listener)?;
    progress.stage("Making the sample study: six synthetic knees");
    driver.run_to_end("Making the sample study", PATIENCE, Command::File(FileCommand::OpenSample))?;
    driver.run(Command::Model(ModelCommand::Steps(args.steps)));
    Ok((driver, trained))
}

/// Whatever lies in the folder but the sample itself is somebody's own.
fn require_sample_or_nothing(root: &Path) -> Result<()> {
    if Layout::new(root).protocol().is_file() {
        if Study::open(root)?.protocol().name() != SAMPLE_NAME {
            bail!("{} is another study than the sample; name another folder for the sample", root.display());
        }
        return Ok(());
    }
    Layout::refuse_target(root)?;
    let holds_nothing = !root.exists() || std::fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_none());
    if !holds_nothing {
        bail!("{} holds other files; name a new or an empty folder for the sample", root.display());
    }
    Ok(())
}

pub(super) struct Demo {
    pub driver: Driver,
    trained: Trained,
    pub progress: Progress,
    /// The study's exams with what is known about them, in the order of making.
    pub knees: Vec<(ExamCode, Part, KneeExam)>,
    rounds: Vec<Round>,
    paint: Effort,
}

impl Demo {
    pub fn root(&self) -> PathBuf {
        self.driver.session().study().map(|s| s.root.clone()).unwrap_or_default()
    }

    /// Exam codes are random, so each exam is recognised by its grid.
    fn match_knees(&mut self) -> Result<()> {
        let study = Study::open(&self.root())?;
        let records = study.exams()?;
        for (number, part) in SAMPLE_PARTS.into_iter().enumerate() {
            let knee = knee(SAMPLE_SEED, number as u32)?;
            let mut found = None;
            for record in &records {
                if study.load_image(&record.exam, &record.reading_sequence)?.grid().same_as(knee.water().grid()) {
                    found = Some(record.exam.clone());
                }
            }
            let code =
                found.with_context(|| format!("{}: exam {number} of the sample is missing; name another folder", self.root().display()))?;
            self.knees.push((code, part, knee));
        }
        Ok(())
    }

    pub fn of_part(&self, part: Part) -> Vec<usize> {
        (0..self.knees.len()).filter(|&n| self.knees[n].1 == part).collect()
    }

    fn enter(&mut self, reader: &str) -> Result<()> {
        let code = ReaderCode::new(reader)?;
        self.driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Reader(code))))
    }

    fn open_exam(&mut self, number: usize) -> Result<()> {
        let code = self.knees[number].0.clone();
        self.driver.run(Command::Study(StudyCommand::OpenExam(code.clone())));
        self.driver.wait("Opening an exam", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == code))
    }

    fn target(&self, number: usize, (reader, day): Hand) -> Labels {
        self.knees[number].2.read_by(reader, day)
    }

    /// Paints slices of the exam after a simulated reader and marks them done.
    fn read(&mut self, number: usize, hand: Hand, slices: &[usize], words: &str) -> Result<Effort> {
        self.progress.stage(words);
        self.open_exam(number)?;
        let target = self.target(number, hand);
        let mut effort = Effort::default();
        for (at, &slice) in slices.iter().enumerate() {
            self.progress.at(at as f32 / slices.len() as f32, words);
            let one = paint_slice(&mut self.driver, &target, slice)?;
            effort.strokes += one.strokes;
            effort.voxels += one.voxels;
        }
        Ok(effort)
    }

    fn all_slices(&self, number: usize) -> Vec<usize> {
        (0..self.knees[number].2.water().grid().shape()[2]).collect()
    }

    /// Reader 1: held-out exams first, then six slices, train, and twice propose, correct, retrain.
    fn learn(&mut self, args: &DemoArgs) -> Result<()> {
        self.enter("R1")?;
        for number in self.of_part(Part::Validate) {
            let slices = self.all_slices(number);
            let words = format!("Reader 1 reads held-out exam {}", self.knees[number].0);
            let effort = self.read(number, FIRST_HAND, &slices, &words)?;
            self.paint.strokes += effort.strokes;
            self.paint.voxels += effort.voxels;
        }
        let training = self.of_part(Part::Train);
        let (&first, others) = training.split_first().ok_or_else(|| anyhow!("the sample has no exam to train on"))?;
        let words = format!("Reader 1 paints {} slices of {}", FIRST_SLICES.len(), self.knees[first].0);
        self.read(first, FIRST_HAND, &FIRST_SLICES, &words)?;
        let mut slices = FIRST_SLICES.len();
        self.train(args, slices, None)?;
        for &number in others.iter().take(args.rounds) {
            let correction = self.propose_and_correct(number)?;
            slices += self.all_slices(number).len();
            self.train(args, slices, Some(correction))?;
        }
        Ok(())
    }

    fn train(&mut self, args: &DemoArgs, slices: usize, correction: Option<Effort>) -> Result<()> {
        let words = if correction.is_none() { "Training" } else { "Retraining with the corrections" };
        self.progress.stage(&format!("{words} on {slices} slices, {} steps", args.steps));
        let started = Instant::now();
        self.driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train))?;
        let version = self.trained.lock().unwrap_or_else(PoisonError::into_inner).take();
        let version = version.ok_or_else(|| anyhow!("the training saved no version"))?;
        self.rounds.push(Round { version, slices, correction, seconds: started.elapsed().as_secs_f64() });
        Ok(())
    }

    fn propose_and_correct(&mut self, number: usize) -> Result<Effort> {
        let code = self.knees[number].0.clone();
        self.progress.stage(&format!("The model proposes on {code}, reader 1 adopts"));
        self.open_exam(number)?;
        self.driver.run(Command::Model(ModelCommand::ProposeExam));
        self.driver.wait("Proposing", PATIENCE, |s| s.exam().is_some_and(|e| e.proposal().is_some()))?;
        pictures::proposal(&self.driver, &self.root().join("results"))?;
        self.driver.run(Command::Edit(EditCommand::Adopt(AdoptWhat::All)));
        let slices = self.all_slices(number);
        self.read(number, FIRST_HAND, &slices, &format!("Reader 1 corrects {code}"))
    }

    /// Reader 1 reads the test exam alone, too, and seals it: until all have sealed no model proposes on it.
    fn read_test_exams(&mut self) -> Result<()> {
        self.enter("R1")?;
        for number in self.of_part(Part::Test) {
            self.open_exam(number)?;
            let target = self.target(number, FIRST_HAND);
            bring_mask(&mut self.driver, &target)?;
            self.driver.run_to_end("Sealing", PATIENCE, Command::Study(StudyCommand::Seal))?;
        }
        Ok(())
    }

    /// The coordinator compares and exports; tables and pictures are written.
    fn results(&mut self) -> Result<String> {
        self.progress.stage("The coordinator compares the readers and exports the masks");
        // Opened anew: what came back in packets was not there before.
        let study = Command::File(FileCommand::Use(PickPurpose::OpenFolder, self.root()));
        self.driver.run_to_end("Opening", PATIENCE, study)?;
        self.driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator)))?;
        self.driver.run_to_end("Comparing", PATIENCE, Command::Study(StudyCommand::Compare))?;
        let out = self.root().join("results");
        let masks = out.join("masks");
        self.driver.run_to_end("Exporting", PATIENCE, Command::File(FileCommand::Use(PickPurpose::Export, masks)))?;
        let compare = self.driver.session().compare().cloned().ok_or_else(|| anyhow!("nothing was compared"))?;
        let scores = self.score_masks()?;
        self.progress.stage("The coordinator writes the report");
        self.driver.run_to_end("Reporting", PATIENCE, Command::Study(StudyCommand::Report(Box::default())))?;
        let summary = tables::write(&out, &self.rounds, &compare, self.paint, &scores)?;
        let study = Study::open(&self.root())?;
        for number in self.of_part(Part::Validate) {
            pictures::readers(&study, &self.knees[number].0, &out)?;
        }
        Ok(summary)
    }
}
