//! The same core without a window: every sub-command.

pub mod agreement;
mod bench;
mod consensus;
mod convert;
mod demo;
mod driver;
mod evaluate;
mod export;
mod folder_cases;
mod frame_log;
mod import;
mod import_mask;
mod inspect;
mod patterns;
mod place;
mod progress;
mod propose;
pub mod stats;
mod study;
mod train;
mod train_folder;

pub use agreement::{AgreementArgs, run as agreement};
pub use bench::{BenchArgs, run as bench};
pub use consensus::{ConsensusArgs, run as consensus};
pub use convert::{ConvertArgs, run as convert};
pub use demo::{DemoArgs, make_study as make_demo_study, run as demo};
pub use driver::Driver;
pub use evaluate::{EvaluateArgs, run as evaluate};
pub use export::{ExportArgs, run as export};
pub use frame_log::FrameLog;
pub use inspect::{InspectArgs, run as inspect};
pub use place::{DEFAULT_SEED, clock, data_home, require_path, window_threads};
pub use propose::{ProposeArgs, run as propose};
pub use stats::{StatsArgs, run as stats};
pub use study::{StudyCommand, run as study};
pub use train::{TrainArgs, run as train};
