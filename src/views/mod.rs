//! The window's contents: panels that read the session and push commands, and never change anything themselves.
//!
//! [`Views`] holds only what drawing needs to remember. [`ACTIONS`] is the one table behind menu, palette, keys and help.

mod actions;
mod facts;
mod pages;
mod panels;
mod picture;
mod root;
mod tally;
pub mod theme;
mod turns;
mod widgets;

pub use actions::{ACTIONS, Action, Group};
pub use picture::Place;
pub use root::Views;
pub use turns::Turns;
