//! Where results may be written: what is made of a study never lands among what it is made of.

use super::Layout;
use crate::study::StudyError;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

impl Layout {
    /// Refuses a folder for results that lies in a study, unless in its `results/`. The folder need not be there yet.
    ///
    /// # Errors
    /// If it lies there, by whatever way the path leads to it, or the path makes no sense.
    pub fn refuse_target(path: &Path) -> Result<(), StudyError> {
        let place = Self::real_place(path).map_err(|cause| StudyError::NoPlace { path: path.to_owned(), cause })?;
        for root in place.ancestors() {
            let layout = Self::new(root);
            if layout.protocol().is_file() && !place.starts_with(layout.results()) {
                return Err(StudyError::Target { path: path.to_owned(), root: root.to_owned(), results: layout.results() });
            }
        }
        Ok(())
    }

    /// The place that a path means, links and `..` followed as the system does; what is not there yet keeps its name.
    ///
    /// # Errors
    /// If the path makes no sense.
    pub fn real_place(path: &Path) -> io::Result<PathBuf> {
        let mut place = PathBuf::new();
        for part in std::path::absolute(path)?.components() {
            if part == Component::ParentDir {
                place.pop();
                continue;
            }
            place.push(part);
            if let (Component::Normal(_), Ok(real)) = (part, fs::canonicalize(&place)) {
                place = real;
            }
        }
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Protocol, Study};

    #[test]
    fn results_go_beside_a_study_or_into_its_results() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("study");
        Study::init(&root, "s", &Protocol::sample()).unwrap();
        for inside in ["study", "study/exams", "study/exams/new/one", "study/new", "study/results/../reads", "study/new/../models/x"] {
            let error = Layout::refuse_target(&home.path().join(inside)).unwrap_err().to_string();
            assert!(error.contains(inside) && error.contains("results") && !error.contains('\n'), "{error}");
        }
        for outside in ["out", "study-masks", "study/results/masks", "study/exams/../results/masks", "study/../out"] {
            Layout::refuse_target(&home.path().join(outside)).unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("exams"), home.path().join("elsewhere")).unwrap();
            std::os::unix::fs::symlink(root.join("reads"), root.join("results/reads")).unwrap();
            for link in ["elsewhere", "elsewhere/new", "study/results/reads/new"] {
                assert!(Layout::refuse_target(&home.path().join(link)).is_err(), "{link}");
            }
        }
    }
}
