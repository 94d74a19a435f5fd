//! What a person can do on the Compare page.

use super::compare_state::{ComparePage, ShownMap};
use crate::consensus::{JointStart, Method, Region};
use crate::study::ExamCode;
use crate::worker::message::ModelVersion;

/// Comparing reads.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareCommand {
    /// How the consensus is made.
    Method(Method),
    /// Region of STAPLE.
    Region(Region),
    /// Start of joint STAPLE.
    Start(JointStart),
    /// A reader counts, or not.
    ToggleReader(String),
    /// An exam counts in the study's figures, or not.
    ToggleExam(ExamCode),
    /// A model's version is compared, or not.
    ToggleModel(ModelVersion),
    /// Lay a map over the picture.
    Show(ShownMap),
    /// Show the map this many places further.
    StepShown(i32),
    /// Look at a level: 1, 2, 3, 2+3 by place.
    Level(usize),
    /// Turn to a page beside the picture.
    Page(ComparePage),
    /// Go to a voxel and mark it.
    GoTo([usize; 3]),
    /// Go to a finding by its place in the list.
    Finding(usize),
    /// Go to the finding this many places further.
    StepFinding(i32),
    /// Begin a meeting's read with the consensus.
    Adopt,
}
