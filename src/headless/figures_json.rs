//! Figures as JSON objects, in the schema of `reference/agreement/README.md`.

use crate::agreement::{Comparison, ConfusionMatrix, DistanceStatus, KappaWeight, LesionDetection, Overlap, SurfaceDistances};
use crate::consensus::{JointStaple, LevelStatus, Staple, VoteTable};
use crate::volume::LabelCounts;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Cohen's kappa with the three weights.
pub(super) fn cohen_json(matrix: &ConfusionMatrix) -> Value {
    json!({
        "plain": matrix.kappa(KappaWeight::Plain),
        "linear": matrix.kappa(KappaWeight::Linear),
        "quadratic": matrix.kappa(KappaWeight::Quadratic),
    })
}

/// Every figure of one level of two maps.
pub(super) fn level_json(comparison: &Comparison, level_a: &[u8], level_b: &[u8]) -> Value {
    let mut out = overlap_json(&comparison.overlap_between(level_a, level_b));
    let surface = comparison.surface_between(level_a, level_b);
    let elements = comparison.elements_between(level_a, level_b);
    let lesions = comparison.lesions_between(level_a, level_b);
    if let (Value::Object(out), Value::Object(more)) = (&mut out, surface_json(&surface)) {
        out.extend(more);
        out.insert("lesions".to_owned(), lesions_json(&lesions));
        out.insert("sd_hausdorff".to_owned(), json!(elements.hausdorff()));
        out.insert("sd_hd95".to_owned(), json!(elements.hd95()));
        out.insert("sd_surface_dice_1mm".to_owned(), json!(elements.surface_dice(1.0)));
        out.insert("itk_hausdorff".to_owned(), json!(comparison.set_hausdorff_mm(level_a, level_b)));
    }
    out
}

fn overlap_json(overlap: &Overlap) -> Value {
    json!({
        "tp": overlap.tp, "fp": overlap.fp, "fn": overlap.fn_, "tn": overlap.tn,
        "dice": overlap.dice(), "jaccard": overlap.jaccard(), "volume_similarity": overlap.volume_similarity(),
        "sensitivity": overlap.sensitivity(), "specificity": overlap.specificity(), "precision": overlap.precision(),
        "false_negative_rate": overlap.false_negative_rate(), "false_discovery_rate": overlap.false_discovery_rate(),
        "volume_a_ml": overlap.volume_a_ml(), "volume_b_ml": overlap.volume_b_ml(),
        "mcc": overlap.mcc(), "kappa": overlap.kappa(), "itk_false_positive_error": overlap.false_positive_rate(),
    })
}

fn lesions_json(lesions: &LesionDetection) -> Value {
    json!({
        "reference": lesions.reference, "found": lesions.found, "marked": lesions.marked, "right": lesions.right,
        "sensitivity": lesions.sensitivity(), "precision": lesions.precision(), "f1": lesions.f1(),
    })
}

fn surface_json(surface: &SurfaceDistances) -> Value {
    let status = match surface.status() {
        DistanceStatus::Measured => "ok",
        DistanceStatus::OneEmpty => "one_empty",
        DistanceStatus::BothEmpty => "both_empty",
        DistanceStatus::Sheared => "sheared",
    };
    json!({
        "distance_status": status,
        "surface_voxels_a": surface.surface_voxels_a(), "surface_voxels_b": surface.surface_voxels_b(),
        "hausdorff": surface.hausdorff(),
        "hausdorff_a_to_b": surface.hausdorff_a_to_b(), "hausdorff_b_to_a": surface.hausdorff_b_to_a(),
        "hd95_pooled": surface.hd95_pooled(), "hd95_max_directed": surface.hd95_max_directed(),
        "asd_a_to_b": surface.asd_a_to_b(), "asd_b_to_a": surface.asd_b_to_a(),
        "assd_mean_directed": surface.assd_mean_directed(), "assd_pooled": surface.assd_pooled(),
        "surface_dice_1mm_count": surface.surface_dice(1.0),
    })
}

/// Voxels per label.
pub(super) fn counts_json(counts: &LabelCounts) -> Value {
    let highest = (0..=254_u8).rev().find(|label| counts.of(*label) > 0).unwrap_or(0).max(3);
    (0..=highest).map(|label| (label.to_string(), json!(counts.of(label)))).collect::<Map<_, _>>().into()
}

/// A vote pattern as digits, or with dashes between where a label has more than one.
fn pattern_key(votes: &[u8]) -> String {
    let between = if votes.iter().all(|v| *v < 10) { "" } else { "-" };
    votes.iter().map(u8::to_string).collect::<Vec<_>>().join(between)
}

/// Figures of one level, shared with `osteon consensus`.
pub(super) fn staple_json(staple: &Staple) -> Value {
    let votes = staple.votes();
    let patterns: Map<String, Value> =
        (0..votes.len()).map(|p| (pattern_key(votes.votes(p)), json!({"n": votes.voxels()[p], "w": staple.probability()[p]}))).collect();
    let status = match staple.status() {
        LevelStatus::Estimated => "ok",
        LevelStatus::Unused => "empty",
        LevelStatus::Everywhere => "full",
        LevelStatus::Unanimous => "unanimous",
    };
    json!({
        "status": status, "prior": staple.prior(), "sensitivity": staple.sensitivity(), "specificity": staple.specificity(),
        "iterations": staple.iterations(), "consensus_voxels": staple.consensus_voxels(), "patterns": patterns,
    })
}

/// Figures of joint STAPLE, shared with `osteon consensus`.
pub(super) fn joint_json(joint: &JointStaple, table: &VoteTable) -> Value {
    let labels = joint.label_count();
    let confusion: Vec<Vec<Vec<f64>>> = (0..joint.readers())
        .map(|reader| (0..labels).map(|said| (0..labels).map(|truth| joint.confusion(reader, said, truth)).collect()).collect())
        .collect();
    let decided = joint.pattern_labels();
    let mut counts: HashMap<u8, u64> = HashMap::new();
    for (label, voxels) in decided.iter().zip(table.voxels()) {
        *counts.entry(*label).or_default() += voxels;
    }
    let of = |label: u8| counts.get(&label).copied().unwrap_or(0);
    let label_counts: Map<String, Value> = (0..labels.max(4)).map(|label| (label.to_string(), json!(of(label as u8)))).collect();
    let pattern_labels: Map<String, Value> =
        decided.iter().enumerate().map(|(p, label)| (pattern_key(table.votes(p)), json!(label))).collect();
    json!({
        "prior": joint.prior(), "confusion": confusion, "iterations": joint.iterations(), "label_counts": label_counts,
        "undecided": of(255), "pattern_labels": pattern_labels, "log_likelihood": joint.log_likelihood(),
        "voxels_of_zero_likelihood": joint.impossible_voxels(),
    })
}
