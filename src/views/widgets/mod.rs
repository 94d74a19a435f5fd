//! The few shapes that the whole window is made of.

mod bar;
mod button;
mod button_row;
mod chip;
mod heading;
mod key_cap;
mod named;
mod row;
mod vas;

pub use bar::{hatched_bar, progress_bar};
pub use button::{ButtonLook, button};
pub use button_row::{button_row, words_row};
pub use chip::chip;
pub use heading::{heading, quiet};
pub use key_cap::{key_cap_size, paint_key_cap};
pub use named::named;
pub use row::{Row, row};
pub use vas::{VasChange, vas};
