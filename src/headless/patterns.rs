//! File patterns: `DIR/*_water.nii.gz`. Files of several patterns belong together by the part that `*` stands for.

use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A pattern with one `*` (or two, for several readers) in its file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePattern {
    folder: PathBuf,
    /// What stands before, between and behind the stars.
    parts: Vec<String>,
    text: String,
}

impl FilePattern {
    /// # Errors
    /// If a folder's name holds a `*`, or the file's name does not hold `stars` of them.
    pub fn new(text: &str, stars: usize) -> Result<Self> {
        let (folder, name) = text.rsplit_once('/').unwrap_or((".", text));
        let parts: Vec<String> = name.split('*').map(str::to_owned).collect();
        if folder.contains('*') || parts.len() != stars + 1 {
            let example = if stars == 1 { "DIR/*_water.nii.gz" } else { "DIR/*_reader*.nii.gz" };
            bail!("{text} must hold {stars} * in its file's name and none in its folder's, as in {example}");
        }
        Ok(Self { folder: PathBuf::from(if folder.is_empty() { "/" } else { folder }), parts, text: text.to_owned() })
    }

    /// Patterns between commas.
    ///
    /// # Errors
    /// As [`FilePattern::new`].
    pub fn list(text: &str) -> Result<Vec<Self>> {
        text.split(',').map(|one| Self::new(one.trim(), 1)).collect()
    }

    /// Files by what the stars stand for, in order.
    ///
    /// # Errors
    /// If the folder cannot be read or nothing in it matches.
    pub fn files(&self) -> Result<BTreeMap<Vec<String>, PathBuf>> {
        let entries =
            std::fs::read_dir(&self.folder).with_context(|| format!("{} cannot be listed; check the folder", self.folder.display()))?;
        let mut found = BTreeMap::new();
        for entry in entries {
            let path = entry.with_context(|| format!("{} cannot be listed; check the folder", self.folder.display()))?.path();
            if let Some(key) = path.file_name().and_then(|name| self.matches(&name.to_string_lossy())) {
                found.insert(key, path);
            }
        }
        if found.is_empty() {
            bail!("{} matches no file; put the pattern in quotes and check the folder", self.text);
        }
        Ok(found)
    }

    /// A word for what the pattern selects: its fixed part without the ending (`water`).
    pub fn word(&self) -> String {
        let tail = self.parts.last().map_or("", String::as_str);
        let name = Path::new(tail).to_string_lossy().replace(".nii.gz", "").replace(".nii", "");
        let word: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        if word.is_empty() { "image".to_owned() } else { word }
    }

    /// What each star stands for; the shortest match where there are several.
    fn matches(&self, name: &str) -> Option<Vec<String>> {
        let mut rest = name.strip_prefix(self.parts.first()?.as_str())?.strip_suffix(self.parts.last()?.as_str())?;
        let mut key = Vec::new();
        for middle in &self.parts[1..self.parts.len() - 1] {
            let at = rest.find(middle.as_str())?;
            key.push(rest[..at].to_owned());
            rest = &rest[at + middle.len()..];
        }
        key.push(rest.to_owned());
        (!key.iter().any(String::is_empty)).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_what_is_between() {
        let one = FilePattern::new("a/b/*_water.nii.gz", 1).unwrap();
        assert_eq!(one.matches("train-01_water.nii.gz"), Some(vec!["train-01".to_owned()]));
        assert_eq!((one.matches("train-01_fat.nii.gz"), one.matches("_water.nii.gz")), (None, None));
        assert_eq!(one.word(), "water");
        let two = FilePattern::new("*_reader*.nii.gz", 2).unwrap();
        assert_eq!(two.matches("t-1_reader4.nii.gz"), Some(vec!["t-1".to_owned(), "4".to_owned()]));
        assert!(FilePattern::new("a*/b.nii", 1).is_err() && FilePattern::new("a/b.nii", 1).is_err());
    }

    #[test]
    fn a_folder_without_a_match_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a_x.nii"), "").unwrap();
        let pattern = |tail: &str| FilePattern::new(&format!("{}/{tail}", folder.path().display()), 1).unwrap();
        assert_eq!(pattern("*_x.nii").files().unwrap().len(), 1);
        let error = pattern("*_y.nii").files().unwrap_err().to_string();
        assert!(error.contains("*_y.nii matches no file"), "{error}");
    }
}
