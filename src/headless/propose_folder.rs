//! `osteon propose --images … --model MODEL_DIR --out DIR`: what a model suggests on NIfTI files, without a study.

use super::image_sets::exams;
use super::output::{model_files, refuse_over, require_target};
use super::place;
use super::progress::Progress;
use super::propose::{Proposals, ProposeArgs, map_file, write_maps};
use super::train_folder::require_model;
use crate::io::write_labels_nifti;
use crate::learn::{Compute, checkpoint};
use crate::study::Layout;
use crate::worker::folder::{Case, propose_case};
use anyhow::{Context as _, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// # Errors
/// One sentence that names the file or says what is missing.
pub(super) fn run(args: &ProposeArgs, images: &str) -> Result<()> {
    let folder = Path::new(&args.model);
    let Some(out) = &args.out else { bail!("name the folder for the masks with --out") };
    require_model(folder)?;
    let (model, card) = checkpoint::load(folder)?;
    let model = model.on(Compute::best().0);
    let cases = exams(images, &model.spec().spec().sequences)?;
    let word = model_word(folder);
    Layout::refuse_target(out)?;
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made; choose another folder", out.display()))?;
    let files: Vec<PathBuf> = cases.iter().map(|case| out.join(format!("{}_{word}.nii.gz", case.name))).collect();
    let labels = if args.probabilities { model.spec().spec().labels } else { 0 };
    require_places(args, &cases, &files, labels)?;
    let bar = Progress::new();
    bar.stage(&format!("Proposing on {} exams", cases.len()));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(place::all_threads()).build().context("the threads could not be started")?;
    let stop = AtomicBool::new(false);
    let mut proposals = Proposals::new(word, card.weights_sha256, args);
    for (at, (case, file)) in cases.iter().zip(&files).enumerate() {
        bar.at(at as f32 / cases.len() as f32, &format!("Proposing on {}", case.name));
        let proposed = pool.install(|| propose_case(&model, case, args.probabilities, &stop)).map_err(|why| anyhow!(why))?;
        let proposed = proposed.context("stopped before the end")?;
        write_labels_nifti(file, &proposed.labels, "Osteon proposal")?;
        let maps = write_maps(file, proposed.labels.grid(), &proposed.probabilities)?;
        proposals.add(&case.name, file, &proposed.labels, model.spec().spec().labels, &maps);
    }
    bar.finish();
    proposals.finish()
}

/// What stands in the masks' names: the folder's, or `marrow-R1-v3` for version 3 in a study.
fn model_word(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = |path: &Path| path.file_name().map_or_else(|| "model".to_owned(), |n| n.to_string_lossy().into_owned());
    let own = name(&folder);
    match folder.parent() {
        Some(parent) if own.parse::<u32>().is_ok() => format!("{}-v{own}", name(parent)),
        _ => own,
    }
}

/// Refuses masks, maps of so many labels and figures over what they are made of; over one another, too.
fn require_places(args: &ProposeArgs, cases: &[Case], masks: &[PathBuf], labels: usize) -> Result<()> {
    let mut read: Vec<PathBuf> = cases.iter().flat_map(|case| case.images.clone()).chain(model_files(Path::new(&args.model))).collect();
    let maps = masks.iter().flat_map(|mask| (1..=labels).map(|label| map_file(mask, label)));
    for file in masks.iter().cloned().chain(maps) {
        refuse_over(&file, &read)?;
        read.push(file);
    }
    args.json.as_deref().map_or(Ok(()), |path| require_target(path, &read))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_named_after_the_model() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("marrow-R1").join("3");
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(model_word(&folder), "marrow-R1-v3");
        assert_eq!(model_word(folder.parent().unwrap()), "marrow-R1");
    }
}
