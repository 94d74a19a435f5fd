//! `osteon study atlas`: exams with agreed masks and notes, and how readers did on them.

use super::place;
use crate::io::{Watch, read_labels_nifti, read_path};
use crate::study::{AtlasNotes, ImportOptions, PacketCopy, Study, StudyError};
use crate::volume::{LabelScheme, Labels};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What `osteon study atlas` takes.
#[derive(Args, Clone, Debug)]
pub struct AtlasArgs {
    /// Folder of the study
    pub dir: PathBuf,
    /// Images of one exam to add: a NIfTI file or a DICOM folder
    #[arg(long, value_name = "FILE", requires = "mask")]
    pub add: Option<PathBuf>,
    /// The mask that was agreed on, on the grid of the image that is read (NIfTI, levels 1 to 3)
    #[arg(long, value_name = "FILE", requires = "add")]
    pub mask: Option<PathBuf>,
    /// Text file with notes: a line `7: text` is about slice 7, any other line about the exam
    #[arg(long, requires = "add", value_name = "FILE")]
    pub notes: Option<PathBuf>,
    /// A person has looked: no picture has a name burnt in
    #[arg(long)]
    pub confirm_pictures: bool,
}

/// # Errors
/// One sentence that names the file and what to do.
pub fn run(args: &AtlasArgs) -> Result<()> {
    if let (Some(images), Some(mask)) = (&args.add, &args.mask) {
        return add(&Study::open(&args.dir)?, args, images, mask);
    }
    let study = Study::look(&args.dir)?;
    let atlas = study.atlas();
    let codes = atlas.codes()?;
    if codes.is_empty() {
        println!("The atlas is empty.");
    }
    for code in codes {
        let exam = atlas.exam(&code)?;
        println!("{code}: {} slices with notes", exam.notes.slices.len());
    }
    for hidden in study.hidden_from_readers()? {
        println!("{}", hidden.sentence());
    }
    for rule in study.protocol().readers() {
        for result in study.calibrations(&rule.code)? {
            let dice: Vec<String> = result
                .levels
                .iter()
                .map(|l| format!("{} {}", l.level, l.dice.map_or_else(|| "–".to_owned(), |d| format!("{d:.3}"))))
                .collect();
            let passed = match result.passed() {
                Some(true) => ", passed",
                Some(false) => ", below the pass mark",
                None => "",
            };
            println!("{} on {}, read {}, {}: Dice {}{passed}", rule.code, result.exam, result.read, result.time, dice.join(", "));
        }
        match study.is_calibrated(&rule.code)? {
            Some(true) => println!("{} is calibrated", rule.code),
            Some(false) => println!("{} is not calibrated yet", rule.code),
            None => {}
        }
    }
    Ok(())
}

fn add(study: &Study, args: &AtlasArgs, images: &Path, mask: &Path) -> Result<()> {
    PacketCopy::refuse_in(study.layout(), "exams are added to the atlas")?;
    place::require_path(images)?;
    place::require_path(mask)?;
    let notes = match &args.notes {
        Some(path) => read_notes(path)?,
        None => String::new(),
    };
    let mut seed = <ChaCha8Rng as rand::SeedableRng>::Seed::default();
    rand::rand_core::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed)
        .map_err(|e| anyhow!("the system gives no random numbers: {e}"))?;
    let reading = read_path(images, &Watch::quiet())?;
    let options = ImportOptions { confirmed_pictures: args.confirm_pictures, ..ImportOptions::default() };
    let mask = levels(mask)?;
    let notes = AtlasNotes::parse(&notes);
    let added = study.add_to_atlas(reading.volumes, &mask, &notes, &options, &mut ChaCha8Rng::from_seed(seed), &Watch::quiet());
    let code = added.map_err(|why| match why {
        StudyError::BurnedIn { path } => anyhow!(
            "{} may show the patient's name in its pixels: look at it, then add it again with --confirm-pictures if it shows none",
            path.display()
        ),
        other => other.into(),
    })?;
    println!("{code} is in the atlas");
    Ok(())
}

fn read_notes(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|why| {
        let why = if why.kind() == ErrorKind::NotFound { "no such file".to_owned() } else { why.to_string() };
        anyhow!("{} cannot be read: {why}; --notes takes a text file", path.display())
    })
}

/// A mask of marrow levels; labels of anything else would be shown, and compared with, as what they are not.
fn levels(path: &Path) -> Result<Labels> {
    let labels = read_labels_nifti(path)?;
    let highest = LabelScheme::marrow().highest();
    let counts = labels.counts();
    if let Some(other) = (highest + 1..=u8::MAX).find(|label| counts.of(*label) > 0) {
        bail!("{} holds the label {other}, but levels are 1 to {highest}; give the mask of levels alone", path.display());
    }
    Ok(labels)
}
