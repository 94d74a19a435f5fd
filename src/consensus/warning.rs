//! What a person should know before trusting a consensus.

use super::Staple;
use std::fmt;

/// A finding about a consensus that does not stop it.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// Sensitivity + specificity ≤ 1: the reader's mark is no evidence for the level.
    WorseThanChance {
        /// Name of the level.
        level: String,
        /// Reader, counting from 0.
        reader: usize,
        /// Sensitivity + specificity.
        sum: f64,
    },
    /// The iteration was stopped before it came to rest.
    NotConverged {
        /// What was estimated.
        what: String,
        /// Rounds done.
        iterations: usize,
    },
    /// Joint STAPLE reaches different results from its two starts.
    StartsDiffer {
        /// Voxels with another label.
        voxels: u64,
        /// Log likelihood from the votes without tied voxels; `None` if a pattern became impossible.
        votes: Option<f64>,
        /// Log likelihood from 0.99 on the diagonal.
        diagonal: Option<f64>,
    },
    /// Nobody used a level: it is not estimable.
    NotEstimable {
        /// Name of the level.
        level: String,
    },
}

impl Warning {
    /// Warnings about one level's STAPLE.
    #[must_use]
    pub fn of_staple(staple: &Staple) -> Vec<Self> {
        let level = staple.level_name();
        if !staple.is_estimable() {
            return vec![Self::NotEstimable { level }];
        }
        let mut warnings = Vec::new();
        for (reader, pair) in staple.sensitivity().iter().zip(staple.specificity()).enumerate() {
            if let (Some(p), Some(q)) = pair
                && p + q <= 1.0
            {
                warnings.push(Self::WorseThanChance { level: level.clone(), reader, sum: p + q });
            }
        }
        if !staple.converged() {
            warnings.push(Self::NotConverged { what: format!("STAPLE of level {level}"), iterations: staple.iterations().unwrap_or(0) });
        }
        warnings
    }
}

impl Warning {
    /// The sentence, with readers by name instead of by number.
    #[must_use]
    pub fn in_words(&self, names: &[String]) -> String {
        match self {
            Self::WorseThanChance { level, reader, sum } => {
                let who = names.get(*reader).map_or_else(|| format!("reader {}", reader + 1), Clone::clone);
                format!("level {level}: {who} does no better than chance (sensitivity + specificity = {sum:.3}); look at the read")
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let likelihood =
            |value: Option<f64>| value.map_or_else(|| "– (a vote pattern became impossible)".to_owned(), |v| format!("{v:.3}"));
        match self {
            Self::WorseThanChance { .. } => f.write_str(&self.in_words(&[])),
            Self::NotConverged { what, iterations } => write!(f, "{what} did not come to rest in {iterations} rounds"),
            Self::StartsDiffer { voxels, votes, diagonal } => write!(
                f,
                "joint STAPLE depends on its start in {voxels} voxels: log likelihood {} from the votes, {} from 0.99 on the diagonal",
                likelihood(*votes),
                likelihood(*diagonal)
            ),
            Self::NotEstimable { level } => write!(f, "level {level}: nobody used it, so it is not estimable"),
        }
    }
}
