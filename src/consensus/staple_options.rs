//! How binary STAPLE is run: region, prior and when to stop.

/// Which voxels STAPLE looks at. The choice changes prior and result, so every report prints it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Region {
    /// Every voxel of the volume.
    #[default]
    Whole,
    /// The smallest box around everything that anybody labelled, with any label.
    BoundingBox,
    /// Voxels on which the readers do not agree about the level; elsewhere their common vote holds.
    Disagreement,
}

/// The probability of the level before any vote is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Prior {
    /// One number: the mean vote fraction over the region.
    #[default]
    MeanVote,
    /// One number given by hand, in 0..=1.
    Fixed(f64),
    /// For each voxel the fraction of readers who voted for the level.
    VoxelVote,
}

/// How to run binary STAPLE.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StapleOptions {
    /// Which voxels count.
    pub region: Region,
    /// Prior probability.
    pub prior: Prior,
    /// Stop when no sensitivity or specificity changes by more than this in one round.
    pub tolerance: f64,
    /// Stop after this many rounds at the latest.
    pub max_iterations: usize,
}

impl Default for StapleOptions {
    fn default() -> Self {
        Self { region: Region::Whole, prior: Prior::MeanVote, tolerance: 1e-7, max_iterations: 20_000 }
    }
}
