//! Nets whose channels do not simply double: what weights from elsewhere ask for.

use serde::{Deserialize, Serialize};

/// Channels level by level, finest first, and the two things that our own nets do without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetForm {
    /// Channels of each level on the way down.
    pub encoder: Vec<usize>,
    /// Channels that the transposed convolution leading up to each level makes; one entry fewer than levels.
    pub up: Vec<usize>,
    /// Channels of each level on the way up; one entry fewer than levels.
    pub decoder: Vec<usize>,
    /// What values below zero are multiplied with (0: ReLU).
    #[serde(default)]
    pub leak: f32,
    /// Whether the transposed convolutions add a bias.
    #[serde(default)]
    pub up_bias: bool,
}

/// More channels than this are no net for a workstation.
const MOST_CHANNELS: usize = 4096;

impl NetForm {
    /// What does not fit together, in words; `base` and `depth` are the specification's.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, base: usize, depth: usize) -> Result<(), String> {
        let ups = depth.saturating_sub(1);
        if [self.encoder.len(), self.up.len(), self.decoder.len()] != [depth, ups, ups] {
            return Err(format!("{depth} levels need {depth} numbers for `encoder` and {ups} each for `up` and `decoder`"));
        }
        if self.encoder.first() != Some(&base) {
            return Err(format!("`encoder` must begin with the {base} channels of `base`"));
        }
        if !self.encoder.iter().chain(&self.up).chain(&self.decoder).all(|n| (1..=MOST_CHANNELS).contains(n)) {
            return Err(format!("channels must be between 1 and {MOST_CHANNELS}"));
        }
        if !(self.leak.is_finite() && (0.0..1.0).contains(&self.leak)) {
            return Err(format!("`leak` is {}, but must be at least 0 and below 1", self.leak));
        }
        Ok(())
    }
}
