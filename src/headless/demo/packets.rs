//! The independent readers: each gets a packet, reads it in a place of their own, and sends the sealed reads back.

use super::hand::{bring_mask, paint_slice};
use super::run::{Demo, Hand, PATIENCE};
use super::scores::SESSION;
use crate::headless::{Driver, clock, place};
use crate::io::Watch;
use crate::phantom::SimulatedReader;
use crate::session::{Command, FileCommand, Session, StudyCommand};
use crate::study::{ExamCode, PacketOptions, Part, ReaderCode, Study, make_packet, merge_packet, send_back};
use crate::worker::message::{PickPurpose, Standing};
use crate::worker::{SAMPLE_SEED, WorkerConfig};
use anyhow::{Context as _, Result, anyhow, bail};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where packets and the code map lie: beside the study, for they must not be in it.
pub(super) fn desk(study: &Path) -> PathBuf {
    let mut name = study.file_name().map_or_else(|| "demo".into(), std::ffi::OsStr::to_os_string);
    name.push("-packets");
    study.with_file_name(name)
}

impl Demo {
    /// Readers 2 to 5, each blind to the others and to the study's codes: the held-out exams are painted by hand, the others
    /// come as masks of another program. Every read is sealed, sent back and merged.
    pub fn readers_elsewhere(&mut self, seed: u64) -> Result<()> {
        // The fifth has the first one's habits on another day.
        let readers: [(&str, Hand); 4] = [
            ("R2", (SimulatedReader::Two, SAMPLE_SEED)),
            ("R3", (SimulatedReader::Three, SAMPLE_SEED)),
            ("R4", (SimulatedReader::Four, SAMPLE_SEED)),
            ("R5", (SimulatedReader::One, SAMPLE_SEED + 1)),
        ];
        let study = Study::open(&self.root())?;
        let desk = desk(&self.root());
        let key = study.layout().score_key(&ExamCode::new(SESSION)?);
        if let Some(old) = [Some(desk.join("code-map.json")), key].into_iter().flatten().find(|path| path.exists()) {
            let folder = old.parent().unwrap_or(&old).display();
            bail!("{folder} holds what an earlier demo left; delete it, or name another folder");
        }
        std::fs::create_dir_all(&desk).with_context(|| format!("{} cannot be made; choose another place", desk.display()))?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for (code, hand) in readers {
            let reader = ReaderCode::new(code)?;
            let options = PacketOptions {
                reader: reader.clone(),
                out: desk.join(format!("{code}.osteonpacket")),
                code_map: desk.join("code-map.json"),
                seed: None,
                again: false,
                model: None,
            };
            self.progress.stage(&format!("The coordinator makes a packet for reader {code}"));
            make_packet(&study, &options, &mut rng, &Watch::quiet())?;
            let copy = self.read_packet(&reader, hand, &options.out, &desk.join(code))?;
            let back = desk.join(format!("{code}.osteonreturn"));
            send_back(&Study::open(&copy)?, &back)?;
            let report = merge_packet(&study, &back, &options.code_map)?;
            self.progress.stage(&format!("{} sealed reads of {code} are merged", report.merged.len()));
        }
        Ok(())
    }

    /// Reader's side: opens the packet, reads and seals every exam in the order it comes; the folder of the copy.
    fn read_packet(&self, reader: &ReaderCode, hand: Hand, packet: &Path, home: &Path) -> Result<PathBuf> {
        let config = WorkerConfig { threads: place::all_threads(), scratch_root: home.join("scratch"), wake: Arc::new(|| {}), clock };
        let mut driver = Driver::new(Session::new(SAMPLE_SEED), config, Box::new(|_| {}))?;
        let open = Command::File(FileCommand::Use(PickPurpose::OpenFolder, packet.to_owned()));
        driver.run_to_end("Opening the packet", PATIENCE, open)?;
        let codes = driver.session().exam_codes();
        for (at, code) in codes.iter().enumerate() {
            self.progress.stage(&format!("Reader {reader} reads {code}, {} of {}, in a packet", at + 1, codes.len()));
            driver.run(Command::Study(StudyCommand::OpenExam(code.clone())));
            driver.wait("Opening an exam", PATIENCE, |s| s.exam().is_some_and(|e| e.code() == code))?;
            self.read_and_seal(&mut driver, code, hand)?;
        }
        driver.session().study().map(|s| s.root.clone()).ok_or_else(|| anyhow!("{} was not opened", packet.display()))
    }

    fn read_and_seal(&self, driver: &mut Driver, code: &ExamCode, hand: Hand) -> Result<()> {
        let exam = driver.session().exam().ok_or_else(|| anyhow!("{code} is not open"))?;
        let grid = exam.reading_image().grid().clone();
        // Codes and order are the packet's own: the simulated reader knows a knee by its image.
        let known = self.knees.iter().find(|(_, _, knee)| knee.water().grid().same_as(&grid));
        let (_, part, knee) = known.ok_or_else(|| anyhow!("{code} of the packet is no exam of the sample"))?;
        let target = knee.read_by(hand.0, hand.1);
        if *part == Part::Validate {
            for slice in 0..grid.shape()[2] {
                paint_slice(driver, &target, slice)?;
            }
        } else {
            bring_mask(driver, &target)?;
        }
        driver.run(Command::Study(StudyCommand::Seal));
        let is_sealed = |s: &Session| s.exam().is_some_and(|e| matches!(e.standing(), Standing::Sealed { .. }));
        driver.wait("Sealing", PATIENCE, |s| s.jobs().next().is_none() && is_sealed(s))
    }
}
