//! A proposal on the open exam, and where something of it is still to be decided.

use super::OpenExam;
use crate::edit::tools::AdoptScope;
use crate::session::apply::adoption;
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
    /// Something of it was adopted: only then is what agrees with it no suggestion any more.
    adopted: bool,
}

impl Proposal {
    pub(in crate::session) const fn new(result: ProposalResult) -> Self {
        Self { result, stale: false, settled: BTreeSet::new(), adopted: false }
    }

    /// Slices proposed anew beside those of an earlier proposal, which stay as they were decided on.
    pub(in crate::session) fn beside(mut self, (settled, adopted): (BTreeSet<usize>, bool), anew: &[usize]) -> Self {
        self.adopted = adopted;
        self.settled = settled.into_iter().filter(|slice| !anew.contains(slice)).collect();
        self
    }

    /// What was decided on it, for [`Proposal::beside`].
    pub(in crate::session) fn decided(&self) -> (BTreeSet<usize>, bool) {
        (self.settled.clone(), self.adopted)
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
    /// Something was adopted: where nothing is left to adopt, the slice is settled.
    pub(in crate::session) fn settle_proposal(&mut self) {
        if let Some(proposal) = &mut self.proposal {
            proposal.adopted = true;
        }
        self.resettle_proposal();
    }

    /// Sees anew what is left to adopt, if anything was adopted at all: steps were taken back or done again.
    pub(in crate::session) fn resettle_proposal(&mut self) {
        let Some(proposal) = self.proposal.as_ref().filter(|proposal| proposal.adopted) else { return };
        let (axis, layer) = (self.plane.slice_axis(), proposal.result.layer);
        // What the reader drew since is theirs: nothing of the proposal waits there.
        let by_hand = self.layers.changed_by_hand_since(layer, proposal.result.base_revision);
        let left = adoption(self, layer, Some(&by_hand)).voxels(AdoptScope::All).unwrap_or_default();
        let left: BTreeSet<usize> = left.into_iter().map(|(voxel, _)| voxel[axis]).collect();
        let settled = proposal.result.slices.iter().copied().filter(|slice| !left.contains(slice)).collect();
        if let Some(proposal) = &mut self.proposal {
            proposal.settled = settled;
        }
    }
}
