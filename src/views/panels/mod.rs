//! The panels around the picture, one file each.

mod action_button;
mod exam_list;
mod file_menu;
mod form_panel;
mod histogram;
mod history_panel;
mod layers_panel;
mod model_panel;
mod notices;
mod rule_gauge;
mod rules_panel;
mod side;
mod status;
mod tool_column;
mod tool_options;
mod top_bar;
mod training_length;
mod window_panel;

pub use action_button::{action_button, action_menu_item};
pub use exam_list::exam_list_ui;
pub use form_panel::{FORM_HEIGHT, form_ui};
pub use histogram::HistogramCache;
pub use model_panel::{doubt_key, training_ui};
pub use notices::notices_ui;
pub use side::side_ui;
pub use status::status_ui;
pub use tool_column::{tool_column_ui, width as tool_column_width};
pub use top_bar::top_bar_ui;
pub use training_length::training_length;
