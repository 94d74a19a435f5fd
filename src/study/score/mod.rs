//! Scoring of masks by eye: blinded sessions of visual analogue marks, and the table that comes of them.

mod covariates;
mod errors;
mod file;
mod key;
mod mark;
mod plan;
mod sacroiliac;
mod table;
mod verify;

pub use covariates::{Covariate, Covariates};
pub use errors::{ModelError, model_errors};
pub use file::{ScoreFile, ScoreRow, ScoreState};
pub use key::{KeyPlace, ScoreKey};
pub use mark::{ANCHORS, Anchor, Mark, Target};
pub use plan::{NewPlan, ScoreItem, ScorePlan, ScoreSource, new_score_session};
pub use sacroiliac::{FORM_SLICES, FormRead, JOINTS, POSITIVE_HALF_SLICES, QUADRANTS, SacroiliacForm, form_majority};
pub use table::{Figures, ScoreTable, TableMark, TableRow, save_tables, saved_tables, score_tables};
