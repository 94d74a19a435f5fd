//! Models that come with the program, learnt from synthetic knees alone (models/README.md says how).

use super::{Card, CheckpointError, Model, checkpoint};
use std::path::PathBuf;

/// A model within the program.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    layer: &'static str,
    card: &'static str,
    weights: &'static [u8],
}

/// All of them.
pub const SHIPPED: [Shipped; 2] = [
    Shipped {
        layer: "marrow",
        card: include_str!("../../models/marrow/card.json"),
        weights: include_bytes!("../../models/marrow/weights.safetensors"),
    },
    Shipped {
        layer: "bone",
        card: include_str!("../../models/bone/card.json"),
        weights: include_bytes!("../../models/bone/weights.safetensors"),
    },
];

impl Shipped {
    /// The model for a layer, if one is shipped.
    #[must_use]
    pub fn for_layer(layer: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.layer == layer)
    }

    /// `marrow` or `bone`.
    #[must_use]
    pub const fn layer(&self) -> &'static str {
        self.layer
    }

    /// What it is called as the parent of what is trained further: `shipped/marrow`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("shipped/{}", self.layer)
    }

    /// The model and its card.
    ///
    /// # Errors
    /// If program and card do not fit together; a test sees to that they do.
    pub fn load(&self) -> Result<(Model, Card), CheckpointError> {
        let path = |file: &str| PathBuf::from("models").join(self.layer).join(file);
        checkpoint::from_bytes(self.card.as_bytes(), self.weights, path)
    }
}
