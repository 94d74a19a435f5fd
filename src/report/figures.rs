//! The figures of one exam (or of one side of it): small, so that a study's reads need never be in memory together.

use super::{OriginFigures, Who};
use crate::agreement::{ConfusionMatrix, DistanceStatus, LesionDetection, Overlap};
use crate::consensus::MARROW_LEVELS;
use crate::study::{ExamCode, Part, PatientCode, Side};

/// Number of levels that every table has: 1, 2, 3 and 2+3.
pub(super) const LEVELS: usize = MARROW_LEVELS.len();
/// Names of the levels as they stand in tables.
pub(super) const LEVEL_NAMES: [&str; LEVELS] = ["1", "2", "3", "2+3"];

/// Everything measured on one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitFigures {
    /// The exam.
    pub exam: ExamCode,
    /// Whose it is.
    pub patient: PatientCode,
    /// Its part in the split.
    pub part: Option<Part>,
    /// The side, where figures are per side.
    pub side: Option<Side>,
    /// Slices.
    pub slices: usize,
    /// Everybody measured, sorted.
    pub everybody: Vec<Who>,
    /// Per level: whether an independent reader used it.
    pub estimable: [bool; LEVELS],
    /// Per level: volume of the consensus in ml.
    pub consensus_ml: [f64; LEVELS],
    /// Voxels for which the consensus has no label.
    pub undecided: u64,
    /// Everybody against the consensus, in the order of `everybody`.
    pub against: Vec<AgainstConsensus>,
    /// Every two maps, consensus included.
    pub pairs: Vec<PairFigures>,
    /// First and later reads of the same reader.
    pub again: Vec<PairFigures>,
    /// The independent readers together.
    pub among: AmongReaders,
    /// What a person should know, one sentence each.
    pub warnings: Vec<String>,
}

/// One map against the consensus.
#[derive(Clone, Debug, PartialEq)]
pub struct AgainstConsensus {
    /// Whose.
    pub who: Who,
    /// Figures per level.
    pub levels: Vec<LevelFigures>,
    /// Voxels: rows the label of the consensus (0 to 3), columns that of the map; undecided voxels are left out.
    pub confusion: ConfusionMatrix,
    /// An assisted read apart by voxel, where its origin is known.
    pub by_origin: Option<OriginFigures>,
}

/// One map against the consensus at one level.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelFigures {
    /// Overlap with the consensus, which is the reference.
    pub overlap: Overlap,
    /// Reader: Dice against the consensus of the others. Others: mean over those consensuses. `None` below three readers.
    pub dice_left_out: Option<f64>,
    /// Sensitivity and specificity that STAPLE gives a voting reader.
    pub staple: Option<(f64, f64)>,
    /// Distances in mm.
    pub distances: Distances,
    /// Lesions found.
    pub lesions: LesionDetection,
}

/// Surface distances in mm; `None` where a map is empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distances {
    /// Whether there are distances, and if not, why.
    pub status: DistanceStatus,
    /// Hausdorff distance.
    pub hausdorff: Option<f64>,
    /// HD95: 95th percentile of both directed lists together.
    pub hd95_pooled: Option<f64>,
    /// HD95: larger of the two directed 95th percentiles.
    pub hd95_max_directed: Option<f64>,
    /// HD95: by area of surface elements.
    pub hd95_element: Option<f64>,
    /// Mean distance from the map to the consensus.
    pub asd_to_consensus: Option<f64>,
    /// Mean distance from the consensus to the map.
    pub asd_from_consensus: Option<f64>,
    /// Mean of both lists together.
    pub assd_pooled: Option<f64>,
    /// Mean of the two directed means.
    pub assd_mean_directed: Option<f64>,
    /// Share of surface voxels within 1 mm.
    pub surface_dice_1mm: Option<f64>,
}

/// Two maps against each other.
#[derive(Clone, Debug, PartialEq)]
pub struct PairFigures {
    /// First.
    pub a: Who,
    /// Second.
    pub b: Who,
    /// Dice per level.
    pub dice: [Option<f64>; LEVELS],
    /// Multi-class Matthews correlation over labels 0 to 3.
    pub mcc: Option<f64>,
    /// Cohen's kappa with quadratic weights over labels 0 to 3.
    pub kappa_quadratic: Option<f64>,
}

/// Agreement of all independent readers together, over all voxels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AmongReaders {
    /// Fleiss' kappa over labels 0 to 3.
    pub fleiss: Option<f64>,
    /// Fleiss' kappa of each of the levels 1, 2, 3 against the rest.
    pub fleiss_level: [Option<f64>; 3],
    /// Krippendorff's alpha, nominal.
    pub alpha_nominal: Option<f64>,
    /// Krippendorff's alpha, ordinal.
    pub alpha_ordinal: Option<f64>,
    /// Krippendorff's alpha, interval.
    pub alpha_interval: Option<f64>,
}

impl UnitFigures {
    /// Somebody's figures against the consensus, if they have a map here.
    #[must_use]
    pub fn of(&self, who: &Who) -> Option<&AgainstConsensus> {
        self.against.iter().find(|one| one.who == *who)
    }

    /// The figures of two maps, whatever their order.
    #[must_use]
    pub fn pair(&self, a: &Who, b: &Who) -> Option<&PairFigures> {
        self.pairs.iter().find(|pair| (pair.a == *a && pair.b == *b) || (pair.a == *b && pair.b == *a))
    }

    /// `K-042`, or `K-042 right`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.side {
            Some(side) => format!("{} {}", self.exam, side_word(side)),
            None => self.exam.to_string(),
        }
    }
}

/// The word for a side.
pub(super) const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Right => "right",
        Side::Left => "left",
        Side::Both => "both",
        Side::Unknown => "side not told",
    }
}

/// The word for a part of the split.
pub(super) const fn part_word(part: Option<Part>) -> &'static str {
    match part {
        Some(Part::Train) => "training",
        Some(Part::Validate) => "validation",
        Some(Part::Test) => "test",
        None => "not drawn",
    }
}

/// Everybody who has a map anywhere, sorted, without the consensus.
pub(super) fn everybody(units: &[UnitFigures]) -> Vec<Who> {
    let mut all: Vec<Who> = units.iter().flat_map(|unit| unit.everybody.iter().cloned()).collect();
    all.sort();
    all.dedup();
    all
}
