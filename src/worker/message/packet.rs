//! Packets, as plain data.

use std::path::PathBuf;

/// What is asked of packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketRequest {
    /// The study.
    pub root: PathBuf,
    /// What.
    pub what: PacketAsk,
}

/// One request about packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacketAsk {
    /// A packet for every reader who has none (the coordinator).
    Make {
        /// Where they and the code map go; outside the study.
        folder: PathBuf,
    },
    /// The sealed reads of a reader's copy in one file.
    Return {
        /// Where it goes.
        folder: PathBuf,
    },
    /// Take over what came back (the coordinator).
    Merge {
        /// The file, with the code map beside it.
        file: PathBuf,
    },
}
