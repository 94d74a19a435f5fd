//! What a person can ask of a model: training, proposals, versions, Review.

use crate::worker::message::NetWish;

/// Models.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelCommand {
    /// Train, or retrain from the current version.
    Train,
    /// Hold.
    Pause,
    /// Go on.
    Resume,
    /// Stop, keeping the best so far.
    Cancel,
    /// Steps per training, however long they take.
    Steps(u32),
    /// Wall-clock minutes per training.
    Minutes {
        /// Minutes, above zero.
        minutes: f64,
        /// No more steps than these.
        most_steps: u32,
    },
    /// The net of a first training, where it is not as usual.
    Net(NetWish),
    /// Propose on the slice shown.
    ProposeSlice,
    /// Propose on the whole exam.
    ProposeExam,
    /// Make the model that comes with the program the first version.
    BeginShipped,
    /// Make a version the current one.
    MakeCurrent(u32),
    /// Judge two versions on the same slices.
    Compare([u32; 2]),
    /// Memory that a training may need, in MB.
    MemoryMb(u32),
    /// Accept the proposal on the exam shown whole: it joins the training set.
    Accept,
    /// Refuse it, or take an acceptance back.
    Refuse,
    /// Show where the model is unsure, or hide it.
    ToggleDoubt,
    /// Train twice, with and without what was accepted in triage, and compare.
    Ablate,
}
