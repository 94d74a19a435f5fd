//! Names for widgets that have no words of their own.

use egui::Response;

/// Names a widget for assistive technology without a label beside it.
#[must_use]
pub fn named(response: Response, name: &str) -> Response {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
    response
}
