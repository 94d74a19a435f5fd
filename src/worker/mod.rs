//! The only place that starts threads: reading files, writing journals, training, comparing, exporting.

mod atlas;
mod audit;
mod compare;
mod dialog;
mod doubt;
mod exam;
mod export;
mod files;
pub mod folder;
mod hub;
mod import;
mod journal;
mod judge;
mod mask;
mod memory_plan;
pub mod message;
mod operate;
mod packet;
mod propose;
mod report;
mod sample;
mod score;
mod seal;
mod standard;
mod start_from;
mod steady;
mod summary;
mod task;
mod trainer;
mod training_data;
mod training_handle;
mod versions;
mod visits;

pub use hub::{WorkerConfig, Workers};
pub use sample::{SAMPLE_PARTS, SAMPLE_SEED};
pub use start_from::Beginning;
