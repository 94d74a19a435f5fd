//! Reads against each other: figures of all exams, the maps of one, and a consensus as the beginning of a meeting's read.

mod adopt;
mod exam_maps;
mod figures;
mod reads;
mod rules;
mod study_table;

pub(super) use adopt::adopt;
pub(super) use study_table::compare;
