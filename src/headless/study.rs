//! `osteon study`: make one, bring images in, show where it stands, check it.

use super::place;
use super::progress::Progress;
use crate::io::{self, Watch};
use crate::study::{ImportOptions, Part, PatientMap, Protocol, ReadingRules, Study};
use anyhow::{Result, anyhow, bail};
use clap::Subcommand;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;

/// What can be done with a study.
#[derive(Subcommand, Clone, Debug)]
pub enum StudyCommand {
    /// Make a study with the sample protocol (`study.toml`), to be edited
    Init {
        /// Folder of the study
        dir: PathBuf,
        /// Its name
        #[arg(long)]
        name: Option<String>,
    },
    /// Import images: DICOM folders, NIfTI files
    Import {
        /// Folder of the study
        dir: PathBuf,
        /// Files and folders with images
        #[arg(required = true)]
        images: Vec<PathBuf>,
        /// Link list of the coordinator (codes to identities), outside the study
        #[arg(long)]
        link: Option<PathBuf>,
        /// CSV with the columns exam,patient for NIfTI files
        #[arg(long)]
        patients: Option<PathBuf>,
        /// A person has looked: no picture has a name burnt in
        #[arg(long)]
        confirm_pictures: bool,
    },
    /// Take over a mask made elsewhere (NIfTI label map or DICOM segmentation) as a reader's labels
    ImportMask(super::import_mask::MaskArgs),
    /// Show exams, reads and slices done
    Status {
        /// Folder of the study
        dir: PathBuf,
    },
    /// Check every file, journal and hash
    Check {
        /// Folder of the study
        dir: PathBuf,
    },
}

/// # Errors
/// One sentence that names the file and what to do.
pub fn run(command: StudyCommand) -> Result<()> {
    match command {
        StudyCommand::Init { dir, name } => {
            let name = name.or_else(|| dir.file_name().map(|n| n.to_string_lossy().into_owned())).unwrap_or_else(|| "Study".to_owned());
            let study = Study::init(
                &dir,
                &name,
                &Protocol::sample().with_name(&name).with_reading(ReadingRules { shuffled: true, ..ReadingRules::default() }),
            )?;
            println!("{} is a study now; its rules are in {}", dir.display(), study.layout().protocol().display());
            Ok(())
        }
        StudyCommand::Import { dir, images, link, patients, confirm_pictures } => {
            let patients = patients.map(|file| PatientMap::load(&file)).transpose()?.unwrap_or_default();
            import(&dir, &images, &ImportOptions { patients, link, confirmed_pictures: confirm_pictures })
        }
        StudyCommand::ImportMask(args) => super::import_mask::run(&args),
        StudyCommand::Status { dir } => status(&dir),
        StudyCommand::Check { dir } => check(&dir),
    }
}

fn import(dir: &std::path::Path, images: &[PathBuf], options: &ImportOptions) -> Result<()> {
    let study = Study::open(dir)?;
    let progress = Progress::new();
    let report = |done: usize, total: usize| progress.at(done as f32 / total.max(1) as f32, "Importing");
    let watch = Watch::new(&report, &|| false);
    let mut seed = <ChaCha8Rng as rand::SeedableRng>::Seed::default();
    rand::rand_core::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed)
        .map_err(|e| anyhow!("the system gives no random numbers: {e}"))?;
    let mut rng = ChaCha8Rng::from_seed(seed);
    let mut imported = 0;
    for path in images {
        place::require_path(path)?;
        let reading = io::read_path(path, &watch)?;
        for skipped in &reading.skipped {
            eprintln!("skipped {}: {}", skipped.path.display(), skipped.why);
        }
        let report = study.import(reading.volumes, options, &mut rng, &watch)?;
        for path in &report.already_there {
            eprintln!("the study has {} already", path.display());
        }
        for (path, why) in &report.failed {
            eprintln!("not imported: {}: {why}", path.display());
        }
        for exam in &report.exams {
            let names: Vec<String> = exam.sequences.iter().map(ToString::to_string).collect();
            println!("{} (patient {}): {}", exam.exam, exam.patient, names.join(", "));
            imported += 1;
        }
    }
    progress.finish();
    if imported == 0 {
        bail!("{}: no new exam came of these images; see the lines above for why", dir.display());
    }
    Ok(())
}

fn status(dir: &std::path::Path) -> Result<()> {
    let study = Study::open(dir)?;
    println!("{}", study.protocol().name());
    for exam in study.status()? {
        let part = exam.part.map_or("not drawn", part_word);
        let names: Vec<String> = exam.sequences.iter().map(ToString::to_string).collect();
        println!("{}  {part}  {} slices  {}", exam.exam, exam.slices, names.join(", "));
        let sealed = exam.reads.iter().filter(|r| r.sealed.is_some()).count();
        let wanted = study.protocol().readers().len() * study.protocol().reading().reads as usize;
        println!("    {sealed} of {wanted} reads sealed");
        for read in &exam.reads {
            let sealed = read.sealed.as_ref().map_or(String::new(), |time| format!(", sealed {time}"));
            let assisted = if read.assisted { ", assisted" } else { "" };
            println!(
                "    {} read {}: {} steps, marrow {} of {} slices done, bone {}{assisted}{sealed}",
                read.reader, read.number, read.rows, read.marrow_done, exam.slices, read.bone_done
            );
            if let Some(problem) = &read.problem {
                println!("    {problem}");
            }
        }
        if let Some(problem) = &exam.problem {
            println!("    {problem}");
        }
    }
    Ok(())
}

const fn part_word(part: Part) -> &'static str {
    match part {
        Part::Train => "train",
        Part::Validate => "validate",
        Part::Test => "test",
    }
}

fn check(dir: &std::path::Path) -> Result<()> {
    let report = Study::open(dir)?.check()?;
    println!("{} exams, {} images, {} reads looked at", report.exams, report.images, report.reads);
    for problem in &report.problems {
        println!("{problem}");
    }
    if report.problems.is_empty() { Ok(()) } else { bail!("{}: {} problems, listed above", dir.display(), report.problems.len()) }
}
