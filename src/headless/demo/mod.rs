//! `osteon demo`: the sample study, and without a window the whole loop on it.

mod hand;
mod packets;
mod pictures;
mod run;
mod scores;
mod tables;

pub use run::{DemoArgs, make_study, run};
