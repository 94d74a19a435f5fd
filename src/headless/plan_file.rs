//! Plans and recipes that people write down as JSON files.

use crate::learn::{Plan, Recipe, by_hand};
use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read as _;
use std::path::Path;

/// More than anybody writes by hand, and than a recipe with its standard scales takes.
const MOST_BYTES: u64 = 1 << 20;

/// The plan of a file; none: the usual one.
///
/// # Errors
/// One sentence that names the file and the field.
pub(super) fn read_plan(file: Option<&Path>) -> Result<Plan> {
    let Some(path) = file else { return Ok(Plan::default()) };
    let plan: Plan = read(path, "no plan of a training")?;
    sensible(path, plan.check())?;
    Ok(plan)
}

/// The recipe of a file.
///
/// # Errors
/// As [`read_plan`].
pub(super) fn read_recipe(path: &Path) -> Result<Recipe> {
    let recipe: Recipe = read(path, "no recipe, written as behind `\"recipe\":` in a plan or a model's card.json")?;
    sensible(path, recipe.check())?;
    Ok(recipe)
}

/// What is wrong, after the file's name.
pub(super) fn sensible<T>(path: &Path, found: Result<T, String>) -> Result<T> {
    found.map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))
}

fn read<T: DeserializeOwned + Serialize>(path: &Path, what: &str) -> Result<T> {
    let cannot = || format!("{} cannot be read; check the path and its permissions", path.display());
    let mut bytes = Vec::new();
    // The size of what is no ordinary file is found out only by reading.
    std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)).with_context(cannot)?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!("{} is {what}: it has more than {MOST_BYTES} bytes; name another file", path.display());
    }
    let Ok(text) = std::str::from_utf8(&bytes) else { bail!("{} is {what}: it is no text (UTF-8)", path.display()) };
    by_hand(text).map_err(|why| anyhow::anyhow!("{} is {what}: {why}", path.display()))
}
