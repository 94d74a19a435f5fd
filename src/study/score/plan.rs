//! A scoring session before the first mark: which masks in which order, and, kept apart, what they are.

use super::key::{ScoreKey, place_for_key};
use crate::io::{private_write, write_labels_nifti};
use crate::study::read::hex;
use crate::study::{ExamCode, ScoreFile, Study, StudyError};
use crate::volume::Labels;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a mask comes from: what the session hides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScoreSource {
    /// The readers' consensus; how it was made, in words.
    Consensus(String),
    /// A model's version: `marrow-R1/3`.
    Model(String),
}

/// One mask under the code that the session gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreItem {
    /// Code in the session: `M-07`.
    pub code: ExamCode,
    /// The exam, whose image is shown below the mask.
    pub exam: ExamCode,
    /// Levels that the mask holds; marks on others are flagged.
    pub levels: Vec<u8>,
    /// Slices with any label.
    pub slices: u32,
}

/// What the session shows. Holds nothing of where a mask comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorePlan {
    pub(super) format: u32,
    /// Name of the session.
    pub session: ExamCode,
    /// When it was made, RFC 3339.
    pub created: String,
    /// Who marks: one name for a group that agrees on each mark, or several who mark each alone.
    pub scorers: Vec<String>,
    /// Whether labels outside bone were taken out.
    pub outside_bone_removed: bool,
    /// What the person should know: exams left out with the reason.
    pub left_out: Vec<String>,
    /// The masks in the order of scoring.
    pub items: Vec<ScoreItem>,
    /// SHA-256 of the key, so that it cannot be another one later.
    pub key_sha256: String,
}

impl ScorePlan {
    /// A plan without masks: what is known of a session before it is open.
    #[must_use]
    pub const fn named(session: ExamCode) -> Self {
        Self {
            format: 1,
            session,
            created: String::new(),
            scorers: Vec::new(),
            outside_bone_removed: false,
            left_out: Vec::new(),
            items: Vec::new(),
            key_sha256: String::new(),
        }
    }
}

/// The levels that a mask holds: those that are marked.
pub(super) fn levels_of(mask: &Labels) -> Vec<u8> {
    let counts = mask.counts();
    (1..=3).filter(|&level| counts.of(level) > 0).collect()
}

impl Study {
    /// Refuses the name of a session that is there.
    ///
    /// # Errors
    /// If it is.
    pub fn require_new_session(&self, session: &ExamCode) -> Result<(), StudyError> {
        let taken = self.layout().score_file(session).exists();
        if taken { Err(StudyError::ScoreSessionThere { session: session.clone() }) } else { Ok(()) }
    }
}

/// Makes a session: shuffles the masks with `seed`, gives them codes, writes masks, plan and key. `key` is where the key goes,
/// outside the study; in the coordinator's folder beside it unless they keep it elsewhere. Returns where the key lies.
///
/// # Errors
/// If there is a session of that name, no mask or no scorer, the key would lie inside the study, or a file cannot be written.
pub fn new_score_session(
    study: &Study,
    plan: NewPlan<'_>,
    masks: Vec<(ExamCode, ScoreSource, Labels, usize)>,
    seed: u64,
    key: Option<&Path>,
) -> Result<PathBuf, StudyError> {
    let layout = study.layout();
    let place = layout.score_session(plan.session);
    let damaged = |problem: &str| StudyError::Damaged { path: place.clone(), problem: problem.to_owned() };
    study.require_new_session(plan.session)?;
    if masks.is_empty() || plan.scorers.is_empty() {
        return Err(StudyError::Scores { path: place, problem: "a session needs masks and somebody who marks".to_owned() });
    }
    require_scorers(plan.scorers).map_err(|problem| StudyError::Scores { path: place.clone(), problem })?;
    let key = place_for_key(layout, plan.session, key)?;
    let mut masks = masks;
    masks.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    apart(&mut masks);
    let width = masks.len().to_string().len().max(2);
    let (mut items, mut sources) = (Vec::new(), BTreeMap::new());
    let folder = layout.score_masks(plan.session);
    std::fs::create_dir_all(&folder).map_err(|cause| StudyError::NotWritable { path: folder, cause })?;
    for (at, (exam, source, labels, slice_axis)) in masks.into_iter().enumerate() {
        let code = ExamCode::new(&format!("M-{:0width$}", at + 1))?;
        write_labels_nifti(&layout.score_mask(plan.session, &code), &labels, "mask to be scored")?;
        let mut with_signal = vec![false; labels.grid().shape()[slice_axis.min(2)]];
        labels.for_each_labelled(|voxel, _| with_signal[voxel[slice_axis.min(2)]] = true);
        items.push(ScoreItem {
            code: code.clone(),
            exam,
            levels: levels_of(&labels),
            slices: with_signal.iter().filter(|s| **s).count() as u32,
        });
        sources.insert(code.to_string(), source);
    }
    let secret = ScoreKey { session: plan.session.clone(), seed, sources };
    let secret = serde_json::to_vec_pretty(&secret).map_err(|e| damaged(&e.to_string()))?;
    private_write(&key, |out| out.write_all(&secret))?;
    let plan = ScorePlan {
        format: 1,
        session: plan.session.clone(),
        created: plan.created.to_owned(),
        scorers: plan.scorers.to_vec(),
        outside_bone_removed: plan.outside_bone_removed,
        left_out: plan.left_out.to_vec(),
        items,
        key_sha256: hex(&Sha256::digest(&secret)),
    };
    if let Err(error) = ScoreFile::create(&layout.score_file(&plan.session), &plan) {
        // A key without a session would stand in the way of the next attempt.
        let _ = std::fs::remove_file(&key);
        return Err(error);
    }
    Ok(key)
}

/// Whoever is named twice would mark, and be counted, as two; whoever has no name could never mark.
fn require_scorers(scorers: &[String]) -> Result<(), String> {
    if scorers.iter().any(|name| name.trim().is_empty()) {
        return Err("a scorer has no name; write names between single commas".to_owned());
    }
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    match (1..scorers.len()).find(|&at| scorers[..at].iter().any(|before| same(before, &scorers[at]))) {
        Some(at) => Err(format!("scorer {} is named twice; name each once", scorers[at].trim())),
        None => Ok(()),
    }
}

/// What is known of a session before its masks are shuffled.
#[derive(Clone, Copy, Debug)]
pub struct NewPlan<'a> {
    /// Its name.
    pub session: &'a ExamCode,
    /// Now, RFC 3339.
    pub created: &'a str,
    /// Who marks.
    pub scorers: &'a [String],
    /// Whether labels outside bone were taken out.
    pub outside_bone_removed: bool,
    /// Exams left out, with the reason.
    pub left_out: &'a [String],
}

/// Two masks of one exam do not follow each other where that can be had: the image would be recognised.
fn apart(masks: &mut [(ExamCode, ScoreSource, Labels, usize)]) {
    for at in 1..masks.len() {
        if masks[at].0 == masks[at - 1].0 {
            let fits = |n: &usize| {
                let exam = &masks[*n].0;
                let before = n.checked_sub(1).is_none_or(|b| masks[b].0 != masks[at].0);
                *exam != masks[at - 1].0 && before && masks.get(n + 1).is_none_or(|m| m.0 != masks[at].0)
            };
            if let Some(other) = (at + 1..masks.len()).find(fits).or_else(|| (0..at - 1).find(fits)) {
                masks.swap(at, other);
            }
        }
    }
}
