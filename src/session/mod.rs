//! The open study as one value: commands go in, effects come out, events are absorbed. No window, no threads, no files.

mod absorb;
mod absorb_model;
mod absorb_written;
mod active_time;
mod apply;
mod atlas_state;
mod awaited;
mod command;
mod compare_command;
mod compare_state;
mod conditions;
mod display;
mod draft;
mod effect;
mod import_state;
mod keys;
mod late;
mod layout;
mod measure;
mod model_command;
mod model_state;
mod notice;
mod open_exam;
mod review;
mod scoring;
mod square_region;
mod state;
mod tool;
mod view_state;

pub use crate::edit::tools::{BrushShape, LabelSet};
pub use active_time::ActiveTime;
pub use atlas_state::AtlasState;
use awaited::Awaited;
pub use command::{
    AdoptWhat, Command, EditCommand, FileCommand, FormCommand, ImportCommand, MaskOptions, PointerCommand, ScoreCommand, ShapeCommand,
    StudyCommand, ToolCommand, ViewCommand,
};
pub use compare_command::CompareCommand;
pub use compare_state::{ComparePage, CompareState, Finding, Marker, ShownMap};
pub use conditions::{Conditions, ConditionsState, Monitor, RoomLight};
pub use display::{DisplayRule, FattyMarrow, Window, WindowPreset};
pub use draft::{Preview, Wire};
pub use effect::Effect;
pub use import_state::ImportState;
pub use keys::KeyMap;
pub use layout::{Layout, PaneState};
pub use measure::{Measure, Reading};
pub use model_command::ModelCommand;
pub use model_state::TrainingState;
pub use notice::{Notice, NoticeLevel, Notices};
pub use open_exam::{OpenExam, PointerState, Proposal};
pub use review::{ReviewStanding, ReviewState};
pub use scoring::{OpenScores, Scoring};
pub use square_region::SquareRegion;
pub use state::{Hands, Job, Session};
pub use tool::{Rules, ShapeSizes, Tool, ToolState};
pub use view_state::{ViewState, Workspace};
