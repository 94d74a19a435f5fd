//! `osteon phantom`: synthetic knees as NIfTI files, to try and to train on; nothing from a patient.

use super::progress::Progress;
use crate::io::{write_image_nifti, write_labels_nifti};
use crate::phantom::knee;
use crate::study::Layout;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use std::path::PathBuf;

/// What `osteon phantom` takes.
#[derive(Args, Clone, Debug)]
pub struct PhantomArgs {
    /// New or empty folder for the files
    pub out: PathBuf,
    /// Knees to draw
    #[arg(long, default_value_t = 10)]
    pub exams: u32,
    /// The series; the same seed gives the same knees
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Writes per knee `K001_water`, `K001_fat`, `K001_marrow` (levels 1 to 3 without a reader's hand) and `K001_bone`
/// (1 femur, 2 tibia, 3 fibula, 4 patella).
///
/// # Errors
/// One sentence that names the folder or file.
pub fn run(args: &PhantomArgs) -> Result<()> {
    let out = &args.out;
    if !(1..=999).contains(&args.exams) {
        bail!("--exams is {}, but must be between 1 and 999", args.exams);
    }
    Layout::refuse_target(out)?;
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made; choose another folder", out.display()))?;
    if std::fs::read_dir(out)?.next().is_some() {
        bail!("{} is not empty; choose another folder", out.display());
    }
    let progress = Progress::new();
    progress.stage("Drawing knees");
    for number in 0..args.exams {
        progress.at(number as f32 / args.exams as f32, "Drawing knees");
        let exam = knee(args.seed, number)?;
        let file = |what: &str| out.join(format!("K{:03}_{what}.nii.gz", number + 1));
        write_image_nifti(&file("water"), exam.water())?;
        write_image_nifti(&file("fat"), exam.fat())?;
        write_labels_nifti(&file("marrow"), exam.truth(), "Osteon phantom: marrow levels")?;
        write_labels_nifti(&file("bone"), exam.bones(), "Osteon phantom: femur, tibia, fibula, patella")?;
    }
    progress.finish();
    println!("{}: {} synthetic knees of series {}", out.display(), args.exams, args.seed);
    Ok(())
}
