//! Osteon's map, in reading order. No code lives here.

pub mod space;
pub mod volume;

pub mod edit;
pub mod io;

pub mod agreement;
pub mod consensus;
pub mod learn;
pub mod phantom;

pub mod study;

pub mod report;
pub mod worker;

pub mod session;

pub mod gpu;
pub mod views;

pub mod app;
pub mod headless;
