//! Learning from folders of images and masks, without a study: cases, training, evaluation, the loop played back.

mod cases;
mod curve;
mod evaluate;
mod gather;
mod known;
mod levels;
mod members;
mod room;
mod run;
mod train;

pub use cases::{Case, CaseTruth};
pub use curve::{CurvePoint, CurveProgress, CurveWish, LEAVES, Strokes, play_corrections};
pub use evaluate::{CaseScore, Evaluation, Proposed, evaluate_folder, propose_case};
pub use known::KnownCases;
pub use levels::scored_levels;
pub use train::{FolderProgress, FolderTraining, TrainedFolder, train_folder};
