//! What a folder training learns from and is judged by: cases read one at a time, within the memory allowed.

use super::cases::{Case, CaseTruth, Purpose};
use super::known::{data_hash, image_hash};
use super::room::{self, Room, Use};
use super::run::Common;
use super::train::{FolderProgress, Held};
use crate::learn::{CheckedSpec, PreparedSlices, Recipe, learnt_recipe};
use crate::volume::Labels;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// By what the cases that were learnt from are known again.
pub(super) struct Gathered {
    /// A line per case: its name and a hash of its labels.
    pub hashes: Vec<String>,
    /// A hash of the first image of each.
    pub images: BTreeSet<String>,
}

/// Refuses cases that would not fit into the memory allowed, by their headers: before the first image is read.
///
/// # Errors
/// One sentence.
pub(super) fn require_room(common: &Common<'_>, [train, held]: [&[&Case]; 2], spec: &CheckedSpec, recipe: &Recipe) -> Result<(), String> {
    let (learn, judge) = (Use::Learn { has_thick: has_thick(common, recipe) }, Use::Judge { levels: common.levels.len() });
    let cases = train.iter().map(|case| (case, learn)).chain(held.iter().map(|case| (case, judge)));
    let rooms = cases.map(|(case, to)| Ok((case.name.as_str(), Room::of(case, spec, to)?))).collect::<Result<Vec<_>, String>>()?;
    room::require(&rooms, common.memory_mb)
}

/// Whether thicker slices stand beside those learnt from.
fn has_thick(common: &Common<'_>, recipe: &Recipe) -> bool {
    common.plan.augmentation_for(common.layer, recipe).thickness > 0.0
}

/// Reads the cases, those to learn from and those held out, one at a time. `None` when stopped.
///
/// # Errors
/// One sentence that names the file.
pub(super) fn gather(
    common: &mut Common<'_>,
    [train, held]: [&[&Case]; 2],
    spec: &CheckedSpec,
    recipe: &Recipe,
    progress: &mut dyn FnMut(FolderProgress),
) -> Result<Option<Gathered>, String> {
    let has_thick = has_thick(common, recipe);
    let of = train.len() + held.len();
    let mut gathered = Gathered { hashes: Vec::with_capacity(train.len()), images: BTreeSet::new() };
    for (at, case) in train.iter().chain(held).enumerate() {
        progress(FolderProgress::Reading { at, of });
        if common.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let learns = at < train.len();
        let (prepared, masks) = load(case, spec, recipe, common.layer, learns.then_some(&mut gathered))?;
        if !learns {
            common.data_bytes += (prepared.bytes() + common.levels.len() * masks[0].grid().voxel_count()) as u64;
            let truths = CaseTruth::Mask.levels(case, &masks, &common.levels)?;
            common.held_out.push(Held { name: case.name.clone(), prepared, truths });
            continue;
        }
        // Thicker slices stand beside the others.
        common.data_bytes += (prepared.slice_count() * prepared.example_bytes() * if has_thick { 2 } else { 1 }) as u64;
        for slice in 0..prepared.slice_count() {
            let made = prepared.example(slice, &masks[0], |_| true);
            let made = made.and_then(|e| if has_thick { Ok(e.with_thick(prepared.thick_planes(slice)?)) } else { Ok(e) });
            common.examples.push(made.map_err(|e| format!("{}: {e}", case.name))?);
        }
    }
    Ok(Some(gathered))
}

/// A case as the net takes it in, and its masks; its hashes are written down where it is learnt from.
fn load(
    case: &Case,
    spec: &CheckedSpec,
    recipe: &Recipe,
    layer: &str,
    learnt: Option<&mut Gathered>,
) -> Result<(PreparedSlices, Vec<Labels>), String> {
    let (images, axis) = case.load_images(Purpose::Learn)?;
    let masks = case.load_masks(&images[0], layer)?;
    if let Some(gathered) = learnt {
        gathered.hashes.push(data_hash(case, &masks[0]));
        gathered.images.insert(image_hash(&images[0]));
    }
    let refs: Vec<_> = images.iter().collect();
    let prepared = PreparedSlices::new(spec, recipe, &refs, axis).map_err(|e| format!("{}: {e}", case.name))?;
    Ok((prepared, masks))
}

/// The recipe with what it learns from the training cases, read one at a time; `None` when stopped.
///
/// # Errors
/// One sentence that names the file.
pub(super) fn learn_recipe(
    recipe: &Recipe,
    train: &[&Case],
    stop: &AtomicBool,
    progress: &mut dyn FnMut(FolderProgress),
) -> Result<Option<Recipe>, String> {
    let learnt = learnt_recipe(recipe, train.len(), &mut |at| {
        progress(FolderProgress::Reading { at, of: train.len() });
        if stop.load(Ordering::Relaxed) { Err("stopped".to_owned()) } else { train[at].load_images(Purpose::Learn) }
    });
    if stop.load(Ordering::Relaxed) { Ok(None) } else { learnt.map(Some) }
}
