//! What training and proposing report.

use super::{Effect, OpenExam, Proposal, Session, Workspace};
use crate::study::{ExamCode, Part};
use crate::volume::Labels;
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
        self.info("The comparison with and without accepted exams is on the Models page.");
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
            Some(old) if old.result.layer == layer && old.result.model_version == result.model_version => merge(old.result, result, exam),
            _ => result,
        };
        let model = merged.model_version.rsplit_once('/').map(|(model, _)| model.to_owned()).unwrap_or_default();
        exam.proposal = Some(Proposal { result: merged, stale: false });
        exam.mark_dirty(layer, bounds);
        let rest_wanted = std::mem::take(&mut exam.rest_wanted);
        // The rest of an exam may come when a training has made another version current.
        if let Some(&version) = self.study.as_ref().and_then(|study| study.current.get(&model)) {
            self.mark_proposal_stale(&model, version);
        }
        if rest_wanted && layer == self.tool.layer { self.propose(None) } else { Vec::new() }
    }
}

fn merge(old: ProposalResult, new: ProposalResult, exam: &OpenExam) -> ProposalResult {
    let mut labels: Labels = new.labels.clone();
    let mut slices = new.slices.clone();
    for &slice in old.slices.iter().filter(|s| !new.slices.contains(s)) {
        for v in 0..exam.plane.size()[1] {
            for u in 0..exam.plane.size()[0] {
                let voxel = exam.plane.voxel(slice, [u, v]);
                labels.set(voxel, old.labels.get(voxel));
            }
        }
        slices.push(slice);
    }
    slices.sort_unstable();
    ProposalResult { labels, slices, base_revision: old.base_revision.min(new.base_revision), ..new }
}
