//! Tests of the whole module; those of single files stand in them.

mod common;
mod random;
mod recorder;
mod rows;
