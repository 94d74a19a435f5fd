//! What fills the middle, or lies over it, when it is not the picture.

mod atlas_add;
mod audit;
mod compare;
mod conditions;
mod help;
mod import;
mod models;
mod palette;
mod path_entry;
mod protocol;
mod protocol_rules;
mod protocol_split;
mod review;
mod score;
mod score_marks;
mod start;
mod submit;
mod who;

pub use atlas_add::{AtlasEntry, atlas_add_ui};
pub use audit::audit_ui;
pub use compare::{CompareView, compare_ui};
pub use conditions::conditions_ui;
pub use help::{Help, help_ui};
pub use import::{ImportPage, import_ui};
pub use models::models_ui;
pub use palette::{Palette, palette_ui};
pub use path_entry::{PathEntry, path_entry_ui};
pub use protocol::{ProtocolEntry, protocol_ui};
pub use review::{review_list_ui, review_side_ui};
pub use score::{NewScoresEntry, score_ui};
pub use score_marks::{WIDTH as SCORE_WIDTH, marks_ui};
pub use start::{empty_exam_ui, start_ui};
pub use submit::submit_ui;
pub use who::who_ui;
