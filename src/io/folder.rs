//! Folders: making them and listing what can be opened.

use super::SaveError;
use std::fs;
use std::path::Path;

/// Entries of a folder that can be opened; hidden ones and files of other kinds are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderEntries {
    /// Names of folders, sorted.
    pub folders: Vec<String>,
    /// Names of files that may be images, sorted.
    pub files: Vec<String>,
}

/// More entries than this are not listed: a list so long helps nobody and must not fill memory.
const MOST_ENTRIES: usize = 20_000;

/// Lists a folder.
///
/// # Errors
/// What the system says.
pub fn list_folder(path: &Path) -> std::io::Result<FolderEntries> {
    let mut entries = FolderEntries::default();
    for entry in fs::read_dir(path)?.flatten().take(MOST_ENTRIES) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            entries.folders.push(name);
        } else if may_be_image(&name) {
            entries.files.push(name);
        }
    }
    entries.folders.sort_unstable();
    entries.files.sort_unstable();
    Ok(entries)
}

/// Makes a folder and those above it.
///
/// # Errors
/// One sentence that names the folder, if the system refuses.
pub fn make_folder(path: &Path) -> Result<(), SaveError> {
    fs::create_dir_all(path).map_err(|cause| SaveError::new(path, cause))
}

/// DICOM files often have no ending at all, or a number.
fn may_be_image(name: &str) -> bool {
    const ENDINGS: [&str; 11] = [".nii", ".nii.gz", ".hdr", ".img", ".hdr.gz", ".img.gz", ".dcm", ".ima", ".png", ".jpg", ".jpeg"];
    let lower = name.to_lowercase();
    // `IM0001`, `IM.0001`, or called as the picture's UID.
    let numbered = lower.rsplit('.').next().is_some_and(|last| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()));
    ENDINGS.iter().any(|ending| lower.ends_with(ending)) || !lower.contains('.') || numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_what_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.nii.gz", "a.DCM", "IM0001", "IM.0002", "1.2.840.7", "c.img.gz", "notes.txt", ".hidden"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        make_folder(&folder.path().join("series/one")).unwrap();
        let entries = list_folder(folder.path()).unwrap();
        assert_eq!(entries.folders, ["series"]);
        assert_eq!(entries.files, ["1.2.840.7", "IM.0002", "IM0001", "a.DCM", "b.nii.gz", "c.img.gz"]);
        assert!(list_folder(&folder.path().join("none")).is_err());
        let refused = make_folder(&folder.path().join("IM0001/below")).unwrap_err().to_string();
        assert!(refused.contains("IM0001"), "{refused}");
    }
}
