//! What a net is rewarded for while it learns.

use serde::{Deserialize, Serialize};

/// The loss and what goes with it. The default: soft Dice plus weighted cross-entropy, nothing dropped.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objective {
    /// The loss of a pixel, and of the whole batch.
    pub loss: LossKind,
    /// Weight of the term over labels beside the one over pixels, 0 to 4. Cross-entropy asks for the fewest wrong pixels, overlap
    /// for as good a share of a sparse label as of a common one.
    pub overlap: f32,
    /// Labels are steps of one scale (0 < 1 < 2 < 3): the net is judged on "at least 1", "at least 2" … instead of on each
    /// label for itself, so that taking a 3 for a 2 costs less than taking it for nothing.
    pub ordinal: bool,
    /// Share of certainty that is spread evenly over all labels, since readers differ: 0 to 0.5. Not for [`LossKind::Focal`].
    pub label_smoothing: f32,
    /// Share of the deepest level's channels that is dropped at random at each step: 0 to 0.9.
    pub dropout: f32,
    /// The decoder's coarser levels learn to label too, each by a head of its own.
    pub deep_supervision: bool,
}

/// The loss of a batch: a term over pixels plus a term over labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum LossKind {
    /// Weighted cross-entropy plus 1 − mean soft Dice (Milletari 2016).
    #[default]
    Dice,
    /// Weighted cross-entropy alone.
    CrossEntropy,
    /// Cross-entropy in which pixels that are right already count less, by (1 − p)^γ (Lin 2017), plus 1 − mean soft Dice.
    Focal {
        /// γ, 0 to 5; 0 is cross-entropy.
        gamma: f32,
    },
    /// Weighted cross-entropy plus 1 − mean Tversky index (Salehi 2017); both 0.5 is Dice.
    Tversky {
        /// Weight of what is drawn and not there, 0 to 2.
        false_positives: f32,
        /// Weight of what is there and not drawn, 0 to 2.
        false_negatives: f32,
    },
}

impl Default for Objective {
    fn default() -> Self {
        Self { loss: LossKind::Dice, overlap: 1.0, ordinal: false, label_smoothing: 0.0, dropout: 0.0, deep_supervision: false }
    }
}

/// See [`Objective::going_on`].
const OVERLAP_GOING_ON: f32 = 0.1;

impl Objective {
    /// Of the first training beside a reader. Dropping channels is what the map of doubt rests on; it costs next to nothing in Dice
    /// (`docs/learning.md`).
    pub const BESIDE_READER: Self =
        Self { loss: LossKind::Dice, overlap: 1.0, ordinal: false, label_smoothing: 0.0, dropout: 0.1, deep_supervision: false };

    /// Of a training that goes on from weights which know the labels: overlap has found the sparse ones, and what is left are wrong
    /// pixels, each of which a reader has to correct. A tenth of it stays, so that sparse labels are not given up
    /// (`docs/learning-loop.md`).
    #[must_use]
    pub const fn going_on(self) -> Self {
        Self { overlap: self.overlap.min(OVERLAP_GOING_ON), ..self }
    }

    /// # Errors
    /// The name of the first number outside its range, and the range.
    pub fn check(&self) -> Result<(), (&'static str, [f32; 2])> {
        let mut numbers = vec![
            ("overlap", self.overlap, [0.0, 4.0]),
            ("label_smoothing", self.label_smoothing, [0.0, 0.5]),
            ("dropout", self.dropout, [0.0, 0.9]),
        ];
        match self.loss {
            LossKind::Focal { gamma } => numbers.push(("gamma", gamma, [0.0, 5.0])),
            LossKind::Tversky { false_positives, false_negatives } => {
                numbers.extend([("false_positives", false_positives, [0.0, 2.0]), ("false_negatives", false_negatives, [0.0, 2.0])]);
            }
            LossKind::Dice | LossKind::CrossEntropy => {}
        }
        // Not a number is outside every range.
        match numbers.into_iter().find(|(_, value, [least, most])| !(*least..=*most).contains(value)) {
            Some((name, _, range)) => Err((name, range)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_their_range_are_named() {
        assert_eq!(Objective::default().check(), Ok(()));
        assert_eq!(Objective { dropout: f32::NAN, ..Objective::default() }.check(), Err(("dropout", [0.0, 0.9])));
        let loss = LossKind::Tversky { false_positives: 0.3, false_negatives: 9.0 };
        assert_eq!(Objective { loss, ..Objective::default() }.check(), Err(("false_negatives", [0.0, 2.0])));
    }

    #[test]
    fn going_on_keeps_a_tenth_of_the_overlap_and_no_more_is_taken_the_next_time() {
        let wish = Objective { dropout: 0.1, ..Objective::default() };
        assert_eq!(wish.going_on(), Objective { overlap: 0.1, ..wish });
        assert_eq!(wish.going_on().going_on(), wish.going_on());
        assert_eq!(Objective { overlap: 0.0, ..wish }.going_on().overlap, 0.0);
    }

    #[test]
    fn a_part_of_it_is_enough_in_a_file() {
        let read: Objective = serde_json::from_str(r#"{"loss":{"kind":"focal","gamma":2},"ordinal":true}"#).unwrap();
        assert_eq!(read, Objective { loss: LossKind::Focal { gamma: 2.0 }, ordinal: true, ..Objective::default() });
        assert!(serde_json::from_str::<Objective>(r#"{"drop_out":0.1}"#).is_err());
    }
}
