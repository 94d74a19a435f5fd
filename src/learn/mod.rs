//! Learning from readers and proposing labels: a 2-D U-Net that trains on the CPU. No tensor leaves this module.
//!
//! In reading order: what to learn (`spec`), slices (`data`), the net (`kernel`, `conv`, `ops`, `net`), learning
//! (`train`, `optimiser`), proposing (`model`, `uncertainty`), files (`by_hand`, `card`, `tensors`, `checkpoint`,
//! `interchange`), where it runs (`compute`), speed (`bench`).

mod bench;
mod by_hand;
mod card;
pub mod checkpoint;
mod compute;
mod conv;
mod data;
mod error;
mod form;
mod interchange;
#[allow(unsafe_code, reason = "instruction paths; every block says why it is sound")]
mod kernel;
mod learner;
mod model;
mod net;
mod objective;
mod ops;
mod optimiser;
mod plan;
mod shipped;
mod spec;
mod tensors;
mod train;
mod uncertainty;

pub use bench::{BenchError, BenchReport, BenchSetup, Meter, bench_step};
pub use by_hand::by_hand;
pub use card::Card;
pub use checkpoint::CheckpointError;
pub use compute::{Arithmetic, Compute};
pub use data::{Augmentation, Crop, Example, PreparedSlices, Recipe, RecipeStep, Sampler, balanced_weights, learnt_recipe};
pub use error::LearnError;
pub use form::NetForm;
pub use interchange::{ImportError, ImportWish, Imported, export, import};
pub use kernel::InstructionPath;
pub use model::{Model, SlicePrediction};
pub use objective::{LossKind, Objective};
pub use optimiser::OptimiserKind;
pub use plan::Plan;
pub use shipped::{SHIPPED, Shipped};
pub use spec::{CheckedSpec, ModelSpec, NormKind, SpecError};
pub use train::{Rate, StepReport, TrainOptions, Trainer};
pub use uncertainty::SliceDoubt;
