//! Cases of a folder: images and masks paired by the part of their names that `*` matches.

use super::patterns::FilePattern;
use crate::worker::folder::{Case, CaseTruth};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Pairs the images of every pattern with the masks of `masks`; a case needs all of them.
///
/// # Errors
/// If a pattern matches nothing, or no case is whole.
pub fn pair(images: &[FilePattern], masks: &FilePattern) -> Result<Vec<Case>> {
    let by_pattern = images.iter().map(FilePattern::files).collect::<Result<Vec<_>>>()?;
    let mut masks_of: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (key, path) in masks.files()? {
        masks_of.entry(key[0].clone()).or_default().push(path);
    }
    let mut cases = Vec::new();
    for (name, masks) in masks_of {
        let images: Option<Vec<PathBuf>> = by_pattern.iter().map(|files| files.get(std::slice::from_ref(&name)).cloned()).collect();
        match images {
            Some(images) => cases.push(Case { name, images, masks }),
            None => eprintln!("{name}: left out, an image is missing"),
        }
    }
    if cases.is_empty() {
        bail!("no mask has an image of the same name; * must stand for the same part of both names");
    }
    Ok(cases)
}

/// `GLOB` for one mask per case, `staple:GLOB` (with a second `*` for the readers) for the STAPLE of several.
///
/// # Errors
/// If the pattern is none.
pub fn truth(text: &str) -> Result<(FilePattern, CaseTruth)> {
    match text.strip_prefix("staple:") {
        Some(pattern) => Ok((FilePattern::new(pattern, 2)?, CaseTruth::Staple)),
        None => Ok((FilePattern::new(text, 1)?, CaseTruth::Mask)),
    }
}
