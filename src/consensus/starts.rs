//! Joint STAPLE from both starts, side by side.

use super::{JointOptions, JointStaple, JointStart, VoteTable, Warning, joint_staple};

/// Joint STAPLE from both starts.
#[derive(Clone, Debug)]
pub struct StartComparison {
    /// From the votes without tied voxels.
    pub votes: JointStaple,
    /// From 0.99 on the diagonal.
    pub diagonal: JointStaple,
    /// Voxels to which the two give different labels.
    pub differing_voxels: u64,
}

/// Runs joint STAPLE from both starts and counts where the labels differ.
#[must_use]
pub fn compare_starts(table: &VoteTable, options: &JointOptions) -> StartComparison {
    let votes = joint_staple(table, &JointOptions { start: JointStart::Votes, ..*options });
    let diagonal = joint_staple(table, &JointOptions { start: JointStart::default(), ..*options });
    let labels = votes.pattern_labels().into_iter().zip(diagonal.pattern_labels());
    let differing_voxels = labels.zip(table.voxels()).filter(|((a, b), _)| a != b).map(|(_, n)| n).sum();
    StartComparison { votes, diagonal, differing_voxels }
}

impl StartComparison {
    /// The warning that a report prints, if the starts lead to different labels.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        (self.differing_voxels > 0).then(|| Warning::StartsDiffer {
            voxels: self.differing_voxels,
            votes: self.votes.log_likelihood(),
            diagonal: self.diagonal.log_likelihood(),
        })
    }
}
