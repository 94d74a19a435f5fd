//! What is known about a version of a model.

use super::{ModelSpec, Plan, Recipe};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The card beside the weights: enough to say what a proposal rests on, and to make the same weights again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of this card's format; see [`Card::FORMAT`].
    pub format: u32,
    /// What was to be learnt, from what.
    pub spec: ModelSpec,
    /// How grey values are prepared.
    pub recipe: Recipe,
    /// Seed of the drawing of batches.
    pub seed: u64,
    /// Steps trained, over all versions.
    pub steps: u64,
    /// A hash per training exam of what was learnt from it.
    #[serde(default)]
    pub data_hashes: Vec<String>,
    /// A hash of the first image of each training exam of a training on folders, and of those of the model it went on from.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub learnt_images: BTreeSet<String>,
    /// Slices that this version and those it went on from learnt, counted from 0, by exam: none of them judges it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub learnt_slices: BTreeMap<String, BTreeSet<usize>>,
    /// Dice per label on the validation exams, by the label's key; none where it is not estimable.
    #[serde(default)]
    pub dice: BTreeMap<String, Option<f64>>,
    /// What the figures were found on, in words.
    #[serde(default)]
    pub held_out: String,
    /// Slices learnt from that a reader accepted whole in triage.
    #[serde(default)]
    pub accepted_slices: usize,
    /// Instruction path or device.
    pub instruction_path: String,
    /// Threads used.
    pub threads: usize,
    /// The version that training went on from.
    #[serde(default)]
    pub parent: Option<String>,
    /// Where weights came from that were not learnt here from the start, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Key of each label, from label 1 on; empty where the study's protocol says them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub label_keys: Vec<String>,
    /// When it was made, as text.
    pub created: String,
    /// SHA-256 of the weights file, written by saving; within a file that holds card and weights, of the net's numbers.
    #[serde(default)]
    pub weights_sha256: String,
    /// The same of each further net.
    #[serde(default)]
    pub members_sha256: Vec<String>,
    /// How it was trained, where it was trained by a plan.
    #[serde(default)]
    pub plan: Option<Plan>,
}

impl Card {
    /// The format that this program writes.
    pub const FORMAT: u32 = 1;

    /// Reads a card. Its format is looked at first: a later one may hold anything.
    ///
    /// # Errors
    /// In words, if it is of another format or no card.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if format != Self::FORMAT {
            return Err(format!("format {format} is not {}, the one this program knows", Self::FORMAT));
        }
        serde_json::from_slice(bytes).map_err(|e| e.to_string())
    }

    /// Hashes of all nets, in their order; the first may be empty: then there is nothing to compare with.
    pub(super) fn hashes(&self) -> Vec<&String> {
        std::iter::once(&self.weights_sha256).chain(&self.members_sha256).collect()
    }

    /// A card for a model as it stands; scores and hashes are the caller's to add.
    #[must_use]
    pub fn of(model: &super::Model, seed: u64, created: &str) -> Self {
        Self {
            format: Self::FORMAT,
            spec: model.spec().spec().clone(),
            recipe: model.recipe().clone(),
            seed,
            steps: model.steps(),
            data_hashes: Vec::new(),
            learnt_images: BTreeSet::new(),
            learnt_slices: BTreeMap::new(),
            dice: BTreeMap::new(),
            held_out: String::new(),
            accepted_slices: 0,
            instruction_path: model.compute().word().to_owned(),
            threads: rayon::current_num_threads(),
            parent: None,
            origin: None,
            label_keys: Vec::new(),
            created: created.to_owned(),
            weights_sha256: String::new(),
            members_sha256: Vec::new(),
            plan: None,
        }
    }
}
