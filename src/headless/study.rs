//! `osteon study`: make one, bring images in, show where it stands, check it.

mod split;

use super::output::{NOTHING, counted, require_target, write_text};
use crate::learn::checkpoint;
use crate::study::{
    ExamStatus, FormRead, ImportOptions, MEETING_READER, Part, PatientMap, PixelBox, ReaderCode, SequenceName, Study, duration_words,
};
use anyhow::{Result, bail};
use clap::Subcommand;
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
        #[arg(long, value_name = "FILE")]
        link: Option<PathBuf>,
        /// CSV with the columns exam,patient for NIfTI files
        #[arg(long, value_name = "FILE")]
        patients: Option<PathBuf>,
        /// A person has looked: no picture has a name burnt in
        #[arg(long, alias = "confirm-no-burned-in")]
        confirm_pictures: bool,
        /// Black out a rectangle (columns and rows of two corners) in every sequence that is imported; may come again
        #[arg(long, value_name = "X0,Y0,X1,Y1", value_parser = PixelBox::parse)]
        mask: Vec<PixelBox>,
        /// Sequence to be read where an exam has it (water, fat, t1, stir, echo1 …), before the protocol's own order
        #[arg(long, value_name = "SEQUENCE")]
        reading: Option<SequenceName>,
        /// CSV with the columns source,sequence: names for images by their file's name or by what the table calls them
        #[arg(long, value_name = "FILE")]
        roles: Option<PathBuf>,
        /// Show what would be imported, and import nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Draw and record which patients train, validate and test, now instead of before the first training, proposal or packet
    Split(split::SplitArgs),
    /// Take over a mask made elsewhere (NIfTI label map or DICOM segmentation) as a reader's labels
    ImportMask(super::import_mask::MaskArgs),
    /// Show exams, reads and slices done
    Status {
        /// Folder of the study
        dir: PathBuf,
    },
    /// Show who did what when, a line for every row of every journal; --csv and --json write it instead
    Audit(super::audit::AuditArgs),
    /// Add an exam with its agreed mask to the reference atlas, or show the atlas and who has calibrated
    Atlas(super::atlas::AtlasArgs),
    /// Write every sacro-iliac form as CSV, a line per slice and joint (the coordinator)
    Forms {
        /// Folder of the study
        dir: PathBuf,
        /// The file to write (- = standard output)
        #[arg(long, value_name = "FILE", default_value = "-")]
        csv: PathBuf,
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
            let study = Study::init_sample(&dir, name.as_deref())?;
            println!("{} is a study now; its rules are in {}", dir.display(), study.layout().protocol().display());
            Ok(())
        }
        StudyCommand::Import { dir, images, link, patients, confirm_pictures, mask, reading, roles, dry_run } => {
            let patients = patients.map(|file| PatientMap::load(&file)).transpose()?.unwrap_or_default();
            let options =
                ImportOptions { patients, link, confirmed_pictures: confirm_pictures, masked: mask, reading, ..Default::default() };
            super::import::run(&super::import::ImportJob { study: dir, images, options, roles, dry_run })
        }
        StudyCommand::Split(args) => split::run(&args),
        StudyCommand::ImportMask(args) => super::import_mask::run(&args),
        StudyCommand::Status { dir } => status(&dir),
        StudyCommand::Atlas(args) => super::atlas::run(&args),
        StudyCommand::Audit(args) => super::audit::run(&args),
        StudyCommand::Forms { dir, csv } => forms(&dir, &csv),
        StudyCommand::Check { dir } => check(&dir),
    }
}

fn forms(dir: &std::path::Path, csv: &std::path::Path) -> Result<()> {
    let study = Study::look(dir)?;
    require_target(csv, NOTHING)?;
    let forms = study.forms()?;
    let text: String = std::iter::once(format!("{}\n", FormRead::CSV_HEAD)).chain(forms.iter().map(FormRead::to_csv)).collect();
    write_text(csv, &text)
}

fn status(dir: &std::path::Path) -> Result<()> {
    let study = Study::look(dir)?;
    println!("{}", study.protocol().name());
    for exam in study.status()? {
        let part = exam.part.map_or("not drawn", part_word);
        let names: Vec<String> = exam.sequences.iter().map(ToString::to_string).collect();
        println!("{}  {part}  {} slices  {}", exam.exam, exam.slices, names.join(", "));
        println!("    {}", sealed_words(&study, &exam));
        for read in &exam.reads {
            let sealed = read.sealed.as_ref().map_or(String::new(), |time| format!(", sealed {time}"));
            let assisted = if read.assisted { ", assisted" } else { "" };
            println!(
                "    {} read {}: {} steps, {}, marrow {} of {} slices done, bone {}{assisted}{sealed}",
                read.reader,
                read.number,
                read.rows,
                duration_words(read.seconds),
                read.marrow_done,
                exam.slices,
                read.bone_done
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

/// How many of the reads that the protocol asks for are sealed; repeats, which it asks for of some exams only, are counted apart.
fn sealed_words(study: &Study, exam: &ExamStatus) -> String {
    let reads = study.protocol().reading().reads as usize;
    let readers: Vec<&ReaderCode> =
        study.protocol().readers().iter().map(|rule| &rule.code).filter(|c| c.as_str() != MEETING_READER).collect();
    let sealed = exam.reads.iter().filter(|r| r.sealed.is_some());
    let asked: usize = readers.iter().map(|code| sealed.clone().filter(|r| r.reader == **code).count().min(reads)).sum();
    let more = sealed.count() - asked;
    let beside = if more > 0 { format!(", {more} more beside them") } else { String::new() };
    format!("{asked} of {} reads sealed{beside}", readers.len() * reads)
}

const fn part_word(part: Part) -> &'static str {
    match part {
        Part::Train => "train",
        Part::Validate => "validate",
        Part::Test => "test",
    }
}

fn check(dir: &std::path::Path) -> Result<()> {
    let study = Study::look(dir)?;
    let mut report = study.check()?;
    let mut versions = 0;
    for model in study.models()? {
        for (_, folder) in study.model_versions(&model)? {
            versions += 1;
            // Holds every file of weights against the card, as whatever proposes does.
            report.problems.extend(checkpoint::load(&folder).err().map(|e| e.to_string()));
        }
    }
    let (exams, images, reads, sessions) = (report.exams, report.images, report.reads, report.sessions);
    let looked = [(exams, "exam"), (images, "image"), (reads, "read"), (sessions, "scoring session"), (versions, "version of a model")];
    println!("looked at {}", looked.map(|(count, one)| counted(count, one)).join(", "));
    for problem in &report.problems {
        println!("{problem}");
    }
    if report.problems.is_empty() { Ok(()) } else { bail!("{}: {} problems, listed above", dir.display(), report.problems.len()) }
}
