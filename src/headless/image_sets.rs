//! Exams of a folder to propose on: patterns, files or folders, one image per sequence of the model.

use super::folder_cases::refuse_twice;
use super::patterns::FilePattern;
use super::place;
use crate::worker::folder::Case;
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Exams without masks, by name. `text` holds, between commas, patterns (`DIR/*_water.nii.gz`), files or folders: one per sequence
/// of the model, in its order. A model of one sequence takes every image of all of them; of one folder, a model of several takes
/// the files whose names end with `_` and the sequence's name.
///
/// # Errors
/// If nothing is there, the number does not suit the model, no exam is whole, or two exams have one name.
pub fn exams(text: &str, sequences: &[String]) -> Result<Vec<Case>> {
    let entries: Vec<&str> = text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    let found = if sequences.len() == 1 { single(&entries)? } else { several(&entries, sequences)? };
    if found.is_empty() {
        bail!("no exam of --images has all that the model takes ({})", sequences.join(", "));
    }
    let cases: Vec<Case> = found.into_iter().map(|(name, images)| Case { name, images, masks: Vec::new() }).collect();
    refuse_twice(&cases)?;
    Ok(cases)
}

type Found = BTreeMap<String, Vec<PathBuf>>;

fn single(entries: &[&str]) -> Result<Found> {
    let mut found = Found::new();
    for (name, path) in entries.iter().map(|entry| images(entry)).collect::<Result<Vec<_>>>()?.into_iter().flatten() {
        if let Some(other) = found.insert(name.clone(), vec![path.clone()]) {
            bail!("{} and {} are both called {name}; propose on them one after the other", other[0].display(), path.display());
        }
    }
    Ok(found)
}

fn several(entries: &[&str], sequences: &[String]) -> Result<Found> {
    let mut by_sequence: Vec<BTreeMap<String, PathBuf>> = match entries {
        [folder] if Path::new(folder).is_dir() => {
            let all = images(folder)?;
            let of = |sequence: &String| {
                let ends = format!("_{sequence}");
                let named = |(name, path): (&String, &PathBuf)| Some((name.strip_suffix(&ends)?.to_owned(), path.clone()));
                all.iter().filter_map(named).collect()
            };
            sequences.iter().map(of).collect()
        }
        _ if entries.len() != sequences.len() => {
            entries.iter().filter(|entry| !entry.contains('*')).try_for_each(|entry| place::require_path(Path::new(entry)))?;
            bail!("the model takes {} ({}), but --images names {}", sequences.len(), sequences.join(", "), entries.len());
        }
        _ => {
            require_order(entries, sequences)?;
            entries.iter().map(|entry| images(entry)).collect::<Result<_>>()?
        }
    };
    // Single files belong together whatever they are called.
    if entries.len() > 1 && entries.iter().all(|entry| Path::new(entry).is_file()) {
        let name = by_sequence[0].keys().next().cloned().unwrap_or_default();
        return Ok(Found::from([(name, by_sequence.iter().flat_map(|files| files.values().cloned()).collect())]));
    }
    let first = by_sequence.remove(0);
    let mut found = Found::new();
    for (name, path) in first {
        let others: Option<Vec<PathBuf>> = by_sequence.iter().map(|files| files.get(&name).cloned()).collect();
        match others {
            Some(others) => drop(found.insert(name, std::iter::once(path).chain(others).collect())),
            None => eprintln!("{name}: left out, an image is missing"),
        }
    }
    Ok(found)
}

/// Refuses an entry whose name says that it is another sequence of the model than the one of its place: the net would take fat for
/// water without a word. Names that say nothing are taken as they stand.
///
/// # Errors
/// One sentence that names the entry and the order.
pub(super) fn require_order(entries: &[&str], sequences: &[String]) -> Result<()> {
    for (entry, wanted) in entries.iter().zip(sequences) {
        let name = Path::new(entry).file_name().unwrap_or_default();
        let Some(stem) = stem(Path::new(name)) else { continue };
        let says = |sequence: &&String| stem == **sequence || stem.ends_with(&format!("_{sequence}"));
        // Of `late_water` and `water` the longer one is meant.
        if let Some(said) = sequences.iter().filter(says).max_by_key(|sequence| sequence.len()).filter(|said| *said != wanted) {
            bail!(
                "{entry} stands where the model takes {wanted}, but its name says {said}; name the images in the order {}",
                sequences.join(", ")
            );
        }
    }
    Ok(())
}

/// Images of one entry by their names.
fn images(entry: &str) -> Result<BTreeMap<String, PathBuf>> {
    let path = Path::new(entry);
    if path.is_file() {
        let name = stem(path).with_context(|| format!("{entry} is no NIfTI file by its name; name files that end with .nii.gz or .nii"))?;
        return Ok(BTreeMap::from([(name, path.to_owned())]));
    }
    if path.is_dir() {
        return listed(path);
    }
    if entry.contains('*') {
        let files = FilePattern::new(entry, 1)?.files()?;
        return Ok(files.into_iter().map(|(mut key, path)| (key.swap_remove(0), path)).collect());
    }
    place::require_path(path)?;
    bail!("{entry} is neither a file nor a folder; name NIfTI files, a folder of them, or a pattern");
}

fn listed(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let words = || format!("{} cannot be listed; check the folder", folder.display());
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(words)? {
        let path = entry.with_context(words)?.path();
        let Some(name) = stem(&path).filter(|_| path.is_file()) else { continue };
        if let Some(other) = found.insert(name.clone(), path.clone()) {
            bail!("{} and {} are both called {name}; remove one of them", other.display(), path.display());
        }
    }
    if found.is_empty() {
        bail!("{} holds no NIfTI file; name a folder with files that end with .nii.gz or .nii", folder.display());
    }
    Ok(found)
}

/// A NIfTI file's name without its ending.
fn stem(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".nii.gz").or_else(|| name.strip_suffix(".nii"))?;
    (!stem.is_empty() && !stem.starts_with('.')).then(|| stem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(cases: &[Case]) -> Vec<(String, usize)> {
        cases.iter().map(|case| (case.name.clone(), case.images.len())).collect()
    }

    #[test]
    fn files_folders_and_patterns_give_the_same_exams() {
        let home = tempfile::tempdir().unwrap();
        for name in ["a_water.nii.gz", "a_fat.nii.gz", "b_water.nii", "notes.txt", ".hidden.nii"] {
            std::fs::write(home.path().join(name), "").unwrap();
        }
        let at = |name: &str| home.path().join(name).display().to_string();
        let (one, two) = (["water".to_owned()], ["water".to_owned(), "fat".to_owned()]);
        let all = names(&exams(&at(""), &one).unwrap());
        assert_eq!(all, [("a_fat".into(), 1), ("a_water".into(), 1), ("b_water".into(), 1)]);
        assert_eq!(names(&exams(&format!("{}, {}", at("a_water.nii.gz"), at("b_water.nii")), &one).unwrap()).len(), 2);
        assert_eq!(names(&exams(&at("*_water.nii.gz"), &one).unwrap()), [("a".into(), 1)]);
        assert_eq!(names(&exams(&at(""), &two).unwrap()), [("a".into(), 2)], "b has no fat image");
        let pair = exams(&format!("{},{}", at("a_water.nii.gz"), at("a_fat.nii.gz")), &two).unwrap();
        assert_eq!(names(&pair), [("a_water".into(), 2)]);
        assert!(pair[0].images[1].ends_with("a_fat.nii.gz"));
        assert_eq!(names(&exams(&format!("{},{}", at("*_water.nii.gz"), at("*_fat.nii.gz")), &two).unwrap()), [("a".into(), 2)]);
    }

    #[test]
    fn what_is_missing_or_double_is_named() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name).display().to_string();
        let one = ["water".to_owned()];
        assert!(exams(&at(""), &one).unwrap_err().to_string().contains("holds no NIfTI file"));
        std::fs::write(home.path().join("a.nii"), "").unwrap();
        std::fs::write(home.path().join("notes.txt"), "").unwrap();
        assert!(exams(&at("b.nii"), &one).unwrap_err().to_string().contains("no such file"));
        assert!(exams(&at("notes.txt"), &one).unwrap_err().to_string().contains("is no NIfTI file"));
        assert!(exams(&format!("{},{}", at(""), at("a.nii")), &one).unwrap_err().to_string().contains("both called a"));
        let two = ["water".to_owned(), "fat".to_owned()];
        assert!(exams(&at("a.nii"), &two).unwrap_err().to_string().contains("takes 2 (water, fat)"));
        assert!(exams(&at(""), &two).unwrap_err().to_string().contains("has all that the model takes"));
        assert!(exams(" , ", &one).is_err());
        for (water, fat) in [("*_water.nii.gz", "*_fat.nii.gz"), ("a_water.nii", "a_fat.nii")] {
            let swapped = exams(&format!("{},{}", at(fat), at(water)), &two).unwrap_err().to_string();
            assert!(swapped.contains("stands where the model takes water, but its name says fat"), "{swapped}");
        }
    }
}
