//! A proposal on the open exam, and where something of it is still to be decided.

use super::OpenExam;
use crate::edit::tools::{AdoptScope, Adoption};
use crate::worker::message::ProposalResult;
use std::collections::BTreeSet;

/// A proposal and whether it still belongs to the current model.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What the model suggests.
    pub result: ProposalResult,
    /// A newer version of the model exists.
    pub stale: bool,
    /// Slices on which what was adopted left nothing of it.
    settled: BTreeSet<usize>,
}

impl Proposal {
    pub(super) const fn new(result: ProposalResult) -> Self {
        Self { result, stale: false, settled: BTreeSet::new() }
    }

    /// Whether it waits on a slice: it covers it, and was not taken over there.
    #[must_use]
    pub fn waits_on(&self, slice: usize) -> bool {
        self.result.slices.contains(&slice) && !self.settled.contains(&slice)
    }

    /// Slices on which it waits.
    pub fn waiting(&self) -> impl Iterator<Item = usize> + '_ {
        self.result.slices.iter().copied().filter(|slice| !self.settled.contains(slice))
    }
}

impl OpenExam {
    /// Sees anew on which slices something of the proposal is left: after adopting, and after taking that back.
    pub(super) fn settle_proposal(&mut self) {
        let Some(proposal) = &self.proposal else { return };
        let axis = self.plane.slice_axis();
        let labels = self.layers.labels(proposal.result.layer);
        let covered = Some(proposal.result.slices.as_slice());
        let adoption = Adoption { labels, proposal: &proposal.result.labels, slice_axis: axis, covered, kept: None, excluded: None };
        let left: BTreeSet<usize> =
            adoption.voxels(AdoptScope::All).unwrap_or_default().into_iter().map(|(voxel, _)| voxel[axis]).collect();
        let settled = proposal.result.slices.iter().copied().filter(|slice| !left.contains(slice)).collect();
        if let Some(proposal) = &mut self.proposal {
            proposal.settled = settled;
        }
    }

    /// Whether it was adopted anywhere: only then is what agrees with it no suggestion any more.
    pub(super) fn has_settled(&self) -> bool {
        self.proposal.as_ref().is_some_and(|proposal| !proposal.settled.is_empty())
    }
}
