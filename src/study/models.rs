//! Versions of the study's models, and which of them proposes. What is in a version is `learn`'s.

use super::exam::read_bounded;
use super::{ModelCode, Study, StudyError};
use crate::io::atomic_write;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CurrentForm {
    version: u32,
}

impl Study {
    /// Models that have a folder, sorted.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn models(&self) -> Result<Vec<ModelCode>, StudyError> {
        self.layout().model_codes().map_err(|e| StudyError::list(self.layout().models(), e))
    }

    /// Versions of a model with their folders, ascending.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn model_versions(&self, model: &ModelCode) -> Result<Vec<(u32, PathBuf)>, StudyError> {
        let versions = self.layout().model_versions(model).map_err(|e| StudyError::list(self.layout().model(model), e))?;
        Ok(versions.into_iter().map(|version| (version, self.layout().model_version(model, version))).collect())
    }

    /// The version that proposes, if one was chosen.
    ///
    /// # Errors
    /// If `current.json` cannot be read or understood, or names a version that is not there.
    pub fn current_version(&self, model: &ModelCode) -> Result<Option<u32>, StudyError> {
        let path = self.layout().model_current(model);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = |problem: String| StudyError::Damaged { path: path.clone(), problem };
        let form: CurrentForm = serde_json::from_slice(&read_bounded(&path)?).map_err(|e| damaged(e.to_string()))?;
        if self.layout().model_version(model, form.version).is_dir() {
            Ok(Some(form.version))
        } else {
            Err(damaged(format!("it names version {}, which is not there", form.version)))
        }
    }

    /// Chooses the version that proposes.
    ///
    /// # Errors
    /// If there is no such version or the choice cannot be written.
    pub fn set_current_version(&self, model: &ModelCode, version: u32) -> Result<(), StudyError> {
        if version == 0 || !self.layout().model_version(model, version).is_dir() {
            return Err(StudyError::NoSuchVersion { model: model.clone(), version });
        }
        let path = self.layout().model_current(model);
        Ok(atomic_write(&path, |out| out.write_all(format!("{{ \"version\": {version} }}\n").as_bytes()))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Protocol;

    #[test]
    fn the_current_version_is_one_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::init(&folder.path().join("s"), "S", &Protocol::sample()).unwrap();
        let model = ModelCode::new("marrow").unwrap();
        assert!(study.models().unwrap().is_empty());
        for version in [1, 2, 10] {
            std::fs::create_dir_all(study.layout().model_version(&model, version)).unwrap();
        }
        assert_eq!(study.current_version(&model).unwrap(), None);
        study.set_current_version(&model, 10).unwrap();
        assert_eq!(study.current_version(&model).unwrap(), Some(10));
        assert!(study.set_current_version(&model, 3).unwrap_err().to_string().contains("version 3"));
        assert_eq!(study.model_versions(&model).unwrap().iter().map(|v| v.0).collect::<Vec<_>>(), [1, 2, 10]);
        std::fs::remove_dir(study.layout().model_version(&model, 10)).unwrap();
        assert!(study.current_version(&model).unwrap_err().to_string().contains("not there"));
    }
}
