//! One map out of several reads: majority vote, STAPLE per level, joint STAPLE and SIMPLE.
//!
//! Votes are counted once ([`VotePatterns`]); every method then works on the distinct patterns, in `f64`.
//! Definitions: DESIGN section 7 and `reference/agreement/README.md`.

mod build;
mod dispute;
mod exact_sum;
mod joint_staple;
mod level;
mod lineup;
mod majority;
mod options;
mod parts;
mod places;
#[cfg(test)]
mod properties;
mod simple;
mod staple;
mod staple_options;
mod starts;
mod table;
mod tile_votes;
mod vote_hash;
mod votes;
mod warning;

pub use build::{Consensus, LevelConsensus, Method, level_mask};
pub use dispute::{disagreement, vote_entropy};
pub use joint_staple::{JointOptions, JointStaple, JointStart, joint_staple};
pub use level::{MARROW_LEVELS, level_name, parse_level};
pub use lineup::{LineUp, LineUpReader, LineUpRow};
pub use majority::majority;
pub use options::ConsensusOptions;
pub use parts::{Lesion, MOST_PARTS, Part, Parts, lesions, parts_of};
pub use places::{Busiest, PatternPlaces};
pub use simple::{Simple, simple};
pub use staple::{LevelStatus, Staple, binary_staple};
pub use staple_options::{Prior, Region, StapleOptions};
pub use starts::{StartComparison, compare_starts};
pub use table::{VoteTable, dice as pattern_dice};
pub use votes::{UNDECIDED, VoteError, VotePatterns};
pub use warning::Warning;
