//! The key of a scoring session: what its masks are. Like the code map it lies outside the study, with the coordinator.

use super::plan::{ScorePlan, ScoreSource};
use crate::study::exam::read_given;
use crate::study::link::refuse_inside;
use crate::study::read::hex;
use crate::study::{ExamCode, Layout, StudyError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the masks of a session are. The coordinator's, opened when the session is locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreKey {
    /// Name of the session.
    pub session: ExamCode,
    /// What the order was drawn with.
    pub seed: u64,
    /// Source by code.
    pub sources: BTreeMap<String, ScoreSource>,
}

impl ScoreKey {
    /// Reads the key of a session and makes sure that it is the one the session was made with.
    ///
    /// # Errors
    /// If it cannot be read, or is another.
    pub fn load(path: &Path, plan: &ScorePlan) -> Result<Self, StudyError> {
        let bytes = read_given(path)?;
        let damaged = |problem: String| StudyError::Damaged { path: path.to_owned(), problem };
        if hex(&Sha256::digest(&bytes)) != plan.key_sha256 {
            return Err(damaged(format!("it is not the key that session {} was made with", plan.session)));
        }
        serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))
    }
}

/// Where the key of a session was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// The file.
    pub path: PathBuf,
    /// It lies in the study, where earlier versions of the program left it and whoever scores could open it.
    pub in_study: bool,
}

impl KeyPlace {
    /// Looks for the key of a session: where `asked`, else in the coordinator's folder, else in the session's own.
    ///
    /// # Errors
    /// If it is at none of these places.
    pub fn find(layout: &Layout, session: &ExamCode, asked: Option<&Path>) -> Result<Self, StudyError> {
        if let Some(path) = asked {
            return Ok(Self { path: path.to_owned(), in_study: false });
        }
        let usual = layout.score_key(session);
        if let Some(path) = usual.as_ref().filter(|path| path.is_file()) {
            return Ok(Self { path: path.clone(), in_study: false });
        }
        let old = layout.score_key_in_study(session);
        if old.is_file() {
            return Ok(Self { path: old, in_study: true });
        }
        Err(StudyError::NoScoreKey { session: session.clone(), path: usual.unwrap_or(old) })
    }

    /// What the coordinator should do about it, in one sentence.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let advice = "whoever scores could have opened it there; keep it outside the study";
        self.in_study.then(|| format!("The key of this session lies inside the study ({}): {advice}.", self.path.display()))
    }
}

/// Where the key of a new session goes: where `asked`, else into the coordinator's folder; the folder is made where it is missing.
pub(super) fn place_for_key(layout: &Layout, session: &ExamCode, asked: Option<&Path>) -> Result<PathBuf, StudyError> {
    let nowhere = || StudyError::Scores {
        path: layout.root().to_owned(),
        problem: "there is no folder beside the study for the key of the session; say where the key goes".to_owned(),
    };
    let usual = layout.score_key(session);
    let path = match asked {
        Some(folder) if folder.is_dir() => folder.join(usual.as_deref().and_then(Path::file_name).unwrap_or("score.key.json".as_ref())),
        Some(path) => path.to_owned(),
        None => usual.ok_or_else(nowhere)?,
    };
    refuse_inside("the key of a scoring session", &path, layout.root())?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|cause| StudyError::KeyNotWritable { path: path.clone(), cause })?;
    }
    if path.exists() {
        let problem = "the key of another session lies there; choose another name for the session, or another place".to_owned();
        return Err(StudyError::Scores { path, problem });
    }
    Ok(path)
}
