//! The label with the most votes.

use super::{UNDECIDED, VoteTable};

/// Label per pattern: the one with the most votes; [`UNDECIDED`] where two or more share the highest number.
#[must_use]
pub fn majority(table: &VoteTable) -> Vec<u8> {
    (0..table.len()).map(|pattern| majority_of(table.votes(pattern)).unwrap_or(UNDECIDED)).collect()
}

/// The label with the most votes; `None` for a tie.
pub(super) fn majority_of(votes: &[u8]) -> Option<u8> {
    let mut counts = [0_u32; 256];
    for &label in votes {
        counts[usize::from(label)] += 1;
    }
    let most = counts.iter().copied().max().filter(|&n| n > 0)?;
    let mut best = (0..=255_u8).filter(|&label| counts[usize::from(label)] == most);
    best.next().filter(|_| best.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_is_no_label() {
        assert_eq!(majority_of(&[1, 1, 2]), Some(1));
        assert_eq!(majority_of(&[0, 3]), None);
        assert_eq!(majority_of(&[0, 0, 3, 3, 1]), None);
        assert_eq!(majority_of(&[7]), Some(7));
        assert_eq!(majority_of(&[]), None);
    }
}
