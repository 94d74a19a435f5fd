//! A scoring session with simulated marks, which say that they are: a mark follows from the mask's Dice against the known truth.

use super::run::{Demo, PATIENCE};
use crate::headless::score::table_text;
use crate::io::{atomic_write, read_labels_nifti};
use crate::session::{Command, ScoreCommand, Session, ViewCommand, Workspace};
use crate::study::{ExamCode, Layout, Mark, ScoreItem, Target};
use crate::volume::Labels;
use crate::worker::SAMPLE_SEED;
use crate::worker::message::{NewScores, ScoreExams};
use anyhow::{Result, anyhow};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;

/// Name of the demo's scoring session.
pub(super) const SESSION: &str = "DEMO";

/// Said wherever the marks are shown.
const SIMULATED: &str = "The marks are simulated from Dice against the known truth of the synthetic knees: no person has seen the masks.";

impl Demo {
    /// The coordinator makes a session of the held-out exams, a simulated panel marks it; it is locked and unblinded. Table 2.
    pub fn score_masks(&mut self) -> Result<String> {
        self.progress.stage("A simulated panel scores masks of model and consensus, blinded");
        let session = ExamCode::new(SESSION)?;
        let new = NewScores {
            session: session.clone(),
            model: "marrow-R1".to_owned(),
            scorers: vec!["simulated".to_owned()],
            seed: Some(SAMPLE_SEED),
            key: None,
            exams: ScoreExams::HeldOut,
        };
        let run = |demo: &mut Self, command| demo.driver.run_to_end("Scoring", PATIENCE, Command::Score(command));
        self.driver.run_to_end("Scoring", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Score)))?;
        run(self, ScoreCommand::Make(new))?;
        let plan = self.driver.session().scoring().open().map(|open| open.plan().clone());
        let plan = plan.ok_or_else(|| anyhow!("the scoring session was not opened"))?;
        let mut rng = ChaCha8Rng::seed_from_u64(SAMPLE_SEED);
        for (at, item) in plan.items.iter().enumerate() {
            run(self, ScoreCommand::Go(at))?;
            for (target, mark) in self.marks(&session, item, &mut rng)? {
                self.driver.run(Command::Score(ScoreCommand::Mark(target, Some(mark))));
            }
            self.driver.run(Command::Score(ScoreCommand::WriteComment("simulated".to_owned())));
            self.driver.run(Command::Score(ScoreCommand::EndComment));
            self.driver.wait("Saving", PATIENCE, |s: &Session| s.scoring().open().is_some_and(|o| o.on_the_way() == 0))?;
        }
        run(self, ScoreCommand::Lock)?;
        let covariates = Some(self.write_covariates()?);
        run(self, ScoreCommand::Unblind { session, key: None, covariates })?;
        let mut text = String::from("\n");
        for table in self.driver.session().scoring().tables() {
            text += &table_text(table);
        }
        writeln!(text, "Rule. {SIMULATED}")?;
        Ok(text)
    }

    /// 10 (1 − Dice) per level that the mask holds, with an unsteady hand; overall their mean.
    fn marks(&self, session: &ExamCode, item: &ScoreItem, rng: &mut ChaCha8Rng) -> Result<Vec<(Target, Mark)>> {
        let mask = read_labels_nifti(&Layout::new(self.root()).score_mask(session, &item.code))?;
        let truth = self.knees.iter().find(|(code, ..)| *code == item.exam).map(|(_, _, knee)| knee.truth());
        let truth = truth.ok_or_else(|| anyhow!("{} is no exam of the sample", item.exam))?;
        let mut marks = Vec::new();
        let mut sum = 0.0;
        for &level in &item.levels {
            let value = (10.0 * (1.0 - dice(&mask, truth, level)) + rng.random_range(-0.5..0.5)).clamp(0.0, 10.0);
            sum += value;
            marks.extend(Mark::of(value).map(|mark| (Target::Level(level), mark)));
        }
        // An empty mask has nothing right.
        let overall = if item.levels.is_empty() { 10.0 } else { sum / item.levels.len() as f64 };
        marks.extend(Mark::of(overall).map(|mark| (Target::Overall, mark)));
        Ok(marks)
    }

    /// Ages are made up like everything else; slices with signal are counted in the truth. Outside the study, as it must be.
    fn write_covariates(&self) -> Result<std::path::PathBuf> {
        let mut csv = String::from("exam,age,slices\n");
        for (number, (code, _, knee)) in self.knees.iter().enumerate() {
            let truth = knee.truth();
            let slices = (0..truth.grid().shape()[2]).filter(|k| {
                let [width, height, _] = truth.grid().shape();
                (0..height).any(|j| (0..width).any(|i| truth.get([i, j, *k]) != 0))
            });
            writeln!(csv, "{code},{},{}", 8 + number, slices.count())?;
        }
        let layout = Layout::new(self.root());
        let desk = layout.coordinator().ok_or_else(|| anyhow!("there is no folder beside {}", layout.root().display()))?;
        let path = desk.join("covariates.csv");
        atomic_write(&path, |out| out.write_all(csv.as_bytes()))?;
        Ok(path)
    }
}

/// Dice of one level; 0 where only one of the two holds it.
fn dice(mask: &Labels, truth: &Labels, level: u8) -> f64 {
    let (mut both, mut sum) = (0_u64, truth.counts().of(level) as u64);
    mask.for_each_labelled(|voxel, label| {
        if label == level {
            sum += 1;
            both += u64::from(truth.get(voxel) == level);
        }
    });
    if sum == 0 { 0.0 } else { 2.0 * both as f64 / sum as f64 }
}
