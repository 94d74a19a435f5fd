//! What training and proposing report.

use super::{Effect, Proposal, Session, Workspace};
use crate::study::{ExamCode, Part};
use crate::worker::message::{Ablated, ProposalResult, TrainedVersion, VersionSummary, overtaken_words};
use std::collections::BTreeMap;

impl Session {
    /// `shown`: it was followed on this screen until its end; else its reader has left.
    pub(super) fn absorb_trained(&mut self, trained: TrainedVersion, shown: bool) {
        self.take_parts(&trained.parts);
        let TrainedVersion { model, summary, made_current, stopped_early, .. } = &trained;
        let version = &summary.version;
        if let Some(study) = &mut self.study {
            let versions = study.models.entry(model.clone()).or_default();
            versions.retain(|v| v.version != *version);
            versions.push(summary.clone());
            if *made_current {
                study.current.insert(model.clone(), *version);
            }
        }
        if !shown {
            return;
        }
        let early = trained.ended_words();
        if *made_current {
            self.mark_proposal_stale(&model.clone(), *version);
            self.info(format!("Model version {version} is trained{early} and current."));
        } else if let Some(other) = trained.overtaken_by {
            self.info(format!("Model version {version} is kept{early} but not current: {}", overtaken_words(other)));
        } else if *stopped_early {
            self.info(format!("Training stopped: version {version} is kept, but not current; the Models page can make it so."));
        } else {
            self.warn(format!("Model version {version} is kept{early} but not current: {}", trained.not_current_words()));
        }
        if let Some(note) = &trained.note {
            self.warn(note.clone());
        }
    }

    /// The split is drawn at the latest when a model begins: what may be trained on, reviewed and proposed on follows it at once.
    pub(super) fn take_parts(&mut self, parts: &BTreeMap<ExamCode, Part>) {
        let exams = self.study.iter_mut().flat_map(|study| &mut study.exams);
        exams.for_each(|exam| exam.part = parts.get(&exam.code).copied().or(exam.part));
    }

    pub(super) fn absorb_begun(&mut self, model: String, first: VersionSummary, from: &str) {
        self.info(format!("{model} begins with {from}: it proposes from now on, and training goes on from it."));
        if let Some(study) = &mut self.study {
            study.current.insert(model.clone(), first.version);
            study.models.insert(model, vec![first]);
        }
    }

    pub(super) fn absorb_ablated(&mut self, ablated: Ablated) {
        if self.workspace != Workspace::Models {
            self.info("The comparison with and without accepted exams is on the Models page.");
        }
        self.training.ablated = Some(ablated);
    }

    pub(super) fn mark_proposal_stale(&mut self, model: &str, version: u32) {
        // Marrow and bone have models of their own.
        let of_model = |version: &str| version.strip_prefix(model).is_some_and(|rest| rest.starts_with('/'));
        if let Some(proposal) = self.exam.as_mut().and_then(|e| e.proposal.as_mut()).filter(|p| of_model(&p.result.model_version)) {
            proposal.stale = proposal.result.model_version != format!("{model}/{version}");
        }
    }

    pub(super) fn absorb_proposal(&mut self, result: ProposalResult) -> Vec<Effect> {
        // A mask that is scored is nobody's read.
        let may_assist = self.assistance_allowed() && self.workspace != Workspace::Score;
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if exam.code != result.exam || !may_assist {
            return Vec::new();
        }
        let bounds = result.labels.grid().bounds();
        let layer = result.layer;
        // A slice proposed again replaces the older suggestion there; others of the same version stay.
        let merged = match exam.proposal.take() {
            Some(old) if old.result.layer == layer && old.result.model_version == result.model_version => {
                let (anew, axis) = (result.slices.clone(), exam.plane.slice_axis());
                let decided = old.decided();
                Proposal::new(merge(old.result, result, axis)).beside(decided, &anew)
            }
            _ => Proposal::new(result),
        };
        let model = merged.result.model_version.rsplit_once('/').map(|(model, _)| model.to_owned()).unwrap_or_default();
        exam.proposal = Some(merged);
        exam.mark_dirty(layer, bounds);
        let rest_wanted = std::mem::take(&mut exam.rest_wanted);
        // The rest of an exam may come when a training has made another version current.
        if let Some(&version) = self.study.as_ref().and_then(|study| study.current.get(&model)) {
            self.mark_proposal_stale(&model, version);
        }
        if rest_wanted && layer == self.tool.layer { self.propose(None) } else { Vec::new() }
    }
}

/// Both together, the new one where both speak of a slice; `axis` is that of the slices. This is done while the window waits: what
/// covers more slices stays as it is, tiles and all, and of the other only what is labelled is written.
fn merge(old: ProposalResult, new: ProposalResult, axis: usize) -> ProposalResult {
    let kept: Vec<usize> = old.slices.iter().copied().filter(|slice| !new.slices.contains(slice)).collect();
    let mut slices = [&kept[..], &new.slices].concat();
    slices.sort_unstable();
    let (mut labels, written, from) =
        if kept.len() < new.slices.len() { (new.labels, &kept, old.labels) } else { (old.labels, &new.slices, new.labels) };
    for &slice in written {
        let bounds = labels.grid().bounds().on_slice(axis, slice);
        let mut gone = Vec::new();
        labels.for_each_labelled_in(bounds, |voxel, _| gone.push(voxel));
        gone.into_iter().for_each(|voxel| labels.set(voxel, 0));
        from.for_each_labelled_in(bounds, |voxel, label| labels.set(voxel, label));
    }
    ProposalResult { labels, slices, base_revision: old.base_revision.min(new.base_revision), ..new }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::{Grid, Labels, LayerKind, TILE, TileId};
    use std::sync::Arc;

    /// A label on every voxel of some slices but where it is 0.
    fn proposal(slices: &[usize], label: impl Fn([usize; 3]) -> u8, base_revision: u64) -> ProposalResult {
        let grid = Arc::new(Grid::new([40, 36, 50], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let mut labels = Labels::empty(grid.clone());
        for n in 0..grid.voxel_count() {
            let voxel = grid.voxel(n);
            if slices.contains(&voxel[2]) {
                labels.set(voxel, label(voxel));
            }
        }
        let (exam, model_version, slices) = (ExamCode::new("K-001").unwrap(), "marrow-R1/1".to_owned(), slices.to_vec());
        ProposalResult { exam, layer: LayerKind::Marrow, model_version, base_revision, labels, slices }
    }

    /// Each slice that came once had all others copied voxel by voxel into a map of its own, while the window waited.
    #[test]
    fn a_slice_that_joins_a_proposal_leaves_the_tiles_of_all_others_alone() {
        let all: Vec<usize> = (0..50).filter(|slice| *slice != 7).collect();
        let half = |voxel: [usize; 3]| u8::from(voxel[0] < 20);
        let (many, one) = (proposal(&all, half, 4), proposal(&[20], |voxel| 2 * u8::from(voxel[1] < 9), 6));
        let apart = proposal(&[7], |voxel| 3 * u8::from(voxel[1] < 9), 3);
        // In turn: on a slice that is there, beside all that are there, and all at once beside one.
        for (old, new, slice) in [(&many, &one, 20), (&many, &apart, 7), (&apart, &many, 7)] {
            let merged = merge(old.clone(), new.clone(), 2);
            let newest = |slice: usize| if new.slices.contains(&slice) { new } else { old };
            for n in 0..merged.labels.grid().voxel_count() {
                let voxel = merged.labels.grid().voxel(n);
                assert_eq!(merged.labels.get(voxel), newest(voxel[2]).labels.get(voxel), "{voxel:?}");
            }
            assert_eq!(merged.slices.len(), if slice == 20 { 49 } else { 50 });
            assert!(merged.slices.is_sorted() && merged.base_revision == old.base_revision.min(new.base_revision));
            let untouched = |tile: &TileId| merged.labels.tile_box(*tile).lo[2] / TILE != slice / TILE;
            let tiles = (0..merged.labels.tile_count() as u32).map(TileId).filter(untouched);
            assert!(tiles.into_iter().all(|tile| merged.labels.shares_tile(&many.labels, tile)));
        }
        // All slices anew: nothing of the old is left, and nothing is written.
        let again = proposal(&(0..50).collect::<Vec<_>>(), half, 9);
        let merged = merge(many, again.clone(), 2);
        assert!((0..merged.labels.tile_count() as u32).all(|tile| merged.labels.shares_tile(&again.labels, TileId(tile))));
    }
}
