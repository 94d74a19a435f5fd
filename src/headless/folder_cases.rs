//! Cases of a folder: images and masks paired by the part of their names that `*` matches.

use super::patterns::FilePattern;
use crate::worker::folder::{Case, CaseTruth};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Pairs the images of every pattern with the masks of `masks`; a case needs all of them.
///
/// # Errors
/// If a pattern matches nothing, two patterns are one, or no case is whole.
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
    refuse_twice(&cases)?;
    if cases.is_empty() {
        bail!("no mask has an image of the same name; * must stand for the same part of both names");
    }
    Ok(cases)
}

/// Refuses a file that stands for two sequences of a case, by whatever way its name leads there: a net that is given water twice would
/// take one of them for fat without a word.
///
/// # Errors
/// One sentence that names the file.
pub(super) fn refuse_twice(cases: &[Case]) -> Result<()> {
    for case in cases {
        let mut seen = BTreeSet::new();
        for path in &case.images {
            // One that is not there is told where it is read.
            let Ok(place) = path.canonicalize() else { continue };
            if !seen.insert(place) {
                bail!("{} stands for two sequences of {}; name each image once, one pattern per sequence", path.display(), case.name);
            }
        }
    }
    Ok(())
}

/// Keeps the cases that `wish` names: names between commas, or `FILE.json:key=value` for the entries of the file's list
/// `exams` whose `key` is `value` and whose `id` is the case's name.
///
/// # Errors
/// If the file is no such list, a name is no case, or nothing is left.
pub fn only(cases: Vec<Case>, wish: Option<&str>) -> Result<Vec<Case>> {
    let Some(wish) = wish else { return Ok(cases) };
    let kept: Vec<Case> = match wish.split_once(".json:").and_then(|(file, rule)| Some((format!("{file}.json"), rule.split_once('=')?))) {
        Some((file, (key, value))) => {
            let names = listed(Path::new(&file), key, value)?;
            cases.into_iter().filter(|case| names.contains(&case.name)).collect()
        }
        None => {
            let names: BTreeSet<&str> = wish.split(',').map(str::trim).collect();
            if let Some(missing) = names.iter().find(|name| !cases.iter().any(|case| case.name == **name)) {
                bail!("{missing} is no case of these patterns; a case is called what the * stands for");
            }
            cases.into_iter().filter(|case| names.contains(case.name.as_str())).collect()
        }
    };
    if kept.is_empty() {
        bail!("--cases {wish} leaves no case");
    }
    Ok(kept)
}

/// Every file that these cases are read from, with the list that chose them.
pub fn files_of(cases: &[Case], wish: Option<&str>) -> Vec<PathBuf> {
    let list = wish.and_then(|wish| Some(PathBuf::from(format!("{}.json", wish.split_once(".json:")?.0))));
    cases.iter().flat_map(|case| case.images.iter().chain(&case.masks)).cloned().chain(list).collect()
}

/// The `id` of every entry of the list `exams` whose `key` is `value`.
fn listed(file: &Path, key: &str, value: &str) -> Result<BTreeSet<String>> {
    let text = std::fs::read(file).with_context(|| format!("{} could not be read", file.display()))?;
    let json: Value = serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))?;
    let exams = json.get("exams").and_then(Value::as_array).with_context(|| format!("{} holds no list `exams`", file.display()))?;
    let is_value = |found: &Value| found.as_str().map_or_else(|| found.to_string(), str::to_owned) == value;
    let chosen = exams.iter().filter(|exam| exam.get(key).is_some_and(is_value));
    Ok(chosen.filter_map(|exam| exam.get("id")?.as_str().map(str::to_owned)).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Vec<Case> {
        ["a-1", "a-2", "b-1"].map(|name| Case { name: name.to_owned(), images: Vec::new(), masks: Vec::new() }).to_vec()
    }

    fn names(wish: &str) -> Vec<String> {
        only(cases(), Some(wish)).unwrap().into_iter().map(|case| case.name).collect()
    }

    #[test]
    fn cases_are_chosen_by_name_or_by_what_a_list_says_of_them() {
        assert_eq!(only(cases(), None).unwrap().len(), 3);
        assert_eq!(names("b-1, a-2"), ["a-2", "b-1"]);
        assert!(only(cases(), Some("c-9")).unwrap_err().to_string().contains("c-9 is no case"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dataset.json");
        let text = r#"{"exams":[{"id":"a-1","scanner":"A","age":7},{"id":"a-2","scanner":"B"},{"id":"b-1","scanner":"A"},{"id":"x","scanner":"A"}]}"#;
        std::fs::write(&file, text).unwrap();
        assert_eq!(names(&format!("{}:scanner=A", file.display())), ["a-1", "b-1"]);
        assert_eq!(names(&format!("{}:age=7", file.display())), ["a-1"]);
        assert!(only(cases(), Some(&format!("{}:scanner=C", file.display()))).unwrap_err().to_string().contains("leaves no case"));
        assert!(only(cases(), Some(&format!("{}x.json:scanner=C", file.display()))).is_err());
    }
}
